#pragma once

// Included by one source file per instruction set, which the compiler vectorizes for that set. Everything has
// internal linkage so that no copy compiled for a newer processor is shared with the others by the linker.

#include "datasets/resize_rows.h"

namespace espalier::datasets {
namespace {

template <int lanes>
void weigh(const std::uint8_t* in, std::ptrdiff_t stride, const std::int32_t* weights, int taps,
           std::uint8_t* out) {
    std::int32_t sums[lanes];
    for (int j = 0; j < lanes; ++j) sums[j] = 1 << (kWeightBits - 1);
    for (int t = 0; t < taps; ++t) {
        const std::uint8_t* p = in + t * stride;
        const std::int32_t weight = weights[t];
        for (int j = 0; j < lanes; ++j) sums[j] += weight * p[j];
    }
    for (int j = 0; j < lanes; ++j) {
        std::int32_t value = sums[j] >> kWeightBits;
        value = value < 0 ? 0 : value;
        out[j] = static_cast<std::uint8_t>(value > 255 ? 255 : value);
    }
}

/// out = a[0] b[0] a[1] b[1] ...
template <int count>
void zip(const std::uint8_t* __restrict a, const std::uint8_t* __restrict b, std::uint8_t* __restrict out) {
    for (int i = 0; i < count; ++i) {
        out[2 * i] = a[i];
        out[2 * i + 1] = b[i];
    }
}

/// The inverse of zip.
template <int count>
void unzip(const std::uint8_t* __restrict in, std::uint8_t* __restrict a, std::uint8_t* __restrict b) {
    for (int i = 0; i < count; ++i) {
        a[i] = in[2 * i];
        b[i] = in[2 * i + 1];
    }
}

constexpr int kTile = 64;

/// Transposes kBandRows x kTile bytes by four rounds of zipping rows r and r + half, which vectorizes where a
/// plain transpose does not.
void interleave_tile(const std::uint8_t* const* rows, int at, std::uint8_t* band) {
    std::uint8_t pairs[8 * 2 * kTile], fours[4 * 4 * kTile], eights[2 * 8 * kTile];
    for (int r = 0; r < 8; ++r) zip<kTile>(rows[r] + at, rows[r + 8] + at, pairs + r * 2 * kTile);
    for (int r = 0; r < 4; ++r) {
        zip<2 * kTile>(pairs + r * 2 * kTile, pairs + (r + 4) * 2 * kTile, fours + r * 4 * kTile);
    }
    for (int r = 0; r < 2; ++r) {
        zip<4 * kTile>(fours + r * 4 * kTile, fours + (r + 2) * 4 * kTile, eights + r * 8 * kTile);
    }
    zip<8 * kTile>(eights, eights + 8 * kTile, band + at * kBandRows);
}

void separate_tile(const std::uint8_t* band, int at, std::uint8_t* const* rows) {
    std::uint8_t pairs[8 * 2 * kTile], fours[4 * 4 * kTile], eights[2 * 8 * kTile];
    unzip<8 * kTile>(band + at * kBandRows, eights, eights + 8 * kTile);
    for (int r = 0; r < 2; ++r) {
        unzip<4 * kTile>(eights + r * 8 * kTile, fours + r * 4 * kTile, fours + (r + 2) * 4 * kTile);
    }
    for (int r = 0; r < 4; ++r) {
        unzip<2 * kTile>(fours + r * 4 * kTile, pairs + r * 2 * kTile, pairs + (r + 4) * 2 * kTile);
    }
    for (int r = 0; r < 8; ++r) unzip<kTile>(pairs + r * 2 * kTile, rows[r] + at, rows[r + 8] + at);
}

void interleave(const std::uint8_t* const* rows, int count, std::uint8_t* band) {
    int at = 0;
    for (; at + kTile <= count; at += kTile) interleave_tile(rows, at, band);
    for (; at < count; ++at) {
        for (int r = 0; r < kBandRows; ++r) band[at * kBandRows + r] = rows[r][at];
    }
}

void separate(const std::uint8_t* band, int count, std::uint8_t* const* rows) {
    int at = 0;
    for (; at + kTile <= count; at += kTile) separate_tile(band, at, rows);
    for (; at < count; ++at) {
        for (int r = 0; r < kBandRows; ++r) rows[r][at] = band[at * kBandRows + r];
    }
}

constexpr RowKernels kLoops{weigh<16>, weigh<48>, interleave, separate};

}  // namespace
}  // namespace espalier::datasets
