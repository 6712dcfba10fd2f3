#include "tensor/tensor.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "base/mapped_file.h"

namespace espalier {
namespace {

template <typename From, typename Convert>
void convert(std::span<const std::byte> from, std::span<float> to, Convert&& to_float) {
    for (std::size_t i = 0; i < to.size(); ++i) {
        From element;
        std::memcpy(&element, from.data() + i * sizeof(From), sizeof(From));
        to[i] = to_float(element);
    }
}

/// From here on memory comes from the kernel directly: zeroed once, in large pages, given back when it is
/// free.
constexpr std::size_t kLarge = std::size_t{4} << 20;

/// At least `size` bytes of zeros, aligned for a tensor; null when there is not enough memory.
std::shared_ptr<void> zeros(std::size_t size) {
    if (size >= kLarge) {
        void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return nullptr;
        madvise(memory, size, MADV_HUGEPAGE);  // a wish: kernels without large pages refuse it
        return {memory, [size](void* mapped) { munmap(mapped, size); }};
    }
    const std::size_t rounded = (size / Tensor::kAlignment + 1) * Tensor::kAlignment;
    void* memory = std::aligned_alloc(Tensor::kAlignment, rounded);
    if (!memory) return nullptr;
    std::memset(memory, 0, rounded);
    return {memory, std::free};
}

/// [height, width] -> [width, height], part of matrices with rows of `columns` and `rows` elements.
template <typename Element>
void transpose_part(const std::byte* from, std::int64_t columns, std::byte* to, std::int64_t rows,
                    std::int64_t height, std::int64_t width) {
    for (std::int64_t j = 0; j < width; ++j) {
        for (std::int64_t i = 0; i < height; ++i) {
            std::memcpy(to + static_cast<std::size_t>(j * rows + i) * sizeof(Element),
                        from + static_cast<std::size_t>(i * columns + j) * sizeof(Element), sizeof(Element));
        }
    }
}

/// The same for a square of Side elements, through one that lies dense: every cache line is read once, and
/// written once.
template <typename Element, std::int64_t Side>
void transpose_square(const std::byte* from, std::int64_t columns, std::byte* to, std::int64_t rows) {
    Element square[Side][Side];
    for (std::int64_t i = 0; i < Side; ++i) {
        std::memcpy(square[i], from + static_cast<std::size_t>(i * columns) * sizeof(Element),
                    sizeof square[i]);
    }
    for (std::int64_t j = 0; j < Side; ++j) {
        Element line[Side];
        for (std::int64_t i = 0; i < Side; ++i) line[i] = square[i][j];
        std::memcpy(to + static_cast<std::size_t>(j * rows) * sizeof(Element), line, sizeof line);
    }
}

/// [rows, columns] -> [columns, rows] of elements.
template <typename Element>
void transpose(const std::byte* from, const Shape& shape, std::byte* to) {
    constexpr std::int64_t kSide = 64 / sizeof(Element);
    const std::int64_t rows = shape[0], columns = shape[1];
    // Along the rows of `from`, which may lie in small pages of a file; what is new lies in large ones.
    for (std::int64_t row = 0; row < rows; row += kSide) {
        const std::int64_t height = std::min(kSide, rows - row);
        for (std::int64_t column = 0; column < columns; column += kSide) {
            const std::int64_t width = std::min(kSide, columns - column);
            const std::byte* part = from + static_cast<std::size_t>(row * columns + column) * sizeof(Element);
            std::byte* place = to + static_cast<std::size_t>(column * rows + row) * sizeof(Element);
            if (width == kSide && height == kSide) {
                transpose_square<Element, kSide>(part, columns, place, rows);
            } else {
                transpose_part<Element>(part, columns, place, rows, height, width);
            }
        }
    }
}

void transpose(DType dtype, const std::byte* from, const Shape& shape, std::byte* to) {
    switch (size_of(dtype)) {
        case 1:
            return transpose<std::uint8_t>(from, shape, to);
        case 2:
            return transpose<std::uint16_t>(from, shape, to);
        case 4:
            return transpose<std::uint32_t>(from, shape, to);
        default:
            return transpose<std::uint64_t>(from, shape, to);
    }
}

constexpr auto kCast = [](auto element) { return static_cast<float>(element); };

}  // namespace

Tensor Tensor::allocate(DType dtype, const Shape& shape) {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = shape;
    tensor.mutable_ = true;
    tensor.owner_ = zeros(tensor.size_bytes());
    if (!tensor.owner_) {
        fail("not enough memory for a tensor of shape {} ({} bytes)", shape.str(), tensor.size_bytes());
    }
    tensor.data_ = static_cast<const std::byte*>(tensor.owner_.get());
    return tensor;
}

Tensor Tensor::without_elements(DType dtype, const Shape& shape) {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = shape;
    if (tensor.size_bytes() == 0) return tensor;
    const std::size_t size = tensor.size_bytes();
    void* place = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED)
        fail("no address space is left for a tensor of shape {} ({} bytes)", shape.str(), size);
    tensor.owner_ = std::shared_ptr<void>(place, [size](void* mapped) { munmap(mapped, size); });
    tensor.data_ = static_cast<const std::byte*>(place);
    return tensor;
}

