#include "net/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <exception>

#include "base/error.h"
#include "base/version.h"

namespace espalier::net {
namespace {

/// A server that sends headers without end must not fill the memory.
constexpr std::size_t kMostHeaderBytes = std::size_t{1} << 20;

/// What the callbacks of one transfer share. No exception may pass through the C library.
struct Transfer {
    Response response;
    const Sink* sink = nullptr;
    std::size_t header_bytes = 0;
    bool ended = false;  ///< by the sink
    std::exception_ptr thrown;
};

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

std::string_view trimmed(std::string_view text) {
    constexpr const char* kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return "";
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
    Transfer& transfer = *static_cast<Transfer*>(user);
    try {
        const std::string_view line(data, size);
        transfer.header_bytes += size;
        if (transfer.header_bytes > kMostHeaderBytes) return CURL_WRITEFUNC_ERROR;
        // A status line begins another answer: what came before was interim, e.g. from a proxy.
        if (line.starts_with("HTTP/")) transfer.response.headers.clear();
        if (const auto colon = line.find(':'); colon != std::string_view::npos) {
            transfer.response.headers[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
        }
        return size;
    } catch (...) {
        transfer.thrown = std::current_exception();
        return CURL_WRITEFUNC_ERROR;
    }
}

struct BodyContext {
    Transfer* transfer;
    CURL* curl;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
    const BodyContext& context = *static_cast<BodyContext*>(user);
    Transfer& transfer = *context.transfer;
    try {
        curl_easy_getinfo(context.curl, CURLINFO_RESPONSE_CODE, &transfer.response.status);
        if (!transfer.response.ok()) return size;
        if ((*transfer.sink)(transfer.response, std::string_view(data, size))) return size;
        transfer.ended = true;
    } catch (...) {
        transfer.thrown = std::current_exception();
    }
    return CURL_WRITEFUNC_ERROR;
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

HeaderList header_list(const std::vector<std::string>& headers) {
    HeaderList list(nullptr, curl_slist_free_all);
    for (const std::string& header : headers) {
        curl_slist* longer = curl_slist_append(list.get(), header.c_str());
        if (!longer) fail("not enough memory");
        (void)list.release();
        list.reset(longer);
    }
    return list;
}

void configure(CURL* curl, const Request& request, const std::string& certificates) {
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOBODY, request.head ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, fmt::format("espalier/{}", kVersion).c_str());
    // Asks for the bytes as they are, and still undoes a compression that a server applies unasked.
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.silence_timeout_s));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.silence_timeout_s));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(request.whole_timeout_s));
    if (!certificates.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, certificates.c_str());
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, request.verify ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, request.verify ? 2L : 0L);
    if (request.credentials.empty()) return;
    curl_easy_setopt(curl, CURLOPT_USERPWD, request.credentials.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH,
                     request.login == Login::kDigest ? CURLAUTH_DIGEST : CURLAUTH_BASIC);
}

/// No name, no route, no trust: what another try a second later rarely changes.
bool is_unreachable(CURLcode code) {
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR ||
           code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
}

}  // namespace

struct HttpClient::Handle {
    CURL* curl = curl_easy_init();
    ~Handle() { curl_easy_cleanup(curl); }
};

bool Response::redirects() const {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string Response::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
}

HttpClient::HttpClient(std::string certificates)
    : certificates_(std::move(certificates)), handle_(std::make_unique<Handle>()) {
    if (!handle_->curl) fail("libcurl cannot be initialized");
}

HttpClient::~HttpClient() = default;

Response HttpClient::perform(const Request& request, const Sink& sink) {
    CURL* curl = handle_->curl;
    configure(curl, request, certificates_);
    const HeaderList headers = header_list(request.headers);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    Transfer transfer;
    transfer.sink = &sink;
    BodyContext context{&transfer, curl};
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &context);
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    const CURLcode code = curl_easy_perform(curl);
    // The buffer ends with this function.
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
    if (transfer.thrown) std::rethrow_exception(transfer.thrown);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.response.status);
    if (code != CURLE_OK && !transfer.ended) {
        transfer.response.failure = *detail ? detail : curl_easy_strerror(code);
        transfer.response.unreachable = is_unreachable(code);
    }
    return std::move(transfer.response);
}

}  // namespace espalier::net
