#pragma once

#include <cstdint>

namespace espalier::kernels {

/// The affine map of a quantized value: real = scale * (quantized - zero_point).
struct Affine {
    float scale = 1;
    std::int32_t zero_point = 0;

    bool operator==(const Affine&) const = default;
};

/// Smallest and largest value of some data. {0, 0} for none.
struct Range {
    float min = 0;
    float max = 0;
};

/// The u8 map of a range after widening it to include 0: scale = (max - min) / 255, zero_point = the nearest
/// code of 0, so that 0 is exact. Any input is allowed: infinities are cut to the largest float, NaN counts
/// as 0, an empty range gives scale 1, and the scale never falls below the smallest normal float.
Affine choose_affine_u8(Range range);

/// The map that torch.ao's fbgemm engine chooses for a dynamically quantized activation
/// (ChooseQuantizationParams with reduce_range): codes 0..127, scale in double precision and at least 6.1e-5,
/// the zero point taken from the end of the range whose code is nearer to exact.
Affine choose_qparams_reduce_range(Range range);

}  // namespace espalier::kernels
