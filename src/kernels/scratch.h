#pragma once

#include <cstddef>

namespace espalier::kernels {

/// Memory for intermediate results, kept by each thread from call to call so that kernels neither allocate
/// nor touch fresh pages on every inference.
enum class Scratch {
    kShared,        ///< filled by the calling thread and read by its loop bodies
    kSharedResult,  ///< filled by its loop bodies and read by others
    kLocal,         ///< used inside one loop body
    kLocalExtra,
    kLocalRows,  ///< the rows of some tiles as their kernel wants them
};

/// At least `bytes` bytes, aligned to 64, of unspecified content. Valid until the same thread asks for the
/// same kind again. Throws Error when there is not enough memory.
void* scratch(Scratch kind, std::size_t bytes);

/// The same memory for `count` floats.
inline float* scratch_floats(Scratch kind, std::size_t count) {
    return static_cast<float*>(scratch(kind, count * sizeof(float)));
}

}  // namespace espalier::kernels
