#include "formats/onnx/call.h"

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/onnx/fold.h"
#include "graph/check.h"

namespace espalier::formats::onnx {

namespace {

/// A constant as it enters the graph: floating types as f32, aligned. Where that is another type, the file's
/// memory behind the original is given back.
Tensor entering(const Tensor& constant) {
    if (!is_floating(constant.dtype())) return constant;
    Tensor result = constant.to_f32();
    if (constant.dtype() != DType::kF32) MappedFile::release(constant.bytes());
    return result;
}

}  // namespace

int axis_of(std::int64_t axis, int rank) { return graph::normalized_axis("axis", axis, rank); }

void Budget::take(std::size_t bytes) {
    if (bytes > left_) fail("the constants that the model computes take too much memory");
    left_ -= bytes;
}

std::string Call::name() const {
    if (!node_.name.empty()) return node_.name;
    return node_.outputs.empty() ? node_.op_type : node_.outputs.front();
}

Value& Call::any_input(std::size_t index) {
    if (!has(index)) fail("input {} is required", index);
    const auto found = values_.find(node_.inputs[index]);
    if (found == values_.end()) {
        fail("its input '{}' does not exist, or only comes later: the nodes are not in order or form a cycle",
             node_.inputs[index]);
    }
    return found->second;
}

Value& Call::input(std::size_t index) {
    Value& value = any_input(index);
    if (value.dynamic)
        fail("its input '{}' is quantized at run time, of which only products are supported", value.name);
    return value;
}

const Dynamic* Call::dynamic(std::size_t index) {
    if (!has(index)) return nullptr;
    const Value& value = any_input(index);
    return value.dynamic ? &*value.dynamic : nullptr;
}

NodeId Call::operand(std::size_t index) {
    Value& value = input(index);
    if (const auto* id = std::get_if<NodeId>(&value.content)) return *id;
    if (value.node == NodeId::kNone) {
        const Tensor* tensor = constant(index);
        if (!tensor) fail("its input '{}' is computed from the batch size", value.name);
        value.node = graph_.add_constant(value.name, entering(*tensor));
    }
    return value.node;
}

NodeId Call::transposed_operand(std::size_t index) {
    Value& value = input(index);
    if (value.transposed == NodeId::kNone) {
        const Tensor* matrix = constant(index);
        if (!matrix || matrix->shape().rank() != 2) fail("input {} must be a constant matrix", index);
        value.transposed = add_constant(value.name, entering(matrix->transposed()));
    }
    return value.transposed;
}

const Tensor* Call::constant(std::size_t index) {
    if (!has(index)) return nullptr;
    Value& value = input(index);
    if (const auto* integers = std::get_if<Integers>(&value.content)) {
        if (integers->per_image || !integers->all_known()) return nullptr;
        return &known_.insert_or_assign(index, tensor_of(*integers)).first->second;
    }
    return std::get_if<Tensor>(&value.content);
}

double Call::scalar(std::size_t index, double otherwise) {
    if (!has(index)) return otherwise;
    const Tensor* tensor = constant(index);
    if (!tensor || tensor->elements() != 1) fail("input {} must be a constant of one element", index);
    return static_cast<double>(tensor->to_f32().span<float>()[0]);
}

std::optional<Integers> Call::integers(std::size_t index) {
    auto found = image_integers(index);
    return found && found->per_image ? std::nullopt : std::move(found);
}

std::optional<Integers> Call::image_integers(std::size_t index) {
    if (!has(index)) return std::nullopt;
    const Value& value = input(index);
    if (const auto* integers = std::get_if<Integers>(&value.content)) return *integers;
    const auto* tensor = std::get_if<Tensor>(&value.content);
    if (!tensor || is_floating(tensor->dtype()) || tensor->elements() > Integers::kMostElements)
        return std::nullopt;
    return onnx::integers_of(*tensor);
}

std::vector<std::int64_t> Call::known_integers(std::size_t index) {
    const auto found = integers(index);
    if (!found) fail("input {} must be constant integers", index);
    return found->known("it");
}

std::optional<std::vector<std::int64_t>> Call::integers_of(const char* name, std::size_t index) {
    if (has(index)) return known_integers(index);
    if (has_attribute(name)) return attribute(name).ints;
    return std::nullopt;
}

const AttributeProto& Call::attribute(const char* name) const {
    const auto found = node_.attributes.find(name);
    if (found == node_.attributes.end()) fail("the attribute '{}' is missing", name);
    return found->second;
}

std::int64_t Call::integer(const char* name, std::int64_t otherwise) const {
    return has_attribute(name) ? attribute(name).i : otherwise;
}

double Call::number(const char* name, double otherwise) const {
    if (!has_attribute(name)) return otherwise;
    // 1e-5 where the file holds the nearest f32, so that a network reads the same whichever file it comes
    // from.
    const float value = attribute(name).f;
    if (!std::isfinite(value)) fail("the attribute '{}' must be a finite number", name);
    return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

std::string Call::text(const char* name, const char* otherwise) const {
    return has_attribute(name) ? attribute(name).s : otherwise;
}

std::vector<std::int64_t> Call::list(const char* name, std::vector<std::int64_t> otherwise) const {
    return has_attribute(name) ? attribute(name).ints : otherwise;
}

NodeId Call::add(const graph::Op& op, const std::vector<NodeId>& inputs) {
    return graph_.add(op, inputs, name());
}

NodeId Call::reshape(NodeId x, const std::vector<Extent>& to) { return graph_.reshape(x, to, name()); }

NodeId Call::add_constant(const std::string& name, const Tensor& value) {
    budget_.take(value.size_bytes());
    return graph_.add_constant(name, value);
}

NodeId Call::add_scalar(float value) {
    return graph_.add_constant(name() + ".constant", Tensor::of<float>({}, std::span(&value, 1)));
}

void Call::give(std::variant<NodeId, Tensor, Integers> content, std::size_t index) {
    if (index >= node_.outputs.size() || node_.outputs[index].empty()) return;
    const std::string& output = node_.outputs[index];
    if (const auto* tensor = std::get_if<Tensor>(&content)) budget_.take(tensor->size_bytes());
    if (const auto* integers = std::get_if<Integers>(&content))
        budget_.take(integers->elements.size() * sizeof(Extent));
    const bool added = values_.emplace(output, Value{std::move(content), output}).second;
    if (!added) fail("its output '{}' is already defined", output);
}

void Call::give_dynamic(Dynamic part, std::size_t index) {
    if (index >= node_.outputs.size() || node_.outputs[index].empty()) return;
    give(NodeId::kNone, index);
    values_.find(node_.outputs[index])->second.dynamic = std::move(part);
}

}  // namespace espalier::formats::onnx
