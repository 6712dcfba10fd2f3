#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::net {

/// How a user and a password are sent. Digest asks twice, but never shows the password.
enum class Login { kBasic, kDigest };

/// One request; redirects are not followed.
struct Request {
    std::string url;
    std::vector<std::string> headers;  ///< "Name: value"
    bool head = false;                 ///< HEAD instead of GET
    int silence_timeout_s = 10;        ///< longest time to connect, and longest silence afterwards
    int whole_timeout_s = 0;           ///< longest time for everything; 0: none
    std::string credentials{};         ///< "user:password"; empty: none are sent
    Login login = Login::kBasic;
    bool verify = true;  ///< false trusts whatever certificate is shown: for devices that signed their own
};

/// What came of it.
struct Response {
    long status = 0;                             ///< 0 where no answer came
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string failure;       ///< why the transfer broke, e.g. a time-out; empty: it did not
    bool unreachable = false;  ///< the failure is that no connection could be made

    bool ok() const { return failure.empty() && status >= 200 && status < 300; }
    bool redirects() const;
    /// Value of a header, or an empty text.
    std::string header(const std::string& name) const;
};

/// Takes a piece of the body of a 2xx answer, whose status and headers are complete in `response`. False ends
/// the transfer, which is then no failure.
using Sink = std::function<bool(const Response& response, std::string_view piece)>;

/// An HTTP client that keeps its connections. Not for several threads.
class HttpClient {
  public:
    /// `certificates`: file of trusted authorities; empty: the system's.
    explicit HttpClient(std::string certificates);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// What `sink` throws is thrown again.
    Response perform(const Request& request, const Sink& sink);

  private:
    struct Handle;
    std::string certificates_;
    std::unique_ptr<Handle> handle_;
};

}  // namespace espalier::net
