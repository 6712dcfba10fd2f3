#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/export.h"
#include "report/page.h"

namespace espalier::report {
namespace {

constexpr std::string_view kPlace = R"({"espalier":"data"})";
// U+2028 and U+2029, which end a line in JavaScript, share these first two bytes in UTF-8.
constexpr std::string_view kSeparator = "\xE2\x80";

/// JSON that may stand inside a script element: as escapes, these characters occur only in strings.
std::string escape(const std::string& json) {
    std::string text;
    text.reserve(json.size() + json.size() / 16);
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        const bool separator = json.compare(i, 2, kSeparator) == 0 && i + 2 < json.size() &&
                               (json[i + 2] == '\xA8' || json[i + 2] == '\xA9');
        if (c == '<' || c == '>' || c == '&') {
            text += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else if (separator) {
            text += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
            i += 2;
        } else {
            text += c;
        }
    }
    return text;
}

}  // namespace

std::string to_html(const Report& report) {
    const std::string_view page = page_template();
    const auto place = page.find(kPlace);
    if (place == std::string_view::npos) fail("the report's page has no place for the data");
    // Names of files need not be UTF-8; what cannot be read is replaced rather than refused.
    const std::string data =
        escape(to_json(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    std::string html;
    html.reserve(page.size() + data.size());
    html += page.substr(0, place);
    html += data;
    html += page.substr(place + kPlace.size());
    return html;
}

}  // namespace espalier::report
