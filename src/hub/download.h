#pragma once

#include <functional>

#include "hub/client.h"
#include "hub/directory.h"

namespace espalier::hub {

/// Told how many bytes of the file are there, now and then; may fall back when a download begins again.
using BytesArrived = std::function<void(std::int64_t bytes)>;

/// Brings one file's content among `blobs`, complete and verified, unless it is there. Goes on from what an
/// earlier download left. The caller holds the blob's lock. Throws Error when it cannot be had, is not what
/// the Hub says it is, or cannot be written.
void download_blob(Client& client, const Reference& reference, const RemoteFile& file, const Directory& blobs,
                   const BytesArrived& arrived);

}  // namespace espalier::hub
