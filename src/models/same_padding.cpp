#include "models/same_padding.h"

#include <algorithm>

namespace espalier::models {

using namespace graph;

namespace {

/// Pixels before and after one axis.
Pair along(std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
    const std::int64_t rest = extent % stride == 0 ? stride : extent % stride;
    const std::int64_t total = std::max<std::int64_t>(kernel - rest, 0);
    return {total / 2 * dilation, (total - total / 2) * dilation};
}

}  // namespace

Quad same_padding(const Shape& image, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
    const Pair rows = along(image[2], kernel, stride, dilation);
    const Pair columns = along(image[3], kernel, stride, dilation);
    return {rows[0], columns[0], rows[1], columns[1]};
}

Quad symmetric_padding(std::int64_t kernel, std::int64_t dilation) {
    const std::int64_t pad = (kernel - 1) / 2 * dilation;
    return {pad, pad, pad, pad};
}

}  // namespace espalier::models
