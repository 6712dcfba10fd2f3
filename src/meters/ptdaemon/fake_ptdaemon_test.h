#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/child_process.h"
#include "meters/fake/plant.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters::ptdaemon::testing {

/// PTDaemon with a dummy analyser that measures a Plant, on a virtual clock: one connection after the other,
/// one sample each second after Go.
class FakePtdaemon {
  public:
    FakePtdaemon(const Plant& plant, VirtualClock& clock) : plant_(plant), clock_(clock) {
        listener_.set(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), generic, length) != 0 || ::listen(listener_.get(), 4) != 0 ||
            ::getsockname(listener_.get(), generic, &length) != 0)
            throw std::runtime_error("no port on the loopback");
        port = ntohs(address.sin_port);
        server_ = std::thread([this] { serve_all(); });
    }

    ~FakePtdaemon() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        server_.join();
    }

    std::vector<std::string> commands() const {
        const std::lock_guard lock(mutex_);
        return commands_;
    }

    int port = 0;
    // All of these are set between commands only; those that the daemon looks at then too are atomic.
    std::string greeting = "Hello, PTDaemon here!";
    double uncertainty = 0.002;          ///< -1: not known
    bool refuses_ranges = false;         ///< stays in Auto whatever it is told
    std::atomic<bool> silent = false;    ///< has no samples
    std::string sample;                  ///< stands for every sample, where it is not empty
    std::atomic<bool> hangs_up = false;  ///< closes the connection at the next command

  private:
    void serve_all() {
        for (;;) {
            Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!connection.open()) return;
            serve(connection);
        }
    }

    void serve(Fd& connection) {
        std::string text;
        char piece[1024];
        for (;;) {
            const ssize_t got = ::recv(connection.get(), piece, sizeof piece, 0);
            if (got <= 0) return;
            text.append(piece, static_cast<std::size_t>(got));
            for (auto end = text.find("\r\n"); end != std::string::npos; end = text.find("\r\n")) {
                const std::string command = text.substr(0, end);
                text.erase(0, end + 2);
                {
                    const std::lock_guard lock(mutex_);
                    commands_.push_back(command);
                }
                if (hangs_up) return;
                const std::string answer = reply(command) + "\r\n";
                ::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
            }
        }
    }

    std::string reply(const std::string& command) {
        if (command == "Hello") return greeting;
        if (command == "Identify") return "Dummy,Analyzer,0,version=1.9.1";
        if (command == "RR") return fmt::format("Ranges,{},{}", shown(amps_), shown(volts_));
        if (command.starts_with("SR,")) return set_range(command);
        if (command.starts_with("Go,")) {
            read_until_ = clock_.now();
            return "Starting untimed measurement, maximum 500000 samples at 1000ms with 0 rampup samples";
        }
        if (command == "Stop") return "Stopping untimed measurement";
        if (command == "RL") return samples();
        if (command == "Uncertainty") return fmt::format("Uncertainty,{0},{0},{0},10,0,10", uncertainty);
        return "Error: unknown command";
    }

    static std::string shown(const std::optional<double>& range) {
        return range ? fmt::format("0,{}", *range) : "1,-1.0";
    }

    std::string set_range(const std::string& command) {
        auto& range = command[3] == 'A' ? amps_ : volts_;
        const std::string value = command.substr(5);
        range.reset();
        if (value != "Auto" && !refuses_ranges) range = std::stod(value);
        return fmt::format("Range {} changed", command[3]);
    }

    std::string samples() {
        std::string lines;
        int count = 0;
        for (; read_until_ + Seconds(1) <= clock_.now(); read_until_ += Seconds(1)) {
            if (silent) continue;
            const double watts =
                (plant_.energy(read_until_ + Seconds(1)) - plant_.energy(read_until_)).value();
            ++count;
            lines += "\r\n" +
                     (sample.empty()
                          ? fmt::format(
                                "Time,01-05-2024 12:00:00.000,Watts,{:.4f},Volts,230.0,Amps,{:.4f},PF,0.95",
                                watts, watts / 230.0 / 0.95)
                          : sample);
        }
        return fmt::format("Last {} samples", count) + lines;
    }

    const Plant& plant_;
    VirtualClock& clock_;
    Fd listener_;
    std::thread server_;
    mutable std::mutex mutex_;
    std::vector<std::string> commands_;
    std::optional<double> amps_ = 20.0;
    std::optional<double> volts_;
    Seconds read_until_;
};

}  // namespace espalier::meters::ptdaemon::testing
