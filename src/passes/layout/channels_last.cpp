#include <algorithm>
#include <optional>

#include "passes/layout/layout.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

const Ints kToNhwc{0, 2, 3, 1};
const Ints kToNchw{0, 3, 1, 2};
/// Where each NCHW axis lies in NHWC.
constexpr std::array<std::int64_t, 4> kNhwcAxis{0, 3, 1, 2};

Tensor transposed_constant(const Tensor& nchw) {
    const Shape& s = nchw.shape();
    const Tensor from = nchw.to_aligned();
    Tensor result = Tensor::allocate(DType::kF32, {s[0], s[2], s[3], s[1]});
    const auto x = from.span<float>();
    const auto y = result.mutable_span<float>();
    std::size_t to = 0;
    for (std::int64_t n = 0; n < s[0]; ++n) {
        for (std::int64_t p = 0; p < s[2] * s[3]; ++p) {
            for (std::int64_t c = 0; c < s[1]; ++c) {
                y[to++] = x[static_cast<std::size_t>((n * s[1] + c) * s[2] * s[3] + p)];
            }
        }
    }
    return result;
}

/// The walk. Each old node gets a plain form (as it was), an image form (its NHWC transpose), or both on
/// demand.
class ChannelsLast {
  public:
    ChannelsLast(const Graph& from, Change& change)
        : from_(from),
          change_(change),
          plain_(static_cast<std::size_t>(from.size()), NodeId::kNone),
          image_(static_cast<std::size_t>(from.size()), NodeId::kNone) {}

    Graph run() {
        for (int i = 0; i < from_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            if (!std::visit([&](const auto& op) { return convert(id, op); }, from_[id].op)) keep(id);
        }
        out_.set_output(plain(from_.output()));
        return without_dead_nodes(out_);
    }

  private:
    NodeId& plain_slot(NodeId id) { return plain_[static_cast<std::size_t>(id)]; }
    NodeId& image_slot(NodeId id) { return image_[static_cast<std::size_t>(id)]; }
    bool has_image(NodeId id) { return id != NodeId::kNone && image_slot(id) != NodeId::kNone; }
    const Shape& shape(NodeId id) const { return from_.type(id).shape; }

    NodeId plain(NodeId id) {
        if (id == NodeId::kNone) return id;
        NodeId& slot = plain_slot(id);
        if (slot == NodeId::kNone)
            slot = out_.add(Transpose{kToNchw}, {image_slot(id)}, from_[id].name + ".nchw");
        return slot;
    }

    NodeId image(NodeId id) {
        if (id == NodeId::kNone) return id;
        NodeId& slot = image_slot(id);
        if (slot != NodeId::kNone) return slot;
        if (const Tensor* tensor = from_.constant(id); tensor && tensor->dtype() == DType::kF32) {
            slot = out_.add_constant(from_[id].name + ".nhwc", transposed_constant(*tensor));
        } else {
            slot = out_.add(Transpose{kToNhwc}, {plain_slot(id)}, from_[id].name + ".nhwc");
        }
        return slot;
    }

    void keep(NodeId id) {
        const Node& node = from_[id];
        if (std::holds_alternative<Input>(node.op)) {
            plain_slot(id) = out_.add_input(node.name, node.type);
        } else if (std::holds_alternative<Constant>(node.op)) {
            plain_slot(id) = out_.add_constant(node.name, node.value);
        } else {
            std::vector<NodeId> inputs;
            for (const NodeId input : node.inputs) inputs.push_back(plain(input));
            plain_slot(id) = out_.add(node.op, std::move(inputs), node.name);
        }
    }

    bool set_image(NodeId id, Op op, std::vector<NodeId> inputs) {
        image_slot(id) = out_.add(std::move(op), std::move(inputs), from_[id].name);
        ++change_.count;
        return true;
    }

    /// Ops that have no image form.
    template <typename O>
    bool convert(NodeId, const O&) {
        return false;
    }

