#include "hub/client.h"

#include <charconv>

#include "base/error.h"
#include "base/log.h"
#include "hub/printable.h"
#include "hub/refusal.h"
#include "hub/retry.h"
#include "net/url.h"

namespace espalier::hub {
namespace {

constexpr int kMostRedirects = 8;
constexpr std::size_t kLongestAnswer = std::size_t{64} << 20;

/// Whether a redirect already says what the file is, so that its target need not be asked.
bool has_metadata(const net::Response& response) { return !response.header("x-linked-etag").empty(); }

/// ETag without its quotes and its mark of weakness, as it names the blob.
std::string blob_name(std::string etag) {
    if (etag.starts_with("W/")) etag.erase(0, 2);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    return etag;
}

/// Letters, digits, "-" and "_": nothing that could lead out of the folder of blobs.
bool is_blob_name(std::string_view name) {
    constexpr std::string_view kPlain = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    return !name.empty() && name.size() <= 128 && name.find_first_not_of(kPlain) == std::string_view::npos;
}

std::optional<std::int64_t> number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || problem != std::errc() || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

std::optional<std::int64_t> size_in(const net::Response& response) {
    if (const auto linked = number(response.header("x-linked-size"))) return linked;
    if (response.redirects() || !response.header("content-encoding").empty()) return std::nullopt;
    return number(response.header("content-length"));
}

template <typename Value>
void check_same(const Value& listed, const Value& answered, const char* what, const std::string& url) {
    if (listed == answered) return;
    fail("the Hub contradicts itself about {}: its list says {} {}, the file's own answer {}", url, what,
         printable(fmt::format("{}", listed)), printable(fmt::format("{}", answered)));
}

/// Name of the blob, as both the list and the file's own answer have it.
std::string agreed_blob(const ListedFile& listed, const net::Response& response, const std::string& url) {
    const std::string linked = response.header("x-linked-etag");
    const std::string name = blob_name(linked.empty() ? response.header("etag") : linked);
    if (!is_blob_name(name)) fail("{} has no usable ETag ('{}'); is this a Hub?", url, printable(name));
    if (!listed.hash.empty()) check_same(listed.hash, name, "hash", url);
    return name;
}

std::int64_t agreed_size(const ListedFile& listed, const net::Response& response, const std::string& url) {
    const auto bytes = size_in(response);
    if (!bytes && !listed.bytes) fail("{}: the server does not say how long the file is", url);
    if (bytes && listed.bytes) check_same(*listed.bytes, *bytes, "bytes", url);
    return bytes ? *bytes : *listed.bytes;
}

}  // namespace

Client::Client(const Settings& settings) : settings_(settings), http_(settings.certificates) {}

net::Response Client::send(net::Request request, const net::Sink& sink, bool stop_at_metadata) {
    const std::string home = net::origin_of(settings_.endpoint);
    const auto headers = request.headers;
    for (int hop = 0; hop <= kMostRedirects; ++hop) {
        const bool at_home = net::origin_of(request.url) == home;
        request.headers = headers;
        if (at_home && !settings_.token.empty()) {
            request.headers.push_back("Authorization: Bearer " + settings_.token);
        }
        net::Response response = http_.perform(request, sink);
        reached_ = reached_ || response.status != 0;
        if (reached_) response.unreachable = false;
        if (!response.redirects()) return response;
        const std::string target = net::resolve_url(request.url, response.header("location"));
        if (request.url.starts_with("https:") && !target.starts_with("https:")) {
            fail("{} leads to {}, which is not encrypted; it is not followed", request.url, target);
        }
        if (stop_at_metadata && has_metadata(response) && net::origin_of(target) != home) return response;
        request.url = target;
    }
    fail("{} leads from place to place, more than {} times", request.url, kMostRedirects);
}

void Client::pause_or_fail(const net::Response& response, int attempt, const Reference& reference,
                           const std::string& what) {
    const auto pause = pause_before_retry(response, attempt);
    if (!pause) refuse(response, reference, what, settings_);
    const std::string cause =
        response.failure.empty() ? fmt::format("status {}", response.status) : response.failure;
    log::info("{}: {}; trying again in {:.0f} s", what, cause, pause->value());
    settings_.pause(*pause);
}

net::Response Client::send_patiently(const net::Request& request, const Reference& reference,
                                     const std::string& what, std::string& body) {
    const net::Sink collect = [&](const net::Response&, std::string_view piece) {
        if (body.size() + piece.size() > kLongestAnswer) {
            fail("{} answered with more than {} MB", request.url, kLongestAnswer >> 20);
        }
        body += piece;
        return true;
    };
    for (int attempt = 1;; ++attempt) {
        body.clear();
        net::Response response = send(request, collect, request.head);
        if (response.failure.empty() && (response.ok() || response.redirects())) return response;
        pause_or_fail(response, attempt, reference, what);
    }
}

Listing Client::list(const Reference& reference) {
    net::Request request;
    request.url = fmt::format("{}/api/models/{}/revision/{}?blobs=true", settings_.endpoint, reference.id,
                              net::encode(reference.revision));
    request.silence_timeout_s = settings_.answer_timeout_s;
    // A long list may take longer than an answer of a few headers.
    request.whole_timeout_s = 6 * settings_.answer_timeout_s;
    std::string body;
    send_patiently(request, reference, "the list of files", body);
    return parse_listing(body, request.url);
}

RemoteFile Client::look_up(const Reference& reference, const std::string& commit, const ListedFile& listed) {
    check_file_name(listed.path);
    net::Request request;
    request.url = fmt::format("{}/{}/resolve/{}/{}", settings_.endpoint, reference.id, commit,
                              net::encode(listed.path, "/"));
    request.head = true;
    request.silence_timeout_s = request.whole_timeout_s = settings_.answer_timeout_s;
    std::string no_body;
    const net::Response response = send_patiently(request, reference, listed.path, no_body);
    if (const auto said = response.header("x-repo-commit"); !said.empty()) {
        check_same(commit, said, "commit", request.url);
    }
    return {listed.path, request.url, agreed_blob(listed, response, request.url),
            agreed_size(listed, response, request.url)};
}

net::Response Client::get(const std::string& url, std::int64_t offset, const net::Sink& sink) {
    net::Request request;
    request.url = url;
    request.silence_timeout_s = settings_.silence_timeout_s;
    if (offset > 0) request.headers.push_back(fmt::format("Range: bytes={}-", offset));
    return send(request, sink, false);
}

}  // namespace espalier::hub
