#include "runtimes/worker/exchange.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/version.h"
#include "models/architecture.h"
#include "models/checkpoint.h"
#include "models/folder.h"
#include "models/save_onnx.h"

namespace espalier::runtimes {

namespace fs = std::filesystem;

bool is_hub_folder(const fs::path& model) {
    if (!fs::is_directory(model)) return false;
    const auto folder = models::Folder::open(model);
    return !folder.has(models::kExportFile) && models::has_checkpoint(folder) &&
           models::find_architecture(folder.model_type()) != nullptr;
}

std::optional<fs::path> onnx_file(const fs::path& model) {
    if (fs::is_regular_file(model) && model.extension() == ".onnx") return model;
    for (const char* file : {models::kOnnxFile, models::kNestedOnnxFile}) {
        if (fs::is_regular_file(model / file)) return model / file;
    }
    return std::nullopt;
}

fs::path exchange_path(Exchange form, const fs::path& cache, const std::string& sha256) {
    const char* ending = form == Exchange::kOnnx ? ".onnx" : "";
    return cache / fmt::format("{}-{}{}", sha256.substr(0, 16), kVersion, ending);
}

fs::path write_exchange(Exchange form, const models::Model& model, const fs::path& cache) {
    const fs::path path = exchange_path(form, cache, model.sha256);
    if (fs::exists(path)) return path;
    std::error_code problem;
    fs::create_directories(cache, problem);
    if (problem) fail("cannot make the folder {}: {}", cache.string(), problem.message());
    const nlohmann::json provenance = {{"made_by", std::string("espalier ") + kVersion},
                                       {"tactic", "baseline"}};
    if (form == Exchange::kOnnx) {
        models::save_onnx_file(model, provenance, path);
    } else {
        models::save_model(model, provenance, path);
    }
    return path;
}

void remove_exchange(const fs::path& cache, const std::string& sha256) {
    std::error_code ignored;
    const fs::path file = exchange_path(Exchange::kOnnx, cache, sha256);
    fs::remove(file, ignored);
    fs::remove(file.string() + ".data", ignored);
    fs::remove_all(exchange_path(Exchange::kFolder, cache, sha256), ignored);
}

}  // namespace espalier::runtimes