    /// An op whose first input, and residual at `residual` if any, are images and whose other inputs are not.
    template <typename O>
    bool convert_windowed(NodeId id, O op, std::size_t residual) {
        op.layout = Layout::kNhwc;
        std::vector<NodeId> inputs;
        for (std::size_t k = 0; k < from_[id].inputs.size(); ++k) {
            const NodeId input = from_[id].inputs[k];
            inputs.push_back(k == 0 || k == residual ? image(input) : plain(input));
        }
        return set_image(id, op, std::move(inputs));
    }

    bool convert(NodeId id, const Conv2d& op) {
        return op.layout == Layout::kNchw && convert_windowed(id, op, 3);
    }
    bool convert(NodeId id, const QuantizedConv2d& op) {
        return op.layout == Layout::kNchw && convert_windowed(id, op, 4);
    }
    bool convert(NodeId id, const IntegerConv2d& op) {
        return op.layout == Layout::kNchw && convert_windowed(id, op, 4);
    }
    bool convert(NodeId id, const Pool2d& op) {
        return op.layout == Layout::kNchw && convert_windowed(id, op, 0);
    }
    bool convert(NodeId id, const BatchNorm& op) {
        return op.layout == Layout::kNchw && shape(id).rank() == 4 && convert_windowed(id, op, 0);
    }

    bool convert(NodeId id, const GroupNorm& op) {
        return op.layout == Layout::kNchw && shape(id).rank() == 4 && convert_windowed(id, op, 0);
    }

    bool convert(NodeId id, const Unary& op) {
        return has_image(from_[id].inputs[0]) && set_image(id, op, {image(from_[id].inputs[0])});
    }

    template <typename O>
    bool convert_quantization(NodeId id, O op) {
        const auto& inputs = from_[id].inputs;
        if (!has_image(inputs[0])) return false;
        if (shape(inputs[1]).elements() != 1)
            op.axis = kNhwcAxis[static_cast<std::size_t>((op.axis + 4) % 4)];
        std::vector<NodeId> mapped{image(inputs[0])};
        for (std::size_t k = 1; k < inputs.size(); ++k) mapped.push_back(plain(inputs[k]));
        return set_image(id, op, std::move(mapped));
    }
    bool convert(NodeId id, const QuantizeLinear& op) { return convert_quantization(id, op); }
    bool convert(NodeId id, const DequantizeLinear& op) { return convert_quantization(id, op); }

    /// The image form of a pointwise operand: an image, or a constant that broadcasts the same way.
    std::optional<NodeId> image_operand(NodeId id) {
        if (shape(id).rank() == 4) return image(id);
        if (shape(id).elements() == 1) return plain(id);
        const Tensor* tensor = from_.constant(id);
        const Shape& s = shape(id);
        if (tensor && s.rank() == 3 && s[1] == 1 && s[2] == 1) {
            return out_.add_constant(from_[id].name + ".nhwc", tensor->reshaped({1, 1, s[0]}));
        }
        return std::nullopt;
    }

    bool convert(NodeId id, const Binary& op) {
        const auto& inputs = from_[id].inputs;
        if (shape(id).rank() != 4 || (!has_image(inputs[0]) && !has_image(inputs[1]))) return false;
        const auto a = image_operand(inputs[0]);
        const auto b = image_operand(inputs[1]);
        return a && b && set_image(id, op, {*a, *b});
    }

    bool convert(NodeId id, const Reduce& op) {
        const NodeId input = from_[id].inputs[0];
        Ints axes = op.axes;
        for (auto& axis : axes) axis = axis < 0 ? axis + shape(input).rank() : axis;
        std::sort(axes.begin(), axes.end());
        if (!has_image(input) || axes != Ints{2, 3}) return false;
        const Reduce reduce{op.kind, {1, 2}, op.keep_axes};
        if (op.keep_axes) return set_image(id, reduce, {image(input)});
        plain_slot(id) = out_.add(reduce, {image(input)}, from_[id].name);
        ++change_.count;
        return true;
    }

