#pragma once

#include <memory>
#include <string>

#include "meters/named/named_meter.h"
#include "meters/named/spec.h"
#include "net/http.h"

namespace espalier::meters {

/// How a connection is protected: the option "tls".
enum class Tls { kOff, kOn, kUnverified };

/// off, on or insecure; `usual` where it is not given. Throws a usage Error for anything else.
Tls tls_of(const MeterSpec& spec, Tls usual);

/// A device that is asked over HTTP. Where the password goes never shows in an error.
class HttpAccess {
  public:
    /// "http://HOST:PORT" from the place of a name. Throws a usage Error when that is no host.
    static std::string origin(const MeterSpec& spec, Tls tls);

    /// `base` stands before every target.
    HttpAccess(std::string base, std::string credentials, net::Login login, bool verify);
    /// User and password become part of the query from now on.
    void put_login_into_query() { login_in_query_ = true; }

    /// The body of the answer. Throws SourceError: absent where nobody answers, no permission where a login
    /// is asked for, broken for any other failure.
    std::string get(const std::string& target);

    const std::string& base() const { return base_; }

  private:
    net::Request request(const std::string& target) const;

    std::string base_;
    std::string credentials_;
    net::Login login_;
    bool verify_;
    bool login_in_query_ = false;
    std::unique_ptr<net::HttpClient> client_;
};

}  // namespace espalier::meters
