#include "hub/placement.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "hub/cache.h"
#include "hub/choose.h"
#include "hub/lock.h"

namespace espalier::hub {
namespace {

namespace fs = std::filesystem;

/// Lets backup programs pass the cache over (bford.info/cachedir).
constexpr const char* kCacheTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of models from the Hub; what it holds can be downloaded again.\n";

struct SplitPath {
    std::string folder;  ///< empty at the top
    std::string name;
};

SplitPath split(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

/// A link's text from snapshots/COMMIT/`path` to the blob.
std::string link_to_blob(const std::string& path, const std::string& etag) {
    std::string text = "../../blobs/" + etag;
    for (const char c : path) {
        if (c == '/') text.insert(0, "../");
    }
    return text;
}

}  // namespace

Placement::Placement(const Settings& settings, const Reference& reference, const std::string& commit)
    : settings_(settings), reference_(reference), commit_(commit) {}

bool Placement::holds(const RemoteFile& file) const {
    const fs::path repository = repository_folder(settings_, reference_);
    const fs::path pointer = repository / "snapshots" / commit_ / file.path;
    std::error_code problem;
    const bool is_link = fs::is_symlink(pointer, problem);
    if (is_link && !fs::equivalent(pointer, repository / "blobs" / file.etag, problem)) return false;
    if (!fs::is_regular_file(pointer, problem)) return false;
    return static_cast<std::int64_t>(fs::file_size(pointer, problem)) == file.bytes && !problem;
}

const Directory& Placement::repository() {
    if (!repository_) {
        root_ = Directory::root(settings_.cache);
        if (!root_->file_size("CACHEDIR.TAG")) root_->write("CACHEDIR.TAG", kCacheTag);
        repository_ = root_->make(folder_name(reference_));
    }
    return *repository_;
}

void Placement::bring(Client& client, const RemoteFile& file, const BytesArrived& arrived) {
    const Directory blobs = repository().make("blobs");
    const Directory locks = root_->make(".locks/" + folder_name(reference_));
    const Lock lock(locks, file.etag + ".lock", settings_.pause);
    // Somebody else may have brought it while we waited.
    if (holds(file)) return;
    download_blob(client, reference_, file, blobs, arrived);
    place(file, blobs);
}

void Placement::place(const RemoteFile& file, const Directory& blobs) {
    const SplitPath path = split(file.path);
    Directory folder = repository().make("snapshots/" + commit_);
    if (!path.folder.empty()) folder = folder.make(path.folder);
    if (settings_.symlinks && folder.link(path.name, link_to_blob(file.path, file.etag))) return;
    folder.take(blobs, file.etag, path.name);
}

void Placement::conclude(const std::vector<std::string>& names) {
    if (repository_) return write_marks(names);
    try {
        write_marks(names);
    } catch (const Error& error) {
        log::debug("{}", error.what());
    }
}

void Placement::write_marks(const std::vector<std::string>& names) {
    if (cached_commit(settings_, reference_) != commit_) {
        const SplitPath ref = split("refs/" + reference_.revision);
        repository().make(ref.folder).write(ref.name, commit_);
    }
    if (std::find(names.begin(), names.end(), kProcessorFile) != names.end()) return;
    const Directory absent = repository().make(".no_exist/" + commit_);
    if (!absent.file_size(kProcessorFile)) absent.write(kProcessorFile, "");
}

}  // namespace espalier::hub
