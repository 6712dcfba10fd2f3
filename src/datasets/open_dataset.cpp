#include <algorithm>

#include "base/error.h"
#include "datasets/dataset.h"
#include "datasets/readers.h"

namespace espalier::datasets {
namespace {

namespace fs = std::filesystem;

bool names_idx_images(const fs::path& path) {
    const std::string name = path.filename().string();
    return name.find("idx3") != std::string::npos && path.extension() != ".gz";
}

std::unique_ptr<Dataset> open_file(const fs::path& path, const std::vector<std::string>& labels) {
    if (path.extension() == ".csv") return open_csv(path, labels);
    if (path.extension() == ".bin") return open_cifar10(path, labels);
    if (names_idx_images(path)) return open_idx(path, labels);
    fail_usage(
        "{} is no data set: expected is a folder of class folders, a .csv manifest (file,class_index), a "
        "CIFAR-10 .bin or an IDX file (*idx3-ubyte)",
        path.string());
}

/// The one file directly inside `folder` that `wanted` accepts; empty where there is none.
template <typename Wanted>
fs::path only_file(const fs::path& folder, const char* what, Wanted&& wanted) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file() && wanted(entry.path())) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    if (found.size() > 1) {
        fail_usage("{} holds {} {} files; name one of them, such as {}", folder.string(), found.size(), what,
                   found.back().string());
    }
    return found.empty() ? fs::path() : found.front();
}

std::unique_ptr<Dataset> open_folder(const fs::path& folder, const std::vector<std::string>& labels) {
    if (fs::is_regular_file(folder / "labels.csv")) return open_csv(folder / "labels.csv", labels);
    const fs::path idx = only_file(folder, "IDX image", names_idx_images);
    if (!idx.empty()) return open_idx(idx, labels);
    const fs::path bin =
        only_file(folder, "CIFAR-10", [](const fs::path& path) { return path.extension() == ".bin"; });
    if (!bin.empty()) return open_cifar10(bin, labels);
    return open_image_folder(folder, labels);
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const fs::path& path, const std::vector<std::string>& labels) {
    if (labels.empty()) fail("{} cannot be read without the labels of a model", path.string());
    try {
        const fs::file_status status = fs::status(path);
        if (!fs::exists(status)) fail_usage("there is no data set at {}", path.string());
        return fs::is_directory(status) ? open_folder(path, labels) : open_file(path, labels);
    } catch (const fs::filesystem_error& problem) {
        fail_usage("{} cannot be read: {}", path.string(), problem.code().message());
    }
}

}  // namespace espalier::datasets
