#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "datasets/image.h"

namespace espalier::datasets {

/// Decodes a JPEG stream (ITU-T T.81) byte for byte as Pillow does: accurate integer DCT, fancy upsampling,
/// CMYK by Adobe's inverted convention converted to RGB. Grey streams give 1 channel.
/// Throws Error naming `name` when the stream is truncated or corrupt. Recoverable oddities between segments
/// (extraneous bytes) are accepted.
Image decode_jpeg(std::span<const std::byte> bytes, const std::string& name);

}  // namespace espalier::datasets
