#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hub/reference.h"
#include "hub/settings.h"

namespace espalier::hub {

/// One file of a snapshot.
struct FetchedFile {
    std::string path;
    std::int64_t bytes = 0;
    bool cached = false;  ///< it was there before
};

/// A revision of a model in the cache, or what it would be.
struct Snapshot {
    std::filesystem::path folder;
    std::string commit;
    std::vector<FetchedFile> files;

    std::int64_t bytes() const;          ///< of all files
    std::int64_t missing_bytes() const;  ///< of those that were not there before
};

/// How far a fetch is, over all its files.
struct FetchProgress {
    std::string file;       ///< the one that is arriving
    std::int64_t done = 0;  ///< bytes that are there
    std::int64_t total = 0;
};

struct FetchOptions {
    std::vector<std::string> include;  ///< patterns of the files; empty: what a classifier needs
    bool dry_run = false;              ///< only ask; write nothing
    std::function<void(const FetchProgress&)> progress;  ///< may be empty
};

/// Brings a model into the cache, as huggingface_hub would: each file verified, then linked into the
/// snapshot, and the revision's name last, so that an interrupted fetch leaves what was usable before usable.
/// What is there already is not downloaded again; a commit that is complete needs no network. Throws Error as
/// Client does, when offline, when nothing of the repository is wanted, or when the cache cannot be written.
Snapshot fetch(const Settings& settings, const Reference& reference, const FetchOptions& options);

}  // namespace espalier::hub
