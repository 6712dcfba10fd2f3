#pragma once

#include <cstddef>
#include <cstdint>

namespace espalier::datasets {

/// Rows that the horizontal pass filters together; they lie side by side in an interleaved band.
inline constexpr int kBandRows = 16;

/// Bytes of one filtered block of a vertical pass. Rows of its input and output are padded to a multiple of
/// it.
inline constexpr int kBlockBytes = 48;

/// Fractional bits of filter weights, as in Pillow's 8-bit resampling.
inline constexpr int kWeightBits = 22;

/// The inner loops of resizing for one instruction set. All integer, so every set gives the same bytes.
///   weigh:      out[j] = clip8((2^21 + sum_t weights[t] * in[t * stride + j]) >> 22), t < taps, j < L
struct RowKernels {
    /// weigh with L = 16: one pixel of a grey band.
    void (*weigh_16)(const std::uint8_t* in, std::ptrdiff_t stride, const std::int32_t* weights, int taps,
                     std::uint8_t* out);
    /// weigh with L = 48: one pixel of an RGB band, or kBlockBytes of a row.
    void (*weigh_48)(const std::uint8_t* in, std::ptrdiff_t stride, const std::int32_t* weights, int taps,
                     std::uint8_t* out);
    /// band[i * 16 + r] = rows[r][i] for i < count.
    void (*interleave)(const std::uint8_t* const* rows, int count, std::uint8_t* band);
    /// rows[r][i] = band[i * 16 + r] for i < count.
    void (*separate)(const std::uint8_t* band, int count, std::uint8_t* const* rows);
};

extern const RowKernels kRowsPortable;
extern const RowKernels kRowsAvx2;
extern const RowKernels kRowsAvx512;

/// The kernels for this processor.
const RowKernels& row_kernels();

}  // namespace espalier::datasets
