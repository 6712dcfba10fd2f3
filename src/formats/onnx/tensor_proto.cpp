#include <array>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "formats/onnx/proto_reader.h"

namespace espalier::formats::onnx {
namespace {

/// TensorProto.DataType.
constexpr std::array<std::pair<int, DType>, 9> kDataTypes{{{1, DType::kF32},
                                                           {2, DType::kU8},
                                                           {3, DType::kI8},
                                                           {6, DType::kI32},
                                                           {7, DType::kI64},
                                                           {9, DType::kBool},
                                                           {10, DType::kF16},
                                                           {11, DType::kF64},
                                                           {16, DType::kBF16}}};

constexpr std::size_t kMostAxes = 16;

template <typename T>
void store(Tensor& tensor, std::size_t index, T value) {
    std::memcpy(tensor.mutable_bytes().data() + index * sizeof(T), &value, sizeof(T));
}

/// int32_data and int64_data hold every integer type, and the bit patterns of the 16-bit floats.
Tensor from_integers(DType dtype, const Shape& shape, const std::vector<std::int64_t>& values) {
    Tensor tensor = Tensor::allocate(dtype, shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
        switch (size_of(dtype)) {
            case 1:
                store(tensor, i, static_cast<std::int8_t>(values[i]));
                break;
            case 2:
                store(tensor, i, static_cast<std::int16_t>(values[i]));
                break;
            case 4:
                store(tensor, i, static_cast<std::int32_t>(values[i]));
                break;
            default:
                store(tensor, i, values[i]);
                break;
        }
    }
    return tensor;
}

}  // namespace

std::optional<DType> dtype_of(std::int64_t data_type) {
    for (const auto& [number, dtype] : kDataTypes) {
        if (number == data_type) return dtype;
    }
    return std::nullopt;
}

std::int64_t data_type_of(DType dtype) {
    for (const auto& [number, candidate] : kDataTypes) {
        if (candidate == dtype) return number;
    }
    fail("ONNX has no number for the element type {}", name(dtype));
}

/// A TensorProto as its fields stand in the file. At most one of the data fields is used.
struct ProtoReader::RawTensor {
    std::string name;
    std::int64_t data_type = 0;
    std::vector<std::int64_t> dims;
    std::span<const std::byte> raw;
    std::span<const std::byte> typed;    ///< packed float_data or double_data
    std::vector<std::int64_t> integers;  ///< int32_data or int64_data
    std::vector<float> floats;           ///< float_data that is not packed
    bool has_raw = false;
    bool is_external = false;
    std::map<std::string, std::string> location;
};

Tensor ProtoReader::external(const RawTensor& raw, DType dtype, const Shape& shape) {
    const auto number = [&](const char* key, std::uint64_t otherwise) {
        const auto found = raw.location.find(key);
        if (found == raw.location.end()) return otherwise;
        std::uint64_t value = 0;
        const std::string& text = found->second;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
            fail("'{}' must be a number, not '{}'", key, text);
        return value;
    };
    const auto found = raw.location.find("location");
    const std::filesystem::path relative = found == raw.location.end() ? "" : found->second;
    bool inside = !relative.empty() && relative.is_relative();
    for (const auto& part : relative) inside = inside && part != "..";
    if (!inside)
        fail("its external data must lie in a file below the model's folder, not in '{}'", relative.string());
    auto& file = external_files_[relative.string()];
    if (!file) file = MappedFile::open(path_.parent_path() / relative);
    const std::uint64_t begin = number("offset", 0);
    const auto size = static_cast<std::uint64_t>(shape.elements()) * size_of(dtype);
    const std::uint64_t length = number("length", size);
    if (length != size || begin > file->bytes().size() || size > file->bytes().size() - begin) {
        fail("its {} bytes at {} do not fit into {} of {} bytes", length, begin, relative.string(),
             file->bytes().size());
    }
    return Tensor::view(
        dtype, shape, file->bytes().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)),
        file);
}

TensorProto ProtoReader::tensor(WireReader reader) {
    count_message(reader);
    RawTensor raw;
    // Numbers in a list take at least a byte each, so the file's own size bounds what is read here.
    const std::size_t most_numbers = file_.bytes.size();
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                reader.append_integers(raw.dims, kMostAxes);
                break;
            case 2:
                raw.data_type = reader.integer();
                break;
            case 4:
                reader.append_floats(raw.floats, most_numbers);
                break;
            case 5:
            case 7:
                reader.append_integers(raw.integers, most_numbers);
                break;
            case 8:
                raw.name = reader.text();
                break;
            case 9:
                raw.raw = reader.bytes();
                raw.has_raw = true;
                break;
            case 10:
                raw.typed = reader.bytes();
                break;
            case 13: {
                std::string key, value;
                for (WireReader entry = reader.message(); entry.next();) {
                    if (entry.field() == 1) key = entry.text();
                    if (entry.field() == 2) value = entry.text();
                }
                if (raw.location.size() < 16) raw.location[key] = value;
                break;
            }
            case 14:
                raw.is_external = reader.integer() == 1;
                break;
            default:
                break;
        }
    }
    try {
        const auto dtype = dtype_of(raw.data_type);
        if (!dtype) fail("the element type {} is not supported", raw.data_type);
        const Shape shape(raw.dims);
        const auto expect = [&](std::size_t count) {
            if (static_cast<std::int64_t>(count) != shape.elements()) {
                fail("a shape of {} needs {} elements, but there are {}", shape.str(), shape.elements(),
                     count);
            }
        };
        if (raw.is_external) return {raw.name, external(raw, *dtype, shape)};
        if (raw.has_raw) return {raw.name, Tensor::view(*dtype, shape, raw.raw, file_.owner)};
        if (*dtype == DType::kF32) {
            expect(raw.floats.size());
            return {raw.name, Tensor::of<float>(shape, raw.floats)};
        }
        if (*dtype == DType::kF64) return {raw.name, Tensor::view(*dtype, shape, raw.typed, file_.owner)};
        expect(raw.integers.size());
        return {raw.name, from_integers(*dtype, shape, raw.integers)};
    } catch (const Error& error) {
        fail("{}: tensor '{}': {}", path_.string(), raw.name, error.what());
    }
}

}  // namespace espalier::formats::onnx
