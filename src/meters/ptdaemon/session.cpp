#include "meters/ptdaemon/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "meters/named/source_error.h"

namespace espalier::meters::ptdaemon {
namespace {

constexpr Seconds kTimeout{5};
/// Samples of a day; more is no answer.
constexpr int kMostSamples = 100'000;

std::vector<std::string_view> split(std::string_view line, char mark) {
    std::vector<std::string_view> fields;
    for (;;) {
        const auto end = line.find(mark);
        fields.push_back(line.substr(0, end));
        if (end == std::string_view::npos) return fields;
        line = line.substr(end + 1);
    }
}

std::optional<double> number(std::string_view text) {
    while (text.starts_with(' ')) text = text.substr(1);
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole =
        std::string_view(end, text.data() + text.size()).find_first_not_of(' ') == std::string_view::npos;
    return problem == std::errc() && whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// The number behind a word, of the sum of channels where there are several: that comes first.
double field(const std::vector<std::string_view>& fields, std::string_view name, const std::string& line) {
    for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
        if (fields[i] != name) continue;
        const auto value = number(fields[i + 1]);
        if (value && *value >= 0.0) return *value;
        break;
    }
    broken(fmt::format("a sample of PTDaemon tells no {}: '{}'", name, line.substr(0, 120)));
}

std::optional<double> range_in(const std::vector<std::string_view>& fields, std::size_t automatic) {
    const auto value = number(fields[automatic + 1]);
    return number(fields[automatic]) == 0.0 && value > 0.0 ? value : std::nullopt;
}

}  // namespace

Sample parse_sample(const std::string& line) {
    const auto fields = split(line, ',');
    return {field(fields, "Watts", line), field(fields, "Volts", line), field(fields, "Amps", line)};
}

Session::Session(const std::string& host, int port) : peer_(fmt::format("{}:{}", host, port)) {
    try {
        connection_ = std::make_unique<net::LineConnection>(host, port, kTimeout);
    } catch (const Error& problem) {
        throw SourceError({State::kAbsent, problem.what(), "start PTDaemon there, and name its port"});
    }
    const std::string greeting = ask("Hello");
    if (greeting != "Hello, PTDaemon here!") end(fmt::format("'{}' is no greeting of PTDaemon", greeting));
    analyser_ = ask("Identify");
}

void Session::end(const std::string& why) {
    connection_.reset();
    ended_ = fmt::format("{}: {}", peer_, why);
    broken(ended_);
}

std::string Session::ask(const std::string& command) {
    if (!connection_) broken("the session with PTDaemon has ended: " + ended_);
    std::string answer;
    try {
        connection_->send(command);
        answer = connection_->receive();
    } catch (const Error& problem) {
        end(problem.what());
    }
    if (answer.find("Error") != std::string::npos)
        end(fmt::format("it answers '{}' to '{}'", answer, command));
    return answer;
}

Ranges Session::ranges() {
    const std::string answer = ask("RR");
    const auto fields = split(answer, ',');
    if (fields.size() < 5 || fields[0] != "Ranges") end(fmt::format("'{}' tells no ranges", answer));
    return {range_in(fields, 1), range_in(fields, 3)};
}

void Session::set_range(char kind, std::optional<double> range) {
    ask(range ? fmt::format("SR,{},{:.4g}", kind, *range) : fmt::format("SR,{},Auto", kind));
}

void Session::go(const std::string& mark) {
    ask(fmt::format("Go,{:.0f},0,{}", kInterval.value() * 1e3, mark));
}

void Session::stop() { ask("Stop"); }

std::vector<Sample> Session::unread() {
    const std::string header = ask("RL");
    const auto words = split(header, ' ');
    const auto count = words.size() >= 2 && words[0] == "Last" ? number(words[1]) : std::nullopt;
    if (!count || *count < 0 || *count > kMostSamples) end(fmt::format("'{}' announces no samples", header));
    std::vector<Sample> samples;
    try {
        for (int i = 0; i < static_cast<int>(*count); ++i)
            samples.push_back(parse_sample(connection_->receive()));
    } catch (const Error& problem) {
        end(problem.what());
    }
    return samples;
}

std::optional<double> Session::uncertainty() {
    const std::string answer = ask("Uncertainty");
    const auto fields = split(answer, ',');
    if (fields.empty() || fields[0] != "Uncertainty") end(fmt::format("'{}' tells no uncertainty", answer));
    std::optional<double> largest;
    for (std::size_t i = 1; i < std::min<std::size_t>(fields.size(), 4); ++i) {
        const auto value = number(fields[i]);
        if (value && *value >= 0.0) largest = std::max(largest.value_or(0.0), *value);
    }
    return largest;
}

}  // namespace espalier::meters::ptdaemon
