#pragma once

#include <functional>
#include <vector>

#include "formats/onnx/arrange.h"
#include "formats/onnx/extent.h"
#include "tensor/tensor.h"

namespace espalier::formats::onnx {

/// A small array of integers of a model's shape arithmetic.
struct Integers {
    /// Shapes and index lists are short; larger arrays are data and stay tensors.
    static constexpr std::int64_t kMostElements = 1 << 16;

    Shape shape;
    std::vector<Extent> elements;
    /// An array for each image: axis 0 has the extent N, written as 1 in `shape`, and in the elements N
    /// stands for the index of the image.
    bool per_image = false;

    static Integers scalar(Extent value) { return {Shape(), {value}}; }
    static Integers list(std::vector<Extent> values);

    /// The elements as plain integers. Throws Error when one depends on the batch size.
    std::vector<std::int64_t> known(const char* what) const;
    bool all_known() const;

    Integers arranged(const Arrangement& arrangement) const;
    /// The same elements under another shape. Throws Error when their number differs.
    Integers reshaped(const Shape& to) const;
};

/// The elements of an i64, i32, i8, u8 or bool tensor. Throws Error when there are more than kMostElements.
Integers integers_of(const Tensor& tensor);
/// An i64 tensor of known integers.
Tensor tensor_of(const Integers& integers);
/// f(a, b) element by element with NumPy broadcasting. Throws Error where an array for each image does not
/// keep its axis of images.
Integers combine(const Integers& a, const Integers& b, const std::function<Extent(Extent, Extent)>& f);

}  // namespace espalier::formats::onnx
