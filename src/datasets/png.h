#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "datasets/image.h"

namespace espalier::datasets {

/// Decodes a PNG stream (W3C PNG, second edition) to what Pillow's convert("RGB") gives, or to 1 channel for
/// grey streams: palettes are looked up, 1-, 2- and 4-bit grey is stretched, 16-bit colour keeps its high
/// bytes, alpha and transparent colours are dropped, gamma is ignored. An eXIf orientation is applied. Throws
/// Error naming `name` when the stream is truncated or corrupt, and for 16-bit grey without alpha, which
/// Pillow would clip at 255.
Image decode_png(std::span<const std::byte> bytes, const std::string& name);

}  // namespace espalier::datasets