/// Elements that are moved to memory of their own once somebody reads them there.
class Tensor::Moved {
  public:
    Moved(Tensor from, bool transposed) : from_(std::move(from)), transposed_(transposed) {}

    bool is_transposed() const { return transposed_; }
    Stored stored() const { return {from_.bytes(), transposed_}; }
    const std::byte* data() {
        std::call_once(once_, [this] {
            to_ = from_.copied(transposed_);
            MappedFile::release(from_.bytes());
        });
        return to_.data_;
    }

  private:
    Tensor from_;
    bool transposed_;
    std::once_flag once_;
    Tensor to_;
};

const std::byte* Tensor::moved_data() const { return moved_->data(); }

Tensor::Stored Tensor::stored() const { return moved_ ? moved_->stored() : Stored{bytes()}; }

/// At once where the elements may still be written to.
Tensor Tensor::moved(bool transposed) const {
    if (mutable_) return copied(transposed);
    Tensor tensor;
    tensor.dtype_ = dtype_;
    tensor.shape_ = transposed ? Shape{shape_[1], shape_[0]} : shape_;
    tensor.moved_ = std::make_shared<Moved>(*this, transposed);
    return tensor;
}

Tensor Tensor::copied(bool transposed) const {
    Tensor copy = allocate(dtype_, transposed ? Shape{shape_[1], shape_[0]} : shape_);
    if (elements() == 0) return copy;
    std::byte* const to = copy.mutable_bytes().data();
    if (transposed) {
        transpose(dtype_, data(), shape_, to);
    } else {
        std::memcpy(to, data(), size_bytes());
    }
    return copy;
}

Tensor Tensor::view(DType dtype, const Shape& shape, std::span<const std::byte> bytes,
                    std::shared_ptr<const void> owner) {
    Tensor tensor;
    tensor.dtype_ = dtype;
    tensor.shape_ = shape;
    if (bytes.size() != tensor.size_bytes()) {
        fail("a tensor of type {} and shape {} needs {} bytes, not {}", name(dtype), shape.str(),
             tensor.size_bytes(), bytes.size());
    }
    tensor.data_ = bytes.data();
    tensor.owner_ = std::move(owner);
    return tensor;
}

std::span<std::byte> Tensor::mutable_bytes() {
    if (!mutable_ && elements() > 0) fail("a view of a file cannot be written to; clone the tensor first");
    return {const_cast<std::byte*>(data_), size_bytes()};
}

bool Tensor::aligned() const {
    return moved_ || reinterpret_cast<std::uintptr_t>(data_) % size_of(dtype_) == 0;
}

Tensor Tensor::to_aligned() const { return aligned() ? *this : moved(false); }

