#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// A matrix [rows][columns] as u8 codes, dense, of which each row has an affine map of its own.
struct RowCodes {
    std::uint8_t* codes = nullptr;
    Affine* affines = nullptr;

    /// The part that begins `rows` rows further on.
    RowCodes at(std::int64_t rows, std::int64_t columns) const {
        return {codes + rows * columns, affines + rows};
    }
};

/// Bytes from the codes of a matrix to its maps, which lie behind them in one block of memory.
inline std::size_t row_maps_offset(std::int64_t rows, std::int64_t columns) {
    constexpr std::size_t kAlignment = 64;
    return (static_cast<std::size_t>(rows * columns) + kAlignment - 1) / kAlignment * kAlignment;
}

/// Size of that block.
inline std::size_t row_codes_bytes(std::int64_t rows, std::int64_t columns) {
    return row_maps_offset(rows, columns) + static_cast<std::size_t>(rows) * sizeof(Affine);
}

/// The matrix that lies in such a block, which is aligned to 4 bytes.
inline RowCodes row_codes_at(std::byte* block, std::int64_t rows, std::int64_t columns) {
    return {reinterpret_cast<std::uint8_t*>(block),
            reinterpret_cast<Affine*>(block + row_maps_offset(rows, columns))};
}

}  // namespace espalier::kernels
