#include "net/url.h"

#include <curl/curl.h>

#include <charconv>
#include <memory>

#include "base/error.h"

namespace espalier::net {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url parse(const std::string& text) {
    Url url(curl_url(), curl_url_cleanup);
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
        fail("'{}' is no web address", text);
    }
    return url;
}

std::string part(const Url& url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
    return text;
}

bool is_unreserved(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

}  // namespace

std::string resolve_url(const std::string& base, const std::string& location) {
    const Url url = parse(base);
    if (curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
        fail("{} leads to '{}', which is no web address", base, location);
    }
    char* text = nullptr;
    if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) fail("not enough memory");
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
    return text;
}

std::string origin_of(const std::string& url) {
    const Url parsed = parse(url);
    return fmt::format("{}://{}:{}", part(parsed, CURLUPART_SCHEME), part(parsed, CURLUPART_HOST),
                       part(parsed, CURLUPART_PORT));
}

std::string encode(std::string_view text, std::string_view keep) {
    std::string result;
    for (const char c : text) {
        if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
            result += c;
        } else {
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

std::string decode(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* first = text.data() + i + 1;
        const bool escape = text[i] == '%' && i + 2 < text.size() &&
                            std::from_chars(first, first + 2, value, 16).ptr == first + 2;
        result += escape ? static_cast<char>(value) : text[i];
        if (escape) i += 2;
    }
    return result;
}

}  // namespace espalier::net
