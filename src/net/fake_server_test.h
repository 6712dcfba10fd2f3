#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace espalier::net::testing {

struct ServedRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lower case

    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

struct Reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    /// Bytes of the body that are really sent before the connection closes
    std::size_t sent = std::string::npos;
    bool stalls = false;  ///< keeps the connection open afterwards, until the client gives up
};

/// An HTTP/1.1 server on the loopback that answers one request per connection and can misbehave as told.
class FakeServer {
  public:
    using Handler = std::function<Reply(const ServedRequest&)>;

    explicit FakeServer(Handler handler) : handler_(std::move(handler)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, generic, &length) != 0) {
            throw std::runtime_error("no port on the loopback");
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }

    ~FakeServer() {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (Connection& connection : connections_) connection.thread.join();
        ::close(listener_);
    }

    std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

    std::vector<ServedRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::size_t count(const std::string& method) const {
        const auto all = requests();
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const auto& request) { return request.method == method; }));
    }

  private:
    struct Connection {
        std::thread thread;
        std::atomic<bool> ended = false;
    };

    void accept_all() {
        while (true) {
            const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection < 0) return;
            join_ended();
            Connection& served = connections_.emplace_back();
            served.thread = std::thread([this, connection, &served] {
                serve(connection);
                ::close(connection);
                served.ended = true;
            });
        }
    }

    /// A thread keeps its stack until it is joined, and some tests make thousands of requests.
    void join_ended() {
        connections_.remove_if([](Connection& connection) {
            if (!connection.ended) return false;
            connection.thread.join();
            return true;
        });
    }

    static ServedRequest read_request(int connection) {
        std::string text;
        char piece[4096];
        while (text.find("\r\n\r\n") == std::string::npos) {
            const ssize_t got = ::recv(connection, piece, sizeof piece, 0);
            if (got <= 0) return {};
            text.append(piece, static_cast<std::size_t>(got));
        }
        ServedRequest request;
        const auto first = text.find(' ');
        request.method = text.substr(0, first);
        request.target = text.substr(first + 1, text.find(' ', first + 1) - first - 1);
        for (auto line = text.find("\r\n") + 2; text.compare(line, 2, "\r\n") != 0;) {
            const auto end = text.find("\r\n", line);
            const auto colon = text.find(": ", line);
            std::string name = text.substr(line, colon - line);
            for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
            request.headers[name] = text.substr(colon + 2, end - colon - 2);
            line = end + 2;
        }
        return request;
    }

    static void send_all(int connection, std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    void serve(int connection) {
        const ServedRequest request = read_request(connection);
        if (request.method.empty()) return;
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        const Reply reply = handler_(request);
        std::string head = fmt::format("HTTP/1.1 {} Answer\r\nConnection: close\r\nContent-Length: {}\r\n",
                                       reply.status, reply.body.size());
        for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
        send_all(connection, head + "\r\n");
        if (request.method != "HEAD")
            send_all(connection, std::string_view(reply.body).substr(0, reply.sent));
        if (!reply.stalls) return;
        // Readable again means that the client closed its side.
        pollfd watched{connection, POLLIN, 0};
        ::poll(&watched, 1, 60'000);
    }

    Handler handler_;
    int listener_ = -1;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<ServedRequest> requests_;
    std::thread acceptor_;
    std::list<Connection> connections_;
};

}  // namespace espalier::net::testing
