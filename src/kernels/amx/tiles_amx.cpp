#include <immintrin.h>

#include <new>

#include "kernels/amx/tiles.h"

namespace espalier::kernels {
namespace {

/// The operand of ldtilecfg (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2).
struct alignas(64) TileConfiguration {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};

    constexpr TileConfiguration() {
        for (int i = 0; i < 8; ++i) {
            row_bytes[i] = kAmxRowBytes;
            rows[i] = kAmxRows;
        }
    }
};

/// A copied row begins a cache line after the end of the one before: rows a power of two apart would share
/// the sets of the first cache.
std::int64_t copied_stride(std::int64_t depth) { return depth + kAmxRowBytes; }

/// Copies `bytes` bytes and fills up with zeros to a multiple of 64, which may be overwritten.
void copy_padded(const std::byte* from, std::int64_t bytes, std::byte* to) {
    std::int64_t i = 0;
    for (; i + 64 <= bytes; i += 64) _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
    if (i == bytes) return;
    const __mmask64 rest = (std::uint64_t{1} << (bytes - i)) - 1;
    _mm512_storeu_si512(to + i, _mm512_maskz_loadu_epi8(rest, from + i));
}

/// The distance of rows that have the same from each to the next, or 0.
std::int64_t even_stride(const void* const* rows, int count) {
    const auto address = [&](int i) { return reinterpret_cast<std::intptr_t>(rows[i]); };
    const std::int64_t stride = address(1) - address(0);
    for (int i = 2; i < count; ++i) {
        if (address(i) - address(i - 1) != stride) return 0;
    }
    return stride;
}

}  // namespace

void set_up_amx() {
    static constexpr TileConfiguration kConfiguration;
    _tile_loadconfig(&kConfiguration);
}

void release_amx() { _tile_release(); }

std::size_t amx_rows_bytes(std::int64_t taps, std::int64_t tap_bytes, int rows) {
    return static_cast<std::size_t>(kAmxRowBytes + rows * copied_stride(AmxRows::depth(taps, tap_bytes)));
}

void prepare_amx_rows(const void* const* rows, std::int64_t taps, std::int64_t tap_bytes, int count,
                      void* to) {
    const std::int64_t depth = AmxRows::depth(taps, tap_bytes);
    if (taps == 1 && tap_bytes == depth && count % kAmxRows == 0) {
        if (const std::int64_t stride = even_stride(rows, count)) {
            new (to) AmxRows{static_cast<const std::byte*>(rows[0]), stride};
            return;
        }
    }
    std::byte* copy = static_cast<std::byte*>(to) + kAmxRowBytes;
    const std::int64_t stride = copied_stride(depth), tap_depth = (tap_bytes + 3) / 4 * 4;
    new (to) AmxRows{copy, stride};
    for (int i = 0; i < count; ++i, copy += stride) {
        std::byte* tap = copy;
        for (std::int64_t t = 0; t < taps; ++t, tap += tap_depth) {
            copy_padded(static_cast<const std::byte*>(rows[t * count + i]), tap_bytes, tap);
        }
        // What lies between the last tap and the end of the row.
        _mm512_storeu_si512(tap, _mm512_setzero_si512());
    }
}

}  // namespace espalier::kernels
