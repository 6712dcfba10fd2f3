#pragma once

#include <string>

#include "hub/reference.h"
#include "hub/settings.h"
#include "net/http.h"

namespace espalier::hub {

/// Throws Error that says why `what` of a model could not be had, and what to do about it: no network, no
/// such repository, revision or file, no access, too many requests, a broken server.
[[noreturn]] void refuse(const net::Response& response, const Reference& reference, const std::string& what,
                         const Settings& settings);

}  // namespace espalier::hub
