#pragma once

#include <cstddef>
#include <span>

namespace espalier::datasets {

/// Orientation (tag 274 of IFD 0) of a TIFF block as EXIF 2.32 embeds it, in either byte order; the
/// "Exif\0\0" prefix may be present. 1, "upright", when the block is malformed or has no such tag.
int exif_orientation(std::span<const std::byte> exif);

/// Orientation of a JPEG stream, from its first APP1 segment that starts with "Exif\0\0"; 1 where there is
/// none.
int jpeg_orientation(std::span<const std::byte> jpeg);

}  // namespace espalier::datasets
