#include "datasets/class_names.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "base/suggest.h"

namespace espalier::datasets {
namespace {

constexpr int kUnknown = -1;
constexpr int kAmbiguous = -2;

/// Lower case, '_' and '-' as spaces, no space at either end.
std::string plain(std::string_view text) {
    std::string result;
    for (const char c : text) {
        result += c == '_' || c == '-' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    const auto first = result.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    return result.substr(first, result.find_last_not_of(' ') - first + 1);
}

/// Names -> class index; a name of two classes is ambiguous and names neither.
class Names {
  public:
    void add(const std::string& name, int label) {
        const auto [at, added] = labels_.emplace(name, label);
        if (!added && at->second != label) at->second = kAmbiguous;
    }
    int find(const std::string& name) const {
        const auto found = labels_.find(name);
        return found == labels_.end() ? kUnknown : found->second;
    }

  private:
    std::map<std::string, int> labels_;
};

/// From the strictest reading of labels to the most lenient.
std::vector<int> match_by_name(const std::vector<std::string>& folders,
                               const std::vector<std::string>& labels) {
    Names exact, whole, synonyms;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const int label = static_cast<int>(i);
        exact.add(labels[i], label);
        whole.add(plain(labels[i]), label);
        for (std::size_t at = 0; at <= labels[i].size();) {
            const std::size_t comma = std::min(labels[i].find(',', at), labels[i].size());
            synonyms.add(plain(std::string_view(labels[i]).substr(at, comma - at)), label);
            at = comma + 1;
        }
    }
    std::vector<int> found;
    for (const std::string& folder : folders) {
        int label = exact.find(folder);
        if (label == kUnknown) label = whole.find(plain(folder));
        if (label == kUnknown) label = synonyms.find(plain(folder));
        found.push_back(label);
    }
    return found;
}

std::optional<std::vector<int>> match_by_index(const std::vector<std::string>& folders, std::size_t classes) {
    std::vector<int> found;
    for (const std::string& folder : folders) {
        int index = 0;
        const auto [end, problem] = std::from_chars(folder.data(), folder.data() + folder.size(), index);
        const bool whole = problem == std::errc() && end == folder.data() + folder.size();
        if (!whole || index < 0 || static_cast<std::size_t>(index) >= classes) return std::nullopt;
        found.push_back(index);
    }
    return found;
}

[[noreturn]] void fail_unmatched(const std::vector<std::string>& folders, const std::vector<int>& found,
                                 const std::vector<std::string>& labels, const std::string& source) {
    constexpr std::size_t kListed = 8;
    std::string listed;
    std::size_t unmatched = 0;
    for (std::size_t i = 0; i < folders.size(); ++i) {
        if (found[i] >= 0) continue;
        if (++unmatched > kListed) continue;
        const char* reason = found[i] == kAmbiguous ? " (names more than one label)" : "";
        listed += fmt::format("{}\"{}\"{}{}", listed.empty() ? "" : ", ", folders[i], reason,
                              suggestion(folders[i], labels));
    }
    if (unmatched > kListed) listed += fmt::format(" and {} more", unmatched - kListed);
    fail_usage(
        "{}: {} of {} class folders are not labels of the model: {}. The model has {} labels, such as "
        "\"{}\". Name the "
        "folders as the labels or as class indices, or describe the images in labels.csv (file,class_index)",
        source, unmatched, folders.size(), listed, labels.size(), labels.front());
}

}  // namespace

std::vector<int> match_classes(const std::vector<std::string>& folders,
                               const std::vector<std::string>& labels, const std::string& source) {
    std::vector<int> found = match_by_name(folders, labels);
    if (std::ranges::all_of(found, [](int label) { return label >= 0; })) return found;
    const bool none = std::ranges::all_of(found, [](int label) { return label == kUnknown; });
    if (none) {
        if (auto indices = match_by_index(folders, labels.size())) return *indices;
    }
    if (none && folders.size() == labels.size()) {
        log::warn(
            "{}: no class folder is named as a label of the model; its {} folders in sorted order are taken "
            "for the {} classes in order",
            source, folders.size(), labels.size());
        std::iota(found.begin(), found.end(), 0);
        return found;
    }
    fail_unmatched(folders, found, labels, source);
}

}  // namespace espalier::datasets
