#pragma once

#include <cstdint>
#include <string>

#include "hub/listing.h"
#include "hub/reference.h"
#include "hub/settings.h"
#include "net/http.h"

namespace espalier::hub {

/// What the Hub says about one file before it is downloaded.
struct RemoteFile {
    std::string path;
    std::string url;   ///< at the endpoint
    std::string etag;  ///< names the blob in the cache
    std::int64_t bytes = 0;
};

/// Asks the Hub. The token goes to the endpoint's own scheme, host and port and nowhere else. Answers that
/// may pass (429, 5xx, a broken connection) are asked for again, a bounded number of times.
class Client {
  public:
    explicit Client(const Settings& settings);

    /// The files of a revision. Throws Error telling apart: no such repository, no such revision, no access,
    /// no network.
    Listing list(const Reference& reference);

    /// Name of the blob and size of one file at a commit. Throws as list() does, and when the answer
    /// contradicts `listed` or the commit.
    RemoteFile look_up(const Reference& reference, const std::string& commit, const ListedFile& listed);

    /// Gets the content from `offset` on, following redirects, and hands it to `sink` as it comes. One try:
    /// the caller knows what it has by then.
    net::Response get(const std::string& url, std::int64_t offset, const net::Sink& sink);

    /// The pause before another try after this response; throws Error where there is none, telling why `what`
    /// could not be had.
    void pause_or_fail(const net::Response& response, int attempt, const Reference& reference,
                       const std::string& what);

  private:
    net::Response send(net::Request request, const net::Sink& sink, bool stop_at_metadata);
    net::Response send_patiently(const net::Request& request, const Reference& reference,
                                 const std::string& what, std::string& body);

    const Settings& settings_;
    net::HttpClient http_;
    bool reached_ = false;  ///< an answer came before, so a lost connection may come back
};

}  // namespace espalier::hub
