#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu_features.h"

namespace espalier::kernels {

/// Rows of a tile register, each of kAmxRowBytes. A product takes as long when fewer of them matter: on
/// Sapphire Rapids 16 cycles, and setting up registers of another size takes as long as ten products.
inline constexpr int kAmxRows = 16;
inline constexpr std::int64_t kAmxRowBytes = 64;

/// Sets up the calling thread's eight tile registers, all of the full size. The processor must have AMX, and
/// best_isa() must have been called.
void set_up_amx();
/// Gives them up: a thread that holds tiles keeps its core from sleeping deeply, and takes longer to be
/// switched.
void release_amx();

/// Tile registers for the calling thread as long as it lives, where `isa` has them.
class AmxSession {
  public:
    explicit AmxSession(Isa isa) : has_tiles_(isa >= Isa::kAmx) {
        if (has_tiles_) set_up_amx();
    }
    ~AmxSession() {
        if (has_tiles_) release_amx();
    }
    AmxSession(const AmxSession&) = delete;
    AmxSession& operator=(const AmxSession&) = delete;

  private:
    bool has_tiles_;
};

/// The left rows of a product as tile registers load them: the bytes of all taps one after another, each tap
/// padded with zeros to a multiple of 4, all of it to one of kAmxRowBytes.
struct AmxRows {
    const std::byte* first;
    std::int64_t stride;  ///< bytes from row to row

    /// Bytes of a row that are multiplied.
    static std::int64_t depth(std::int64_t taps, std::int64_t tap_bytes) {
        const std::int64_t bytes = taps * ((tap_bytes + 3) / 4 * 4);
        return (bytes + kAmxRowBytes - 1) / kAmxRowBytes * kAmxRowBytes;
    }
};

/// What is read after a panel, which the tiles that multiply it fetch into the level 2 cache in equal parts:
/// weights come from memory, and else the first tile waits for them.
struct AmxAhead {
    const std::byte* begin = nullptr;
    std::int64_t lines = 0;  ///< of 64 bytes, fetched with every register of depth; may reach too far

    AmxAhead() = default;
    /// Of a panel as long as that which `tiles` tiles multiply now, each line of depth `vectors` * 64 bytes.
    AmxAhead(const void* panel, std::int64_t tiles, int vectors)
        : begin(static_cast<const std::byte*>(panel)), lines((kAmxRows * vectors + tiles - 1) / tiles) {}
    /// The part of tile `tile`, which has `depth` bytes of depth.
    AmxAhead part(std::int64_t tile, std::int64_t depth) const {
        AmxAhead own = *this;
        if (own.begin) own.begin += tile * depth * lines;
        return own;
    }
};

/// Bytes that prepare_amx_rows() needs for `rows` rows, a multiple of kAmxRows.
std::size_t amx_rows_bytes(std::int64_t taps, std::int64_t tap_bytes, int rows);

/// Puts AmxRows at `to`, which is aligned to 64: of rows[t * count + i], tap t of row i, where these already
/// lie as tiles want them, and else of a copy behind it. Bytes of rows beyond `count` have no meaning.
void prepare_amx_rows(const void* const* rows, std::int64_t taps, std::int64_t tap_bytes, int count,
                      void* to);

}  // namespace espalier::kernels
