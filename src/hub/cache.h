#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hub/reference.h"
#include "hub/settings.h"

namespace espalier::hub {

/// A revision in the cache that holds everything a classifier needs.
struct CachedModel {
    std::filesystem::path folder;  ///< .../snapshots/COMMIT
    std::string commit;
    std::vector<std::string> files;  ///< those that a classifier needs
    /// Whether the processor's file is there or known to be absent from the repository. Where neither, the
    /// cache was filled by something that had no use for it.
    bool processor_known = false;
};

/// Where the repository lies in the cache.
std::filesystem::path repository_folder(const Settings& settings, const Reference& reference);

/// The commit that a revision stood for when it was last looked up; a commit is itself.
std::optional<std::string> cached_commit(const Settings& settings, const Reference& reference);

/// Finds a model without the network, and writes nothing. None where the revision is unknown or something of
/// it is missing: config.json, the weights, a shard that the index names.
std::optional<CachedModel> find_cached(const Settings& settings, const Reference& reference);

}  // namespace espalier::hub
