#include "tensor/shape.h"

#include <fmt/ranges.h>

#include <utility>

#include "base/error.h"

namespace espalier {

Shape::Shape(std::vector<std::int64_t> extents) : extents_(std::move(extents)) {
    bool empty = false;
    for (const auto extent : extents_) {
        if (extent < 0) fail("a tensor extent must not be negative, but the shape is {}", str());
        empty = empty || extent == 0;
        // Extents beside a 0 are bounded too, so that no product of some of them overflows.
        const std::int64_t factor = extent == 0 ? 1 : extent;
        if (factor > kMaxElements / elements_) fail("the shape {} has too many elements", str());
        elements_ *= factor;
    }
    if (empty) elements_ = 0;
}

Shape Shape::with(int axis, std::int64_t extent) const {
    auto extents = extents_;
    extents.at(static_cast<std::size_t>(axis)) = extent;
    return Shape(std::move(extents));
}

std::int64_t Shape::product(int first, int last) const {
    std::int64_t result = 1;
    for (int axis = first; axis < last; ++axis) result *= (*this)[axis];
    return result;
}

std::string Shape::str() const { return fmt::format("[{}]", fmt::join(extents_, ", ")); }

}  // namespace espalier
