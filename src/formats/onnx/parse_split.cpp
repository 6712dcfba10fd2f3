#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/take.h"

namespace espalier::formats::onnx {

using namespace graph;

/// Parts of given sizes, or of equal ones (the last may be smaller).
void parse_split(Call& call) {
    const auto extents = shape_of(call);
    const int axis = axis_of(call.integer("axis", 0), static_cast<int>(extents.size()));
    const Extent whole = extents[static_cast<std::size_t>(axis)];
    if (!whole.known()) fail("an axis that depends on the batch size cannot be split");
    const auto parts = static_cast<std::int64_t>(call.outputs());
    if (parts == 0) fail("it has no outputs");
    const Ints sizes =
        call.integers_of("split", 1)
            .value_or(Ints(static_cast<std::size_t>(parts), (whole.constant + parts - 1) / parts));
    if (static_cast<std::int64_t>(sizes.size()) != parts)
        fail("{} sizes for {} outputs", sizes.size(), parts);
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        if (sizes[i] < 1 || sizes[i] > whole.constant || begin >= whole.constant) {
            fail("the sizes do not fit an extent of {}", whole.str());
        }
        const std::int64_t end = std::min(begin + sizes[i], whole.constant);
        call.give(take_range(call, call.input(0).content, axis, begin, end, 1), i);
        begin = end;
    }
    if (begin != whole.constant) fail("the parts cover {} of {} elements", begin, whole.constant);
}

}  // namespace espalier::formats::onnx