Tensor Tensor::reshaped(const Shape& shape) const {
    if (shape.elements() != elements()) {
        fail("cannot view a tensor of shape {} as {}", shape_.str(), shape.str());
    }
    // What is stored transposed is a matrix; in another shape it is what lies in order.
    Tensor tensor = moved_ && moved_->is_transposed() ? view(dtype_, shape_, bytes(), moved_) : *this;
    tensor.shape_ = shape;
    return tensor;
}

Tensor Tensor::transposed() const {
    if (shape_.rank() != 2)
        fail("cannot transpose a tensor of shape {}: a matrix has two axes", shape_.str());
    return moved(true);
}

Tensor Tensor::clone() const { return copied(false); }

Tensor Tensor::to_f32() const {
    if (dtype_ == DType::kF32) return to_aligned();
    Tensor result = allocate(DType::kF32, shape_);
    const auto to = result.mutable_span<float>();
    switch (dtype_) {
        case DType::kF16:
            convert<std::uint16_t>(bytes(), to, f16_to_f32);
            break;
        case DType::kBF16:
            convert<std::uint16_t>(bytes(), to, bf16_to_f32);
            break;
        case DType::kF64:
            convert<double>(bytes(), to, kCast);
            break;
        case DType::kI8:
            convert<std::int8_t>(bytes(), to, kCast);
            break;
        case DType::kU8:
        case DType::kBool:
            convert<std::uint8_t>(bytes(), to, kCast);
            break;
        case DType::kI32:
            convert<std::int32_t>(bytes(), to, kCast);
            break;
        case DType::kI64:
            convert<std::int64_t>(bytes(), to, kCast);
            break;
        case DType::kF32:
            break;
    }
    return result;
}

Tensor Tensor::to_bf16() const {
    const Tensor aligned = to_aligned();
    Tensor result = allocate(DType::kBF16, shape_);
    std::byte* to = result.mutable_bytes().data();
    for (const float element : aligned.span<float>()) {
        const std::uint16_t bits = f32_to_bf16(element);
        std::memcpy(to, &bits, sizeof bits);
        to += sizeof bits;
    }
    return result;
}

void Tensor::check_dtype(DType wanted) const {
    if (dtype_ != wanted) fail("expected a tensor of type {}, but it is {}", name(wanted), name(dtype_));
}

float f16_to_f32(std::uint16_t bits) {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 0x1fu;
    const std::uint32_t mantissa = bits & 0x3ffu;
    if (exponent == 0) {
        const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
        return sign ? -magnitude : magnitude;
    }
    const std::uint32_t wide_exponent = exponent == 31 ? 255u : exponent + 112u;
    return std::bit_cast<float>(sign | (wide_exponent << 23) | (mantissa << 13));
}

float bf16_to_f32(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::uint16_t f32_to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    // The quiet bit, lest a NaN whose payload is cut off becomes infinite.
    if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

std::int64_t count_zeros(const Tensor& tensor) {
    const auto bytes = tensor.stored().bytes;
    const auto count = [&](auto element, auto is_zero) {
        std::int64_t zeros = 0;
        for (std::size_t i = 0; i < bytes.size(); i += sizeof(element)) {
            std::memcpy(&element, bytes.data() + i, sizeof(element));
            zeros += is_zero(element);
        }
        return zeros;
    };
    if (tensor.dtype() == DType::kF32) return count(0.0f, [](float value) { return value == 0; });
    if (tensor.dtype() == DType::kBF16)
        return count(std::uint16_t{}, [](std::uint16_t bits) { return (bits & 0x7fff) == 0; });
    const auto has_no_bit = [](auto bits) { return bits == 0; };
    switch (size_of(tensor.dtype())) {
        case 1:
            return count(std::uint8_t{}, has_no_bit);
        case 2:
            return count(std::uint16_t{}, has_no_bit);
        case 4:
            return count(std::uint32_t{}, has_no_bit);
        default:
            return count(std::uint64_t{}, has_no_bit);
    }
}

}  // namespace espalier
