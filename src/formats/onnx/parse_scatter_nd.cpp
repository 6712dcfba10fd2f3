#include <cstring>

#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {
namespace {

/// Position of the first element of data[index], where `index` names the leading axes.
std::int64_t position_of(const Shape& data, std::span<const std::int64_t> index) {
    std::int64_t position = 0;
    for (std::size_t i = 0; i < index.size(); ++i) {
        const std::int64_t extent = data[static_cast<int>(i)];
        if (index[i] < -extent || index[i] >= extent)
            fail("the index {} is outside of {}", index[i], data.str());
        position = position * extent + (index[i] < 0 ? index[i] + extent : index[i]);
    }
    return position * data.product(static_cast<int>(index.size()), data.rank());
}

}  // namespace

/// data with data[indices[i, ...]] = updates[i], all of them constant, as masks are built.
void parse_scatter_nd(Call& call) {
    if (call.text("reduction", "none") != "none") fail("reductions are not supported");
    const Tensor* data = call.constant(0);
    const auto indices = call.integers(1);
    const Tensor* updates = call.constant(2);
    if (!data || !indices || !updates) fail("only constants can be changed in parts");
    if (indices->shape.rank() < 1 || data->dtype() != updates->dtype())
        fail("{} indices and updates of {} do not fit {}", indices->shape.str(), name(updates->dtype()),
             name(data->dtype()));
    const std::int64_t depth = indices->shape.back();
    if (depth < 1 || depth > data->shape().rank())
        fail("an index of {} axes does not fit {}", depth, data->shape().str());
    const std::vector<std::int64_t> rows = indices->known("an index");
    const std::int64_t count = static_cast<std::int64_t>(rows.size()) / depth;
    const std::int64_t block = data->shape().product(static_cast<int>(depth), data->shape().rank());
    if (updates->elements() != count * block)
        fail("{} updates of {} elements do not fit {}", count, block, updates->shape().str());
    Tensor result = data->clone();
    const std::size_t bytes = static_cast<std::size_t>(block) * size_of(data->dtype());
    for (std::int64_t i = 0; i < count; ++i) {
        const auto index =
            std::span(rows).subspan(static_cast<std::size_t>(i * depth), static_cast<std::size_t>(depth));
        const auto at = static_cast<std::size_t>(position_of(data->shape(), index)) * size_of(data->dtype());
        std::memcpy(result.mutable_bytes().data() + at,
                    updates->bytes().data() + static_cast<std::size_t>(i) * bytes, bytes);
    }
    call.give(std::move(result));
}

}  // namespace espalier::formats::onnx
