#include "formats/safetensors/header.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

namespace espalier::formats {
namespace {

/// No tensor of the format has more axes; a list of extents is cut off here.
constexpr std::size_t kMaxRank = 16;

/// Follows the JSON text event by event. `depth_` counts open objects; `list_` is the open array.
class HeaderParser {
  public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    HeaderParser(const std::string& source, SafetensorsHeader& header) : source_(source), header_(header) {}

    bool start_object(std::size_t) {
        if (list_ || depth_ > 1 || (depth_ == 1 && name_.empty())) unexpected("an object");
        if (++depth_ == 2 && !in_metadata()) header_.entries.push_back({name_, {}, {}, {}});
        keys_.clear();
        return true;
    }
    bool end_object() {
        if (depth_ == 2 && !in_metadata() && keys_.size() != 3) {
            reject("it needs the keys dtype, shape and data_offsets");
        }
        --depth_;
        return true;
    }
    bool key(string_t& text) {
        if (depth_ == 1) {
            name_ = text;
            key_.clear();
            if (!names_.insert(text).second) reject("the name occurs twice");
            return true;
        }
        key_ = text;
        if (!in_metadata() && text != "dtype" && text != "shape" && text != "data_offsets") {
            reject(fmt::format("unknown key '{}'", text));
        }
        if (!keys_.insert(text).second) reject(fmt::format("the key '{}' occurs twice", text));
        return true;
    }
    bool string(string_t& text) {
        if (depth_ == 2 && in_metadata()) {
            header_.metadata[key_] = text;
        } else if (depth_ == 2 && key_ == "dtype" && !list_) {
            header_.entries.back().dtype = text;
        } else {
            unexpected("a string");
        }
        return true;
    }
    bool start_array(std::size_t) {
        if (depth_ != 2 || in_metadata() || list_ || (key_ != "shape" && key_ != "data_offsets"))
            unexpected("a list");
        list_ = key_ == "shape" ? &header_.entries.back().shape : &header_.entries.back().offsets;
        return true;
    }
    bool end_array() {
        list_ = nullptr;
        return true;
    }
    bool number_unsigned(number_unsigned_t value) {
        if (!list_) unexpected("a number");
        if (list_->size() == kMaxRank) reject(fmt::format("'{}' has more than {} numbers", key_, kMaxRank));
        if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
            reject(fmt::format("{} in '{}' is too large", value, key_));
        }
        list_->push_back(static_cast<std::int64_t>(value));
        return true;
    }
    bool number_integer(number_integer_t value) {
        reject(fmt::format("{} in '{}' must not be negative", value, key_));
    }
    bool number_float(number_float_t, const string_t& text) {
        reject(fmt::format("{} in '{}' must be an integer", text, key_));
    }
    bool null() { unexpected("null"); }
    bool boolean(bool) { unexpected("a boolean"); }
    bool binary(binary_t&) { unexpected("binary data"); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
        fail("{}: the header is not valid JSON: {}", source_, error.what());
    }

  private:
    bool in_metadata() const { return name_ == "__metadata__"; }

    [[noreturn]] void reject(const std::string& why) const {
        fail("{}: the entry of tensor '{}' in the header is wrong: {}", source_, name_, why);
    }
    [[noreturn]] void unexpected(const char* what) const {
        if (depth_ == 0) fail("{}: the header must be a JSON object, not {}", source_, what);
        reject(fmt::format("{} is not expected there", what));
    }

    const std::string& source_;
    SafetensorsHeader& header_;
    int depth_ = 0;
    std::vector<std::int64_t>* list_ = nullptr;
    std::string name_;
    std::string key_;
    std::set<std::string> names_;
    std::set<std::string> keys_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& source) {
    SafetensorsHeader header;
    HeaderParser parser(source, header);
    nlohmann::json::sax_parse(text, &parser);
    return header;
}

}  // namespace espalier::formats
