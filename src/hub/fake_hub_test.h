#pragma once

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "hub/digest.h"
#include "hub/settings.h"
#include "net/fake_server_test.h"

namespace espalier::hub::testing {

using net::testing::FakeServer;
using net::testing::Reply;
using net::testing::ServedRequest;

inline const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

inline std::string git_hash(const std::string& content) {
    Digest digest(DigestKind::kGitBlob, static_cast<std::int64_t>(content.size()));
    digest.update(content);
    return digest.hex();
}

/// A Hub with one model, "org/net", and a second server where its large files lie, as the real one has it. A
/// test changes an answer by `at_hub` or `at_store`, which see each request and the reply that would be sent.
class FakeHub {
  public:
    using Change = std::function<void(const ServedRequest&, Reply&)>;

    FakeHub()
        : store_([this](const ServedRequest& request) {
              return changed(at_store, request, answer_store(request));
          }),
          hub_([this](const ServedRequest& request) {
              return changed(at_hub, request, answer_hub(request));
          }) {}

    /// Small files lie in git; large ones are known by their SHA-256 and lie in the store.
    void add(const std::string& name, const std::string& content, bool large = false) {
        files_[name] = {content, large};
    }
    std::string etag(const std::string& name) const {
        const File& file = files_.at(name);
        return file.large ? sha256(file.content) : git_hash(file.content);
    }

    const FakeServer& hub() const { return hub_; }
    const FakeServer& store() const { return store_; }

    Change at_hub;
    Change at_store;

  private:
    struct File {
        std::string content;
        bool large = false;
    };

    static Reply changed(const Change& change, const ServedRequest& request, Reply reply) {
        if (change) change(request, reply);
        return reply;
    }

    static Reply not_found(const char* code) { return {404, {{"X-Error-Code", code}}, ""}; }

    Reply answer_hub(const ServedRequest& request) const {
        const std::string api = "/api/models/org/net/revision/";
        const std::string resolve = "/org/net/resolve/" + kCommit + "/";
        if (request.target.starts_with(api)) return list(request.target.substr(api.size()));
        if (request.target.starts_with(resolve))
            return answer_file(request, request.target.substr(resolve.size()));
        return not_found("RepoNotFound");
    }

    Reply list(const std::string& revision_and_query) const {
        const std::string revision = revision_and_query.substr(0, revision_and_query.find('?'));
        if (revision != "main" && revision != kCommit && revision != "refs%2Fpr%2F7") {
            return not_found("RevisionNotFound");
        }
        nlohmann::json siblings = nlohmann::json::array();
        for (const auto& [name, file] : files_) {
            nlohmann::json sibling = {
                {"rfilename", name}, {"size", file.content.size()}, {"blobId", git_hash(file.content)}};
            if (file.large)
                sibling["lfs"] = {{"sha256", sha256(file.content)}, {"size", file.content.size()}};
            siblings.push_back(sibling);
        }
        return {200, {}, nlohmann::json{{"sha", kCommit}, {"siblings", siblings}}.dump()};
    }

    Reply answer_file(const ServedRequest& request, const std::string& name) const {
        const auto found = files_.find(name);
        if (found == files_.end()) return not_found("EntryNotFound");
        const std::string quoted = "\"" + etag(name) + "\"";
        if (!found->second.large) {
            Reply reply = part_of(request, found->second.content);
            reply.headers.insert(reply.headers.end(), {{"X-Repo-Commit", kCommit}, {"ETag", quoted}});
            return reply;
        }
        return {302,
                {{"X-Repo-Commit", kCommit},
                 {"ETag", "\"etag-of-the-pointer\""},
                 {"X-Linked-Etag", quoted},
                 {"X-Linked-Size", std::to_string(found->second.content.size())},
                 {"Location", store_.url() + "/blob/" + name}},
                ""};
    }

    Reply answer_store(const ServedRequest& request) const {
        const auto found = files_.find(request.target.substr(std::string("/blob/").size()));
        return found == files_.end() ? Reply{404, {}, ""} : part_of(request, found->second.content);
    }

    /// The content from the requested offset on.
    static Reply part_of(const ServedRequest& request, const std::string& content) {
        const std::string range = request.header("range");
        if (range.empty()) return {200, {}, content};
        const std::size_t offset = std::stoul(range.substr(std::string("bytes=").size()));
        if (offset >= content.size()) return {416, {}, ""};
        return {
            206,
            {{"Content-Range", fmt::format("bytes {}-{}/{}", offset, content.size() - 1, content.size())}},
            content.substr(offset)};
    }

    std::map<std::string, File> files_;
    FakeServer store_;
    FakeServer hub_;
};

}  // namespace espalier::hub::testing