    bool convert(NodeId id, const Concat& op) {
        const auto& inputs = from_[id].inputs;
        if (shape(id).rank() != 4) return false;
        if (std::none_of(inputs.begin(), inputs.end(), [&](NodeId input) { return has_image(input); }))
            return false;
        std::vector<NodeId> images;
        for (const NodeId input : inputs) images.push_back(image(input));
        return set_image(id, Concat{kNhwcAxis[static_cast<std::size_t>((op.axis + 4) % 4)]},
                         std::move(images));
    }

    template <typename O>
    bool convert_axis(NodeId id, O op) {
        const NodeId input = from_[id].inputs[0];
        if (!has_image(input)) return false;
        op.axis = kNhwcAxis[static_cast<std::size_t>((op.axis + 4) % 4)];
        return set_image(id, op, {image(input)});
    }
    bool convert(NodeId id, const Slice& op) { return convert_axis(id, op); }
    bool convert(NodeId id, const Gather& op) { return convert_axis(id, op); }

    bool convert(NodeId id, const Pad& op) {
        const NodeId input = from_[id].inputs[0];
        if (!has_image(input)) return false;
        Pad moved = op;
        for (std::size_t axis = 0; axis < 4; ++axis) {
            moved.before[static_cast<std::size_t>(kNhwcAxis[axis])] = op.before[axis];
            moved.after[static_cast<std::size_t>(kNhwcAxis[axis])] = op.after[axis];
        }
        return set_image(id, moved, {image(input)});
    }

    bool convert(NodeId id, const Transpose& op) {
        const NodeId input = from_[id].inputs[0];
        if (op.perm == kToNhwc && has_image(input)) {
            plain_slot(id) = image(input);
            return true;
        }
        if (op.perm == kToNchw) {
            image_slot(id) = plain(input);
            return true;
        }
        // transpose(reshape(x, [N, C, H*W]), [N, H*W, C]) is a view of the image form of x.
        const NodeId source = from_.as<Reshape>(input) ? from_[input].inputs[0] : NodeId::kNone;
        if (op.perm != Ints{0, 2, 1} || !has_image(source) || shape(input)[0] != shape(source)[0] ||
            shape(input)[1] != shape(source)[1]) {
            return false;
        }
        plain_slot(id) = out_.add(Reshape{{0, shape(id)[1], shape(id)[2]}}, {image(source)}, from_[id].name);
        return true;
    }

    bool convert(NodeId id, const Reshape&) {
        const NodeId input = from_[id].inputs[0];
        const Shape& s = shape(id);
        if (has_image(input) && shape(input)[2] * shape(input)[3] == 1 && s.rank() > 0 &&
            s[0] == shape(input)[0]) {
            Ints dims = s.extents();
            dims[0] = 0;
            plain_slot(id) = out_.add(Reshape{dims}, {image(input)}, from_[id].name);
            return true;
        }
        // reshape(transpose(x [N, H*W, C]), [N, C, H, W]) has a view of x as its image form.
        const auto* transpose = from_.as<Transpose>(input);
        if (!transpose || transpose->perm != Ints{0, 2, 1} || s.rank() != 4 || s[1] != shape(input)[1] ||
            s[0] != shape(input)[0]) {
            return false;
        }
        image_slot(id) =
            out_.add(Reshape{{0, s[2], s[3], s[1]}}, {plain(from_[input].inputs[0])}, from_[id].name);
        return true;
    }

    const Graph& from_;
    Change& change_;
    Graph out_;
    std::vector<NodeId> plain_;
    std::vector<NodeId> image_;
};

}  // namespace

Graph channels_last(const Graph& graph, Change& change) { return ChannelsLast(graph, change).run(); }

}  // namespace espalier::passes
