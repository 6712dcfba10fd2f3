#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>

namespace espalier::formats::pytorch {

/// Where the content of each entry lies in the archive.
using ZipEntries = std::map<std::string, std::span<const std::byte>, std::less<>>;

/// Reads the directory of a ZIP archive, with its 64-bit form (PKWARE APPNOTE 6.3.10, sections 4.3
/// and 4.5.3).
///
/// Strict: every entry is stored as it is (torch.save never compresses, so nothing can unpack to more than
/// the file holds), none is encrypted, names are unique and stay inside, both headers of an entry agree on
/// its name, its content lies before the directory, and the 32-bit and 64-bit fields say the same. Checksums
/// are not compared: torch may leave them out, and they would read every byte. Throws Error naming `source`.
ZipEntries read_zip(std::span<const std::byte> archive, const std::string& source);

}  // namespace espalier::formats::pytorch
