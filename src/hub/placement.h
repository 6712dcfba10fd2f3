#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hub/client.h"
#include "hub/directory.h"
#include "hub/download.h"

namespace espalier::hub {

/// Puts the files of one commit into the cache, in huggingface_hub's layout: content among blobs/, links in
/// snapshots/COMMIT/, the revision's name in refs/. Folders are made when the first file needs them, so that
/// what is complete can lie in a cache that cannot be written.
class Placement {
  public:
    Placement(const Settings& settings, const Reference& reference, const std::string& commit);

    /// Whether the snapshot leads to that content; decided by name and size, without reading it.
    bool holds(const RemoteFile& file) const;

    /// Downloads the content unless it is there, and links it into the snapshot.
    void bring(Client& client, const RemoteFile& file, const BytesArrived& arrived);

    /// Writes what the revision stands for, and that the processor's file is absent where it is. In a cache
    /// that cannot be written this is given up silently: everything else is there.
    void conclude(const std::vector<std::string>& names);

  private:
    const Directory& repository();
    void place(const RemoteFile& file, const Directory& blobs);
    void write_marks(const std::vector<std::string>& names);

    const Settings& settings_;
    const Reference& reference_;
    std::string commit_;
    std::optional<Directory> root_;
    std::optional<Directory> repository_;
};

}  // namespace espalier::hub
