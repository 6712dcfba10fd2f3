#include "net/line_connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/clock.h"
#include "base/error.h"

namespace espalier::net {
namespace {

constexpr std::size_t kLongestLine = std::size_t{64} << 10;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses addresses_of(const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (problem != 0) fail("{}: {}", host, ::gai_strerror(problem));
    return {found, ::freeaddrinfo};
}

/// 0, or the errno that prevents a connection.
int connect(const addrinfo& address, Fd& connection, int timeout_ms) {
    connection.set(
        ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
    if (!connection.open()) return errno;
    if (::connect(connection.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    pollfd watched{connection.get(), POLLOUT, 0};
    if (::poll(&watched, 1, timeout_ms) <= 0) return ETIMEDOUT;
    int problem = 0;
    socklen_t length = sizeof problem;
    ::getsockopt(connection.get(), SOL_SOCKET, SO_ERROR, &problem, &length);
    return problem;
}

}  // namespace

LineConnection::LineConnection(const std::string& host, int port, Seconds timeout)
    : peer_(fmt::format("{}:{}", host, port)), timeout_(timeout) {
    const Addresses addresses = addresses_of(host, port);
    int problem = ECONNREFUSED;
    for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
        problem = connect(*address, socket_, static_cast<int>(timeout.value() * 1e3));
        if (problem == 0) return;
    }
    fail("{}: {}", peer_, std::strerror(problem));
}

int LineConnection::left_ms(Seconds deadline) const {
    return std::max(0, static_cast<int>((deadline - MonotonicClock().now()).value() * 1e3));
}

void LineConnection::send(const std::string& line) {
    const std::string text = line + "\r\n";
    const Seconds deadline = MonotonicClock().now() + timeout_;
    for (std::size_t sent = 0; sent < text.size();) {
        const ssize_t now = ::send(socket_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (now > 0) sent += static_cast<std::size_t>(now);
        if (now >= 0 || errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) fail("{}: {}", peer_, std::strerror(errno));
        pollfd watched{socket_.get(), POLLOUT, 0};
        if (::poll(&watched, 1, left_ms(deadline)) == 0) fail("{} takes nothing more", peer_);
    }
}

std::string LineConnection::receive() {
    const Seconds deadline = MonotonicClock().now() + timeout_;
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            if (line.ends_with('\r')) line.pop_back();
            return line;
        }
        if (received_.size() > kLongestLine) fail("{} sent a line that does not end", peer_);
        pollfd watched{socket_.get(), POLLIN, 0};
        const int ready = ::poll(&watched, 1, left_ms(deadline));
        if (ready == 0) fail("{} did not answer within {:.0f} s", peer_, timeout_.value());
        char piece[4096];
        const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
        if (got > 0) received_.append(piece, static_cast<std::size_t>(got));
        if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))) continue;
        fail("{} closed the connection", peer_);
    }
}

}  // namespace espalier::net
