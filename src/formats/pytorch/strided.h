#pragma once

#include <cstddef>

#include "base/shared_bytes.h"
#include "formats/pytorch/value.h"
#include "tensor/tensor.h"

namespace espalier::formats::pytorch {

/// A dense tensor of a strided one, whose storage is `content`: a view where its elements lie in order, a
/// copy where they do not, which takes its size out of `copy_budget_bytes`. Throws Error when the strides are
/// negative, an element lies outside the storage, the storage has not the size it is said to have, or the
/// budget is spent.
Tensor dense(const StridedTensor& tensor, const SharedBytes& content, std::size_t& copy_budget_bytes);

}  // namespace espalier::formats::pytorch
