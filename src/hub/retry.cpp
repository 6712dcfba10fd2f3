#include "hub/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace espalier::hub {
namespace {

constexpr int kAttempts = 5;
constexpr Seconds kLongestPause{120.0};

bool may_pass(const net::Response& response) {
    if (!response.failure.empty()) return !response.unreachable;
    return response.status == 408 || response.status == 429 || response.status >= 500;
}

/// Retry-After as seconds or as a date (RFC 9110, 10.2.3).
std::optional<Seconds> demanded_pause(const net::Response& response) {
    const std::string text = response.header("retry-after");
    int seconds = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (!text.empty() && problem == std::errc() && end == text.data() + text.size()) {
        return Seconds(std::max(0, seconds));
    }
    const std::time_t date = text.empty() ? -1 : curl_getdate(text.c_str(), nullptr);
    if (date < 0) return std::nullopt;
    return Seconds(std::max(0.0, std::difftime(date, std::time(nullptr))));
}

}  // namespace

std::optional<Seconds> pause_before_retry(const net::Response& response, int attempt) {
    if (!may_pass(response) || attempt >= kAttempts) return std::nullopt;
    const Seconds pause = demanded_pause(response).value_or(Seconds(static_cast<double>(1 << (attempt - 1))));
    if (pause > kLongestPause) return std::nullopt;
    return pause;
}

}  // namespace espalier::hub
