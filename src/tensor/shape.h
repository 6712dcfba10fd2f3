#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace espalier {

/// Extents of a tensor, outermost first. Rank 0 is a scalar with one element.
class Shape {
  public:
    /// No tensor has more elements than this; larger products are an error, never an overflow.
    static constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

    Shape() = default;
    Shape(std::initializer_list<std::int64_t> extents) : Shape(std::vector<std::int64_t>(extents)) {}
    /// Throws Error when an extent is negative or the number of elements exceeds kMaxElements.
    explicit Shape(std::vector<std::int64_t> extents);

    int rank() const { return static_cast<int>(extents_.size()); }
    std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
    /// Extent of the last axis; 1 for a scalar.
    std::int64_t back() const { return extents_.empty() ? 1 : extents_.back(); }
    std::int64_t elements() const { return elements_; }
    const std::vector<std::int64_t>& extents() const { return extents_; }

    /// The same shape with one extent replaced.
    Shape with(int axis, std::int64_t extent) const;

    /// Product of the extents in [first, last).
    std::int64_t product(int first, int last) const;

    /// "[1, 3, 224, 224]".
    std::string str() const;

    bool operator==(const Shape& other) const { return extents_ == other.extents_; }

  private:
    std::vector<std::int64_t> extents_;
    std::int64_t elements_ = 1;
};

}  // namespace espalier
