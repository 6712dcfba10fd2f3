#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

std::int64_t block_size(Call& call) {
    const std::int64_t block = call.attribute("blocksize").i;
    if (block < 1 || block > 1024) fail("a block of {} is not supported", block);
    return block;
}

std::vector<Extent> image_extents(Call& call, NodeId x) {
    if (call.type(x).shape.rank() != 4) fail("only images are supported, not {}", call.type(x).str());
    return call.graph().extents(x);
}

}  // namespace

/// [N, C b^2, H, W] => [N, C, H b, W b]. DCR: the block's position comes before the channel in axis 1; CRD:
/// behind.
void parse_depth_to_space(Call& call) {
    const NodeId x = call.operand(0);
    const auto e = image_extents(call, x);
    const std::int64_t b = block_size(call);
    const Extent block{b, 0};
    const std::string mode = call.text("mode", "DCR");
    if (mode != "DCR" && mode != "CRD") fail("the mode '{}' is not known", mode);
    const Extent channels = e[1] / block / block;
    if (!(channels * block * block == e[1]))
        fail("{} channels do not divide into blocks of {}", e[1].str(), b);
    const bool depth_first = mode == "DCR";
    const NodeId split = depth_first ? call.reshape(x, {e[0], block, block, channels, e[2], e[3]})
                                     : call.reshape(x, {e[0], channels, block, block, e[2], e[3]});
    const NodeId moved =
        call.add(Transpose{depth_first ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3}}, {split});
    call.give(call.reshape(moved, {e[0], channels, e[2] * block, e[3] * block}));
}

/// [N, C, H b, W b] => [N, C b^2, H, W], the block's position before the channel in axis 1.
void parse_space_to_depth(Call& call) {
    const NodeId x = call.operand(0);
    const auto e = image_extents(call, x);
    const Extent block{block_size(call), 0};
    const Extent rows = e[2] / block, columns = e[3] / block;
    if (!(rows * block == e[2]) || !(columns * block == e[3]))
        fail("{} does not divide into blocks", call.type(x).str());
    const NodeId split = call.reshape(x, {e[0], e[1], rows, block, columns, block});
    const NodeId moved = call.add(Transpose{{0, 3, 5, 1, 2, 4}}, {split});
    call.give(call.reshape(moved, {e[0], e[1] * block * block, rows, columns}));
}

}  // namespace espalier::formats::onnx
