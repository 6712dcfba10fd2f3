#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::models {

/// Smallest and largest value that is accepted.
struct Limits {
    std::int64_t least = 1;
    std::int64_t most = 1 << 16;
};

/// Smallest and largest number of elements that a list may have.
struct Count {
    std::size_t least = 1;
    std::size_t most = 64;
};

/// Height and width in pixels.
struct Pixels {
    std::int64_t height = 0;
    std::int64_t width = 0;
    bool operator==(const Pixels&) const = default;
};

/// A Hugging Face config.json with typed access. A key that is absent or null takes the default that the
/// caller gives, which is the default of the model's configuration class. Every error names the file and the
/// key.
class Config {
  public:
    /// Throws Error when the text is not a JSON object.
    Config(std::string_view text, std::string source);

    bool has(std::string_view key) const;
    /// All keys, in alphabetical order.
    std::vector<std::string> keys() const;
    std::int64_t integer(std::string_view key, std::int64_t otherwise, Limits limits = {}) const;
    double number(std::string_view key, double otherwise, double least, double most) const;
    bool flag(std::string_view key, bool otherwise) const;
    std::string text(std::string_view key, std::string_view otherwise) const;
    /// Lists, with as many elements as `count` admits.
    std::vector<std::int64_t> integers(std::string_view key, std::vector<std::int64_t> otherwise,
                                       Limits limits = {}, Count count = {}) const;
    std::vector<double> numbers(std::string_view key, std::vector<double> otherwise, double least,
                                double most, Count count = {}) const;
    std::vector<bool> flags(std::string_view key, std::vector<bool> otherwise, Count count = {}) const;
    std::vector<std::string> texts(std::string_view key, std::vector<std::string> otherwise,
                                   Count count = {}) const;
    /// One number for both edges, or [height, width].
    Pixels pixels(std::string_view key, std::int64_t otherwise) const;

    /// Names of the classes in order, from id2label, whose keys must be 0, 1, 2, ... without a gap; LABEL_0,
    /// LABEL_1, ... where it is absent but num_labels is given; nothing where both are absent. timm's form of
    /// the file has label_names and num_classes instead.
    std::optional<std::vector<std::string>> labels() const;

    /// The class that the checkpoint was saved from, architectures[0]; empty where it is not given.
    std::string architecture() const;

    /// The object under `key`, or an empty one where it is absent.
    Config object(std::string_view key) const;

    const std::string& source() const { return source_; }

    /// Throws Error: `key` must be `expected`, which it is not.
    [[noreturn]] void wrong(std::string_view key, std::string_view expected) const;

  private:
    Config() = default;
    const nlohmann::json* find(std::string_view key) const;
    /// The list under `key`, or nullptr where it is absent. Throws Error unless it has as many elements as
    /// `count` admits.
    const nlohmann::json* list(std::string_view key, Count count) const;

    std::string source_;
    std::shared_ptr<const nlohmann::json> json_;
};

}  // namespace espalier::models
