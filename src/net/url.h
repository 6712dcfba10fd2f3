#pragma once

#include <string>
#include <string_view>

namespace espalier::net {

/// The place that `location` means when it stands in an answer from `base`. Throws Error when either is
/// malformed.
std::string resolve_url(const std::string& base, const std::string& location);

/// Scheme, host and port of a URL, the port always written: what may see a token sent to it.
std::string origin_of(const std::string& url);

/// Percent-encodes everything but unreserved characters; `keep` is left as it is besides (e.g. "/").
std::string encode(std::string_view text, std::string_view keep = "");

/// Undoes encode(); a '%' without two hexadecimal digits stays as it is.
std::string decode(std::string_view text);

}  // namespace espalier::net
