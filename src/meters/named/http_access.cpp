#include "meters/named/http_access.h"

#include <fmt/format.h>

#include "base/error.h"
#include "meters/named/source_error.h"
#include "net/url.h"

namespace espalier::meters {
namespace {

/// Longer than any answer of a device in the same house takes; a second try comes with the next reading.
constexpr int kTimeout_s = 5;
/// An exporter's page is a few hundred kilobytes.
constexpr std::size_t kLongestAnswer = std::size_t{8} << 20;

constexpr const char* kLoginFix =
    "name it as KIND://USER:PASSWORD@HOST, or set a variable to USER:PASSWORD and add ?login=VARIABLE";

[[noreturn]] void refuse(const net::Response& response, const std::string& base) {
    if (!response.failure.empty()) {
        const State state = response.unreachable ? State::kAbsent : State::kBroken;
        throw SourceError({state, fmt::format("{}: {}", base, response.failure),
                           "is it switched on, and does this machine reach it?"});
    }
    if (response.status == 401 || response.status == 403)
        throw SourceError({State::kNoPermission,
                           fmt::format("{} asks for a login (status {})", base, response.status), kLoginFix});
    broken(fmt::format("{} answers with status {}", base, response.status),
           "is it of this kind, and is the address right?");
}

}  // namespace

Tls tls_of(const MeterSpec& spec, Tls usual) {
    const std::string text = spec.option("tls");
    if (text.empty()) return usual;
    if (text == "off") return Tls::kOff;
    if (text == "on") return Tls::kOn;
    if (text == "insecure") return Tls::kUnverified;
    fail_usage("option 'tls' of a meter is off, on or insecure (any certificate is trusted); got '{}'", text);
}

std::string HttpAccess::origin(const MeterSpec& spec, Tls tls) {
    const HostPort at = host_and_port(spec, tls == Tls::kOff ? 80 : 443);
    const bool v6 = at.host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", tls == Tls::kOff ? "http" : "https", v6 ? "[" : "", at.host,
                       v6 ? "]" : "", at.port);
}

HttpAccess::HttpAccess(std::string base, std::string credentials, net::Login login, bool verify)
    : base_(std::move(base)),
      credentials_(std::move(credentials)),
      login_(login),
      verify_(verify),
      client_(std::make_unique<net::HttpClient>("")) {}

net::Request HttpAccess::request(const std::string& target) const {
    net::Request request{.url = base_ + target};
    request.silence_timeout_s = kTimeout_s;
    request.whole_timeout_s = kTimeout_s;
    request.verify = verify_;
    if (!login_in_query_) {
        request.credentials = credentials_;
        request.login = login_;
    } else if (!credentials_.empty()) {
        const auto colon = credentials_.find(':');
        request.url += fmt::format("&user={}&password={}", net::encode(credentials_.substr(0, colon)),
                                   net::encode(credentials_.substr(colon + 1)));
    }
    return request;
}

std::string HttpAccess::get(const std::string& target) {
    std::string body;
    const auto response =
        client_->perform(request(target), [&](const net::Response&, std::string_view piece) {
            body += piece;
            return body.size() <= kLongestAnswer;
        });
    if (!response.ok()) refuse(response, base_);
    if (body.size() > kLongestAnswer) broken(fmt::format("{} answers without end", base_));
    return body;
}

}  // namespace espalier::meters
