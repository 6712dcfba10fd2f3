#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"
#include "base/log.h"
#include "datasets/class_names.h"
#include "datasets/file_dataset.h"
#include "datasets/readers.h"

namespace espalier::datasets {
namespace {

namespace fs = std::filesystem;

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_image(const fs::path& path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::vector<std::string> class_folders(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_directory() && !hidden(entry.path())) names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

struct Files {
    std::vector<std::string> images;
    std::string other;  ///< one of the files that are left out
    std::int64_t others = 0;
};

void collect(const fs::path& root, const std::string& class_folder, Files& files) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root / class_folder)) {
        if (!entry.is_regular_file() || hidden(entry.path())) continue;
        if (is_image(entry.path())) {
            found.push_back(entry.path().lexically_relative(root).generic_string());
        } else {
            files.other = entry.path().string();
            ++files.others;
        }
    }
    std::ranges::sort(found);
    files.images = std::move(found);
}

}  // namespace

std::unique_ptr<Dataset> open_image_folder(const fs::path& folder, const std::vector<std::string>& labels) {
    const std::vector<std::string> folders = class_folders(folder);
    if (folders.empty()) {
        fail_usage(
            "{} holds no class folders, no labels.csv, no CIFAR-10 and no IDX file: nothing to read images "
            "from",
            folder.string());
    }
    std::vector<std::string> used;
    std::vector<std::vector<std::string>> images;
    Files files;
    for (const std::string& name : folders) {
        collect(folder, name, files);
        if (files.images.empty()) continue;
        used.push_back(name);
        images.push_back(std::move(files.images));
    }
    if (used.empty()) {
        fail_usage("{} has {} folders, but none of them holds a .jpg, .jpeg or .png image", folder.string(),
                   folders.size());
    }
    if (files.others > 0) {
        log::warn("{}: {} files that are not .jpg, .jpeg or .png are left out, such as {}", folder.string(),
                  files.others, files.other);
    }
    const std::vector<int> classes = match_classes(used, labels, folder.string());
    std::vector<FileDataset::Entry> entries;
    for (std::size_t i = 0; i < used.size(); ++i) {
        for (std::string& image : images[i]) entries.push_back({std::move(image), classes[i]});
    }
    return std::make_unique<FileDataset>("imagefolder", folder, std::move(entries), labels);
}

}  // namespace espalier::datasets
