#include "hub/download.h"

#include "base/error.h"
#include "base/log.h"
#include "hub/incomplete_file.h"

namespace espalier::hub {
namespace {

/// A broken connection is nothing unusual in a long download, but each must have brought something on.
constexpr int kMostTries = 200;

/// Whether the answer to a request from `offset` on begins there.
bool continues_at(const net::Response& response, std::int64_t offset, std::int64_t bytes) {
    if (response.status != 206 || !response.header("content-encoding").empty()) return false;
    const std::string range = response.header("content-range");
    const std::string start = fmt::format("bytes {}-", offset);
    return range.starts_with(start) && (range.ends_with("/*") || range.ends_with(fmt::format("/{}", bytes)));
}

/// One request for what is missing. Begins again where the server sends the whole, or something else.
net::Response receive(Client& client, const std::string& url, std::int64_t bytes, IncompleteFile& part,
                      const BytesArrived& arrived) {
    const std::int64_t offset = part.size();
    bool first = true;
    bool wrong_range = false;
    net::Response response =
        client.get(url, offset, [&](const net::Response& answer, std::string_view piece) {
            if (std::exchange(first, false) && offset > 0 && !continues_at(answer, offset, bytes)) {
                part.restart();
                wrong_range = answer.status == 206;
            }
            if (wrong_range) return false;
            part.append(piece);
            arrived(part.size());
            return true;
        });
    // 416: what we have is not what the server has.
    if (response.status == 416) part.restart();
    if (wrong_range || (response.status == 416 && offset > 0)) response.failure = "the server cannot resume";
    return response;
}

/// Tries until nothing is missing.
void complete(Client& client, const Reference& reference, const RemoteFile& file, IncompleteFile& part,
              const BytesArrived& arrived) {
    int fruitless = 0;
    for (int tries = 0; part.missing() > 0; ++tries) {
        const std::int64_t before = part.size();
        net::Response response = receive(client, file.url, file.bytes, part, arrived);
        if (part.missing() == 0) return;
        if (response.ok()) response.failure = "the server closed the connection early";
        fruitless = part.size() > before && tries < kMostTries ? 1 : fruitless + 1;
        client.pause_or_fail(response, tries < kMostTries ? fruitless : kMostTries, reference, file.path);
    }
}

}  // namespace

void download_blob(Client& client, const Reference& reference, const RemoteFile& file, const Directory& blobs,
                   const BytesArrived& arrived) {
    if (blobs.file_size(file.etag) == file.bytes) return;
    IncompleteFile part(blobs, file.etag, file.bytes);
    const bool resumed = part.size() > 0;
    arrived(part.size());
    complete(client, reference, file, part, arrived);
    bool sound = part.verify();
    if (!sound && resumed) {
        // What was left behind may have been damaged; the server deserves one more hearing.
        log::info("{}: what an earlier download left is damaged; beginning again", file.path);
        part.restart();
        complete(client, reference, file, part, arrived);
        sound = part.verify();
    }
    if (!sound) {
        part.discard();
        fail("{} of {} is damaged: its hash is {}, but the Hub names it {}; nothing of it is kept", file.path,
             reference.str(), part.computed(), file.etag);
    }
    if (part.computed().empty()) {
        log::warn("{}: the server's ETag is no hash; only the size of the file could be checked", file.path);
    }
    part.keep();
}

}  // namespace espalier::hub
