#include "hub/refusal.h"

#include "base/error.h"
#include "hub/printable.h"

namespace espalier::hub {
namespace {

[[noreturn]] void refuse_access(const net::Response& response, const Reference& reference,
                                const Settings& settings) {
    const std::string page = settings.endpoint + "/" + reference.id;
    if (response.header("x-error-code") == "GatedRepo") {
        fail("{} is gated: accept its licence at {}, and {}", reference.id, page,
             settings.token.empty() ? "set HF_TOKEN to a token of that account"
                                    : "use a token of the account that accepted it (HF_TOKEN)");
    }
    if (response.status == 403) {
        fail("access to {} is denied (status 403): {}", reference.id,
             settings.token.empty() ? "set HF_TOKEN to a token that may read it"
                                    : "the token in use may not read it (HF_TOKEN)");
    }
    // The Hub answers so for what does not exist, too, lest names of private repositories leak.
    if (settings.token.empty()) {
        fail("there is no model {} at {}, or it is private: check the name, or set HF_TOKEN", reference.id,
             settings.endpoint);
    }
    fail("{} does not accept the token for {} (status 401): check HF_TOKEN and the name", settings.endpoint,
         reference.id);
}

[[noreturn]] void refuse_absent(const net::Response& response, const Reference& reference,
                                const std::string& what, const Settings& settings) {
    const std::string code = response.header("x-error-code");
    if (code == "RevisionNotFound") {
        fail("{} has no revision '{}' at {}", reference.id, reference.revision, settings.endpoint);
    }
    if (code == "EntryNotFound") fail("{} holds no file {}", reference.str(), what);
    fail("there is no model {} at {}; check the name{}", reference.str(), settings.endpoint,
         settings.token.empty() ? ", or set HF_TOKEN if it is private" : "");
}

}  // namespace

void refuse(const net::Response& response, const Reference& reference, const std::string& what,
            const Settings& settings) {
    if (response.unreachable) {
        fail("cannot reach {}: {}", settings.endpoint, response.failure);
    }
    if (!response.failure.empty()) {
        fail("{} of {} could not be had from {}: {}; repeat to go on from here", what, reference.str(),
             settings.endpoint, response.failure);
    }
    if (response.status == 401 || response.status == 403) refuse_access(response, reference, settings);
    if (response.status == 404) refuse_absent(response, reference, what, settings);
    if (response.status == 429) {
        const std::string after = response.header("retry-after");
        fail("{} asks to be left alone for a while (status 429{}); repeat later{}", settings.endpoint,
             after.empty() ? "" : ", Retry-After " + printable(after),
             settings.token.empty() ? ", or set HF_TOKEN for a higher limit" : "");
    }
    fail("{} answered with status {} for {} of {}{}", settings.endpoint, response.status, what,
         reference.str(), response.status >= 500 ? "; repeat later" : "");
}

}  // namespace espalier::hub
