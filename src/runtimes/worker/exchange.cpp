#include "runtimes/worker/exchange.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/version.h"
#include "models/checkpoint.h"
#include "models/folder.h"
#include "models/save_onnx.h"

namespace espalier::runtimes {

namespace fs = std::filesystem;

std::optional<fs::path> hub_folder(const fs::path& model) {
    if (!fs::is_directory(model)) return std::nullopt;
    const auto folder = models::Folder::open(model);
    if (folder.has(models::kExportFile) || !folder.has(models::kConfigFile) ||
        !models::has_checkpoint(folder)) {
        return std::nullopt;
    }
    return folder.path;
}

std::optional<fs::path> onnx_file(const fs::path& model) {
    if (fs::is_regular_file(model) && model.extension() == ".onnx") return model;
    for (const char* file : {models::kOnnxFile, models::kNestedOnnxFile}) {
        if (fs::is_regular_file(model / file)) return model / file;
    }
    return std::nullopt;
}

fs::path exchange_file(const fs::path& cache, const std::string& sha256) {
    return cache / fmt::format("{}-{}.onnx", sha256.substr(0, 16), kVersion);
}

fs::path write_exchange(const models::Model& model, const fs::path& cache) {
    const fs::path file = exchange_file(cache, model.sha256);
    if (fs::exists(file)) return file;
    std::error_code problem;
    fs::create_directories(cache, problem);
    if (problem) fail("cannot make the folder {}: {}", cache.string(), problem.message());
    models::save_onnx_file(model, {{"made_by", std::string("espalier ") + kVersion}, {"tactic", "baseline"}},
                           file);
    return file;
}

void remove_exchange(const fs::path& cache, const std::string& sha256) {
    std::error_code ignored;
    const fs::path file = exchange_file(cache, sha256);
    fs::remove(file, ignored);
    fs::remove(file.string() + ".data", ignored);
}

}  // namespace espalier::runtimes
