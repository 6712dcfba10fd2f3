#include "hub/fetch.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/log.h"
#include "hub/cache.h"
#include "hub/choose.h"
#include "hub/client.h"
#include "hub/placement.h"
#include "hub/printable.h"

namespace espalier::hub {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const Listing& listing) {
    std::vector<std::string> names;
    for (const ListedFile& file : listing.files) names.push_back(file.path);
    return names;
}

[[noreturn]] void reject_contents(const Reference& reference, std::vector<std::string> names) {
    constexpr std::size_t kShown = 10;
    const std::size_t count = names.size();
    names.resize(std::min(count, kShown));
    const std::string shown = printable(fmt::format("{}", fmt::join(names, ", ")));
    fail("{} holds no weights that can be loaded (safetensors, pytorch_model.bin, model.onnx), but {}{}",
         reference.str(), shown, count > kShown ? ", ..." : "");
}

/// The names that are wanted, all of them safe.
std::vector<std::string> wanted(const Listing& listing, const Reference& reference,
                                const FetchOptions& options) {
    const auto names = names_of(listing);
    std::vector<std::string> result;
    if (options.include.empty()) {
        const Choice choice = choose_files(names);
        if (choice.weights.empty()) reject_contents(reference, names);
        result = choice.settings;
        result.insert(result.end(), choice.weights.begin(), choice.weights.end());
    } else {
        result = matching(names, options.include);
        if (result.empty()) fail("{} holds no file that matches --include", reference.str());
    }
    for (const std::string& name : result) check_file_name(name);
    return result;
}

std::vector<RemoteFile> look_up_all(Client& client, const Reference& reference, const Listing& listing,
                                    const std::vector<std::string>& names) {
    std::vector<RemoteFile> files;
    for (const ListedFile& file : listing.files) {
        if (std::find(names.begin(), names.end(), file.path) == names.end()) continue;
        files.push_back(client.look_up(reference, listing.commit, file));
    }
    return files;
}

/// Tells the caller how far the whole is, from how far one file is.
class Tally {
  public:
    Tally(const FetchOptions& options, std::int64_t total) : options_(options), total_(total) {}

    BytesArrived of(const std::string& file) {
        return [this, file](std::int64_t bytes) {
            if (options_.progress) options_.progress({file, before_ + bytes, total_});
        };
    }
    void add(std::int64_t bytes) { before_ += bytes; }

  private:
    const FetchOptions& options_;
    std::int64_t before_ = 0;
    std::int64_t total_;
};

Snapshot snapshot_of(const CachedModel& cached) {
    Snapshot snapshot{cached.folder, cached.commit, {}};
    for (const std::string& file : cached.files) {
        snapshot.files.push_back(
            {file, static_cast<std::int64_t>(fs::file_size(cached.folder / file)), true});
    }
    return snapshot;
}

Snapshot offline_snapshot(const Settings& settings, const Reference& reference, const FetchOptions& options) {
    if (!options.include.empty()) fail_usage("--include needs the network, to know which files there are");
    const auto cached = find_cached(settings, reference);
    if (!cached) {
        fail(
            "{} is not in the cache ({}), and the network is not to be used; where there is one, run: "
            "espalier fetch {}",
            reference.str(), settings.cache.string(), reference.str());
    }
    return snapshot_of(*cached);
}

Snapshot fetch_online(const Settings& settings, const Reference& reference, const FetchOptions& options) {
    Client client(settings);
    log::info("asking {} for {}", settings.endpoint, reference.str());
    const Listing listing = client.list(reference);
    const auto remote = look_up_all(client, reference, listing, wanted(listing, reference, options));
    Placement placement(settings, reference, listing.commit);
    Snapshot snapshot{
        repository_folder(settings, reference) / "snapshots" / listing.commit, listing.commit, {}};
    for (const RemoteFile& file : remote) {
        snapshot.files.push_back({file.path, file.bytes, placement.holds(file)});
    }
    if (options.dry_run) return snapshot;
    Tally tally(options, snapshot.bytes());
    for (std::size_t i = 0; i < remote.size(); ++i) {
        if (!snapshot.files[i].cached) placement.bring(client, remote[i], tally.of(remote[i].path));
        tally.add(remote[i].bytes);
    }
    placement.conclude(names_of(listing));
    return snapshot;
}

}  // namespace

std::int64_t Snapshot::bytes() const {
    return std::accumulate(files.begin(), files.end(), std::int64_t{0},
                           [](std::int64_t sum, const FetchedFile& file) { return sum + file.bytes; });
}

std::int64_t Snapshot::missing_bytes() const {
    return std::accumulate(
        files.begin(), files.end(), std::int64_t{0},
        [](std::int64_t sum, const FetchedFile& file) { return sum + (file.cached ? 0 : file.bytes); });
}

Snapshot fetch(const Settings& settings, const Reference& reference, const FetchOptions& options) {
    if (settings.offline) return offline_snapshot(settings, reference, options);
    if (is_commit(reference.revision) && options.include.empty()) {
        // A commit never changes.
        const auto cached = find_cached(settings, reference);
        if (cached && cached->processor_known) return snapshot_of(*cached);
    }
    return fetch_online(settings, reference, options);
}

}  // namespace espalier::hub
