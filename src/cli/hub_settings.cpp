#include "cli/hub_settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace espalier::cli {
namespace {

namespace fs = std::filesystem;

bool is_variable_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Replaces a leading "~" and every $NAME or ${NAME} that is set.
std::string expand(std::string text, const Environment& environment) {
    if (text == "~" || text.starts_with("~/")) text.replace(0, 1, environment("HOME"));
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '$') {
            result += text[i];
            continue;
        }
        const bool braced = i + 1 < text.size() && text[i + 1] == '{';
        const std::size_t first = i + (braced ? 2 : 1);
        std::size_t last = first;
        while (last < text.size() && is_variable_character(text[last])) ++last;
        const std::string value = environment(text.substr(first, last - first).c_str());
        const bool closed = !braced || (last < text.size() && text[last] == '}');
        if (value.empty() || !closed) {
            result += text[i];
            continue;
        }
        result += value;
        i = braced ? last : last - 1;
    }
    return result;
}

/// The first variable that is set, expanded; else `otherwise`.
std::string path_from(const Environment& environment, std::initializer_list<const char*> names,
                      const std::string& otherwise) {
    for (const char* name : names) {
        if (const std::string value = environment(name); !value.empty()) return expand(value, environment);
    }
    return otherwise;
}

std::string home_of(const Environment& environment) {
    return path_from(environment, {"HF_HOME"}, cache_home(environment) + "/huggingface");
}

/// Without line ends and blanks around it, which files and copied texts often have.
std::string cleaned(std::string token) {
    std::erase_if(token, [](char c) { return c == '\r' || c == '\n'; });
    const auto first = token.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return token.substr(first, token.find_last_not_of(' ') - first + 1);
}

std::string read_token(const Environment& environment, const std::string& home) {
    constexpr std::size_t kLongestToken = 4096;
    if (means_yes(environment("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return "";
    for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
        if (std::string token = cleaned(environment(name)); !token.empty()) return token;
    }
    const std::string path = path_from(environment, {"HF_TOKEN_PATH"}, home + "/token");
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) ? cleaned(read_text_file(path, kLongestToken)) : "";
}

int seconds_from(const Environment& environment, const char* name, int otherwise) {
    const std::string text = environment(name);
    int value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty()) return otherwise;
    if (problem != std::errc() || end != text.data() + text.size() || value < 0 || value > 86'400) {
        fail_usage("{} is '{}'; a number of seconds was expected", name, text);
    }
    return value == 0 ? otherwise : value;
}

std::string endpoint_from(const Environment& environment, const std::string& otherwise) {
    std::string endpoint = environment("HF_ENDPOINT");
    if (endpoint.empty()) return otherwise;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    if (!endpoint.starts_with("https://") && !endpoint.starts_with("http://")) {
        fail_usage("HF_ENDPOINT is '{}'; an address that begins with https:// was expected", endpoint);
    }
    return endpoint;
}

}  // namespace

std::string cache_home(const Environment& environment) {
    return path_from(environment, {"XDG_CACHE_HOME"}, expand("~/.cache", environment));
}

std::string environment_variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool means_yes(const std::string& text) {
    std::string upper(text);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return upper == "1" || upper == "ON" || upper == "YES" || upper == "TRUE";
}

hub::Settings hub_settings(const Globals& globals, const Environment& environment) {
    hub::Settings settings;
    const std::string home = home_of(environment);
    settings.endpoint = endpoint_from(environment, settings.endpoint);
    settings.cache =
        fs::absolute(path_from(environment, {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}, home + "/hub"));
    settings.token = read_token(environment, home);
    settings.certificates =
        path_from(environment, {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}, "");
    const std::string offline = environment("HF_HUB_OFFLINE");
    settings.offline =
        globals.offline || means_yes(offline.empty() ? environment("TRANSFORMERS_OFFLINE") : offline);
    settings.symlinks = !means_yes(environment("HF_HUB_DISABLE_SYMLINKS"));
    settings.answer_timeout_s = seconds_from(environment, "HF_HUB_ETAG_TIMEOUT", settings.answer_timeout_s);
    settings.silence_timeout_s =
        seconds_from(environment, "HF_HUB_DOWNLOAD_TIMEOUT", settings.silence_timeout_s);
    settings.pause = [](Seconds pause) { MonotonicClock().sleep(pause); };
    return settings;
}

}  // namespace espalier::cli
