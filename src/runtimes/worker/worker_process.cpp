#include "runtimes/worker/worker_process.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/clock.h"

namespace espalier::runtimes {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kErrorTail = 2000;
/// What is read of standard error at once, so that one that never ends leaves time for replies.
constexpr std::size_t kErrorsAtOnce = std::size_t{1} << 18;

/// The beginning of a text that came from outside, fit to be shown.
std::string shown(std::string_view text) {
    constexpr std::size_t kLongest = 120;
    std::string beginning(text.substr(0, kLongest));
    std::replace_if(
        beginning.begin(), beginning.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text.size() > kLongest ? beginning + "..." : beginning;
}

std::string text_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

WorkerProcess::WorkerProcess(const WorkerCommand& command, const WorkerPatience& patience)
    : command_(command),
      patience_(patience),
      child_({.command = command.command, .own_group = false, .shared = memory_.descriptor()}) {}

WorkerProcess::~WorkerProcess() {
    try {
        if (child_.in().open() && !child_.status()) {
            const MonotonicClock clock;
            send("exit", fmt::format("{{\"id\": {}, \"op\": \"exit\"}}\n", ++last_id_),
                 clock.now() + patience_.farewell);
            child_.in().reset();
            child_.wait(patience_.farewell);
        }
    } catch (const std::exception&) {
        // It is ended below, whatever it does.
    }
}

Seconds WorkerProcess::patience_for(const std::string& op) const {
    if (op == "hello") return patience_.hello;
    if (op == "supports" || op == "evidence") return patience_.question;
    return patience_.work;
}

json WorkerProcess::ask(const char* op, json request) {
    const MonotonicClock clock;
    const Seconds deadline = clock.now() + patience_for(op);
    const std::int64_t id = ++last_id_;
    request["id"] = id;
    request["op"] = op;
    send(op, request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n", deadline);
    return result_of(op, receive(op, deadline), id);
}

std::string WorkerProcess::exchange(const char* op, const std::string& line) {
    const MonotonicClock clock;
    const Seconds deadline = clock.now() + patience_for(op);
    send(op, line + "\n", deadline);
    return receive(op, deadline);
}

bool WorkerProcess::ends_with_its_input() {
    child_.in().reset();
    return child_.wait(patience_.farewell);
}

void WorkerProcess::send(const char* op, const std::string& line, Seconds deadline) {
    const MonotonicClock clock;
    std::size_t sent = 0;
    while (sent < line.size()) {
        const ssize_t now =
            ::send(child_.in().get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now > 0) {
            sent += static_cast<std::size_t>(now);
        } else if (now < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (clock.now() >= deadline) give_up(fmt::format("did not read the request '{}' in time", op));
            listen(deadline - clock.now(), true);
        } else if (now == 0 || errno != EINTR) {
            give_up(fmt::format("ended before it could be asked for '{}'", op));
        }
    }
}

std::string WorkerProcess::receive(const char* op, Seconds deadline) {
    const MonotonicClock clock;
    for (std::size_t searched = 0;;) {
        const std::size_t end = received_.find('\n', searched);
        if (end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        searched = received_.size();
        if (searched > kLongestLine) {
            give_up(fmt::format("answered '{}' with a line of more than {} bytes: {}", op, kLongestLine,
                                shown(received_)));
        }
        if (!child_.out().open()) give_up(fmt::format("ended instead of answering '{}'", op));
        const Seconds left = deadline - clock.now();
        if (left <= Seconds(0.0)) {
            give_up(fmt::format("did not answer '{}' within {:.6g} s", op, patience_for(op).value()));
        }
        listen(left, false);
    }
}

/// Waits for something to happen on the streams, and reads what came.
void WorkerProcess::listen(Seconds longest, bool also_writable) {
    std::array<pollfd, 3> events{};
    nfds_t count = 0;
    if (child_.out().open()) events[count++] = {child_.out().get(), POLLIN, 0};
    if (child_.err().open()) events[count++] = {child_.err().get(), POLLIN, 0};
    if (also_writable) events[count++] = {child_.in().get(), POLLOUT, 0};
    ::poll(events.data(), count, static_cast<int>(std::min(longest.value(), 3600.0) * 1e3) + 1);
    read_available(child_.out(), received_, kLongestLine + 2 - std::min(received_.size(), kLongestLine));
    read_available(child_.err(), errors_, kErrorsAtOnce);
    if (errors_.size() > 2 * kErrorTail) errors_.erase(0, errors_.size() - kErrorTail);
}

json WorkerProcess::result_of(const char* op, const std::string& line, std::int64_t id) {
    const json reply = json::parse(line, nullptr, false);
    if (!reply.is_object())
        give_up(fmt::format("answered '{}' with what is no JSON object: {}", op, shown(line)));
    const auto number = reply.find("id");
    if (number == reply.end() || *number != id) {
        give_up(fmt::format("answered '{}' (id {}) with another id: {}", op, id, shown(line)));
    }
    const auto error = reply.find("error");
    if (error != reply.end() && error->is_object()) {
        const std::string message = text_at(*error, "message");
        const std::string text = message.empty() ? "it gives no reason" : message;
        if (text_at(*error, "kind") == "unsupported") throw Unsupported(text, ErrorKind::kUsage);
        // The worker is alive and said why: its standard error would only repeat it.
        fail("{} could not {}: {}", command_.runtime, op, text);
    }
    const auto result = reply.find("result");
    if (result == reply.end() || !result->is_object()) {
        give_up(fmt::format("answered '{}' with neither a result nor an error: {}", op, shown(line)));
    }
    return *result;
}

void WorkerProcess::give_up(const std::string& what) {
    // A process that has closed its streams ends within moments, and how it ended is worth knowing.
    const bool gone = child_.wait(Seconds(child_.out().open() ? 0.0 : 1.0));
    std::string text = fmt::format("the worker '{}' {}", command_.runtime, what);
    if (gone) text += fmt::format(" ({})", describe_end(*child_.status()));
    child_.end();
    read_available(child_.err(), errors_, kErrorsAtOnce);
    const auto last = errors_.find_last_not_of(" \n\r\t");
    if (last != std::string::npos) {
        const std::string whole = errors_.substr(0, last + 1);
        text +=
            "; its standard error ends: " + whole.substr(whole.size() - std::min(whole.size(), kErrorTail));
    }
    child_.in().reset();
    if (!command_.install.empty() && last_id_ == 1) text += "\n" + command_.install;
    throw WorkerGone(text);
}

}  // namespace espalier::runtimes
