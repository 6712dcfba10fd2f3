#include "formats/pytorch/call.h"

#include <array>

#include "base/error.h"
#include "formats/pytorch/printable.h"

namespace espalier::formats::pytorch {
namespace {

struct Row {
    std::string_view module;
    std::string_view name;
    Global global;
};

constexpr std::array<Row, 13> kGlobals{{
    {"collections", "OrderedDict", {Callable::kOrderedDict, {}}},
    {"torch", "Size", {Callable::kSize, {}}},
    {"torch._utils", "_rebuild_tensor_v2", {Callable::kRebuildTensor, {}}},
    {"torch._utils", "_rebuild_parameter", {Callable::kRebuildParameter, {}}},
    {"torch", "FloatStorage", {Callable::kStorage, DType::kF32}},
    {"torch", "HalfStorage", {Callable::kStorage, DType::kF16}},
    {"torch", "BFloat16Storage", {Callable::kStorage, DType::kBF16}},
    {"torch", "DoubleStorage", {Callable::kStorage, DType::kF64}},
    {"torch", "LongStorage", {Callable::kStorage, DType::kI64}},
    {"torch", "IntStorage", {Callable::kStorage, DType::kI32}},
    {"torch", "CharStorage", {Callable::kStorage, DType::kI8}},
    {"torch", "ByteStorage", {Callable::kStorage, DType::kU8}},
    {"torch", "BoolStorage", {Callable::kStorage, DType::kBool}},
}};

/// No tensor of a network has more axes.
constexpr std::size_t kMostAxes = 16;

/// The argument `index` as a T, of which `what` is the name.
template <typename T>
const T& argument(const Tuple& arguments, std::size_t index, const Values& values, const char* what) {
    if (index >= arguments.items.size()) fail("{} is missing", what);
    const Value& value = values[arguments.items[index]];
    const T* found = std::get_if<T>(&value);
    if (!found) fail("{} must not be a {}", what, type_name(value));
    return *found;
}

std::vector<std::int64_t> integers(const Tuple& tuple, const Values& values, const char* what) {
    if (tuple.items.size() > kMostAxes) fail("a tensor has more than {} axes", kMostAxes);
    std::vector<std::int64_t> result;
    for (std::size_t i = 0; i < tuple.items.size(); ++i)
        result.push_back(argument<std::int64_t>(tuple, i, values, what));
    return result;
}

Ref append(Values& values, Value value) {
    values.push_back(std::move(value));
    return static_cast<Ref>(values.size() - 1);
}

/// (storage, offset, sizes, strides, requires_grad, backward_hooks[, metadata])
StridedTensor rebuilt(const Tuple& arguments, const Values& values) {
    return {argument<Storage>(arguments, 0, values, "the storage of a tensor"),
            argument<std::int64_t>(arguments, 1, values, "the offset of a tensor"),
            integers(argument<Tuple>(arguments, 2, values, "the sizes of a tensor"), values, "a size"),
            integers(argument<Tuple>(arguments, 3, values, "the strides of a tensor"), values, "a stride")};
}

}  // namespace

std::string_view type_name(const Value& value) {
    constexpr std::array<std::string_view, std::variant_size_v<Value>> kNames{
        "None", "bool", "int", "float", "str", "class", "tuple", "list", "dict", "storage", "tensor"};
    return kNames[value.index()];
}

Global find_global(std::string_view module, std::string_view name) {
    for (const Row& row : kGlobals) {
        if (row.module == module && row.name == name) return row.global;
    }
    if (module == "torch" && name.ends_with("Storage")) {
        fail("tensors of type torch.{} are not supported", printable(name));
    }
    fail(
        "refuses to call {}.{}: a checkpoint of weights holds tensors and needs nothing else, and calling "
        "what a file names would run its author's code. Load it with PyTorch if you trust it, and save the "
        "state_dict() as model.safetensors",
        printable(module), printable(name));
}

Ref call(Global global, Ref list, Values& values) {
    const auto* tuple = std::get_if<Tuple>(&values[list]);
    if (!tuple) fail("the arguments of a call must not be a {}", type_name(values[list]));
    const Tuple& arguments = *tuple;
    switch (global.what) {
        case Callable::kOrderedDict:
            if (!arguments.items.empty()) fail("an OrderedDict is made empty and filled afterwards");
            return append(values, Dict{});
        case Callable::kRebuildTensor:
            return append(values, rebuilt(arguments, values));
        case Callable::kRebuildParameter:
            argument<StridedTensor>(arguments, 0, values, "the data of a parameter");
            return arguments.items[0];
        case Callable::kSize:
            argument<Tuple>(arguments, 0, values, "a torch.Size");
            return arguments.items[0];
        case Callable::kStorage:
            break;
    }
    fail("refuses to call the type of a storage");
}

Storage storage_of(const Tuple& id, const Values& values) {
    if (argument<std::string_view>(id, 0, values, "the kind of a persistent id") != "storage") {
        fail("a persistent id must name a storage");
    }
    const Global& type = argument<Global>(id, 1, values, "the type of a storage");
    if (type.what != Callable::kStorage) fail("a storage has a type that is none");
    return {argument<std::string_view>(id, 2, values, "the key of a storage"), type.dtype,
            argument<std::int64_t>(id, 4, values, "the number of elements of a storage")};
}

}  // namespace espalier::formats::pytorch
