#pragma once

#include <optional>

#include "base/units.h"
#include "net/http.h"

namespace espalier::hub {

/// How long to wait before asking again, after `attempt` (from 1) gave this response; none when asking again
/// is of no use: the answer is definite, four retries were made, or the server wants to be left alone for
/// longer than two minutes. A Retry-After is honoured; otherwise the pause doubles from one second.
std::optional<Seconds> pause_before_retry(const net::Response& response, int attempt);

}  // namespace espalier::hub
