#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/tensor.h"

namespace espalier::kernels {

/// Where an operator's packed weights lie: parts of memory, which the packers ask for one after the other and
/// fill. A store derives it to keep what was filled, and to give it back to the same packers in another
/// process. Called by one thread at a time.
class PackedMemory {
  public:
    virtual ~PackedMemory() = default;

    /// Whether the parts hold already what the packers would write: then these read no weights, and write
    /// nothing.
    virtual bool is_packed() const { return false; }

    /// The next part: zeros of its own, or read-only where is_packed(). `layout` names the order of its
    /// elements, so that a part is never taken for another of the same size. Throws Error when there is not
    /// enough memory, or when the part that was kept is not the one asked for.
    virtual Tensor next(std::string_view layout, DType dtype, std::int64_t elements) {
        (void)layout;
        return Tensor::allocate(dtype, Shape{elements});
    }
};

/// The next part of `memory`, or of new memory where that is null.
inline Tensor next_part(PackedMemory* memory, std::string_view layout, DType dtype, std::int64_t elements) {
    return memory ? memory->next(layout, dtype, elements) : PackedMemory().next(layout, dtype, elements);
}

inline bool is_packed(const PackedMemory* memory) { return memory && memory->is_packed(); }

}  // namespace espalier::kernels
