#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/error.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace espalier {

/// A dense row-major array. Copies share the elements; the memory (an aligned allocation or a mapped file)
/// lives as long as any copy. Elements are read-only unless the tensor was made by allocate().
///
/// What moves the elements of a file (to_aligned(), transposed()) does so when they are first read, by
/// whichever thread: a large model has many that its packed weights stand in for.
class Tensor {
  public:
    /// Alignment of allocated tensors in bytes: one cache line and one AVX-512 register.
    static constexpr std::size_t kAlignment = 64;

    /// An empty f32 tensor of shape [0].
    Tensor() : shape_({0}) {}

    /// Zero-filled memory of its own. Throws Error when there is not enough.
    static Tensor allocate(DType dtype, const Shape& shape);

    /// Type and shape without memory, for what stays known of elements that were given back. To read one is
    /// an error of the program, and ends it.
    static Tensor without_elements(DType dtype, const Shape& shape);

    /// A view of memory that `owner` keeps alive. Throws Error unless bytes has exactly the size of the
    /// shape.
    static Tensor view(DType dtype, const Shape& shape, std::span<const std::byte> bytes,
                       std::shared_ptr<const void> owner);

    /// A copy of the given elements.
    template <typename T>
    static Tensor of(const Shape& shape, std::span<const T> elements) {
        Tensor tensor = allocate(DTypeOf<T>::value, shape);
        if (static_cast<std::int64_t>(elements.size()) != shape.elements()) {
            fail("a tensor of shape {} needs {} elements, not {}", shape.str(), shape.elements(),
                 elements.size());
        }
        std::copy(elements.begin(), elements.end(), tensor.mutable_span<T>().begin());
        return tensor;
    }

    DType dtype() const { return dtype_; }
    const Shape& shape() const { return shape_; }
    std::int64_t elements() const { return shape_.elements(); }
    std::size_t size_bytes() const { return static_cast<std::size_t>(elements()) * size_of(dtype_); }

    std::span<const std::byte> bytes() const { return {data(), size_bytes()}; }
    std::span<std::byte> mutable_bytes();

    /// Elements where they lie, perhaps not aligned.
    struct Stored {
        std::span<const std::byte> bytes;
        bool transposed = false;  ///< a matrix [columns, rows]
    };
    /// The elements, without moving them first.
    Stored stored() const;

    /// Typed elements. Throws Error when T is not the element type. A mapped tensor may be less aligned than
    /// T wants; aligned() tells, and to_aligned() repairs.
    template <typename T>
    std::span<const T> span() const {
        check_dtype(DTypeOf<T>::value);
        return {reinterpret_cast<const T*>(data()), static_cast<std::size_t>(elements())};
    }
    template <typename T>
    std::span<T> mutable_span() {
        check_dtype(DTypeOf<T>::value);
        return {reinterpret_cast<T*>(mutable_bytes().data()), static_cast<std::size_t>(elements())};
    }

    /// True when the data is aligned for its element type.
    bool aligned() const;

    /// This tensor, or a copy of it whose data is aligned.
    Tensor to_aligned() const;

    /// The same elements under another shape. Throws Error when the numbers of elements differ.
    Tensor reshaped(const Shape& shape) const;

    /// A matrix [rows, columns] as [columns, rows]. Throws Error for any other rank.
    Tensor transposed() const;

    /// A copy with memory of its own.
    Tensor clone() const;

    /// Elements converted to f32 (from f16, bf16, f64 or an integer type); itself when it is f32 already.
    Tensor to_f32() const;

    /// Elements of f32 rounded to bf16. Throws Error for any other element type.
    Tensor to_bf16() const;

  private:
    class Moved;

    void check_dtype(DType wanted) const;
    const std::byte* data() const { return moved_ ? moved_data() : data_; }
    const std::byte* moved_data() const;
    Tensor moved(bool transposed) const;
    Tensor copied(bool transposed) const;

    DType dtype_ = DType::kF32;
    Shape shape_;
    const std::byte* data_ = nullptr;
    bool mutable_ = false;
    std::shared_ptr<const void> owner_;
    std::shared_ptr<Moved> moved_;  ///< where the elements are another's, in another place; else null
};

/// Elements that are 0, or -0; of a type that is not f32 or bf16, all of whose bits are 0. Reads them where
/// they are stored.
std::int64_t count_zeros(const Tensor& tensor);

/// IEEE 754 binary16 and bfloat16 bit patterns to float.
float f16_to_f32(std::uint16_t bits);
float bf16_to_f32(std::uint16_t bits);

/// The nearest bfloat16, ties to even. NaN stays NaN; what is too large becomes infinite.
std::uint16_t f32_to_bf16(float value);

}  // namespace espalier
