#include "meters/command/program.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/process.h"

namespace espalier::meters::command {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kLongestOutput = std::size_t{1} << 20;
constexpr int kListenMs = 20;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return "";
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view last_line(std::string_view text) {
    text = trimmed(text);
    const auto end = text.rfind('\n');
    return end == std::string_view::npos ? text : text.substr(end + 1);
}

std::optional<double> plain_number(std::string_view text) {
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

Gap no_number(std::string_view line) {
    return {GapKind::kMalformed,
            fmt::format("the program printed '{}', which is no number", line.substr(0, 60))};
}

std::string describe_end(const ProcessResult& result, Seconds timeout) {
    switch (result.end) {
        case ProcessResult::End::kExited:
            return fmt::format("ended with exit code {}", result.exit_code);
        case ProcessResult::End::kSignaled:
            return fmt::format("was ended by signal {}", result.signal);
        case ProcessResult::End::kTooLong:
            return "printed without end";
        case ProcessResult::End::kTimedOut:
        case ProcessResult::End::kStopped:
            break;
    }
    return fmt::format("was not done after {:.1f} s", timeout.value());
}

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    bool open = false;
    char quote = '\0';
    for (const char c : line) {
        const bool blank = quote == '\0' && kBlanks.find(c) != std::string_view::npos;
        if (!blank && !open) words.emplace_back();
        open = !blank;
        if (quote != '\0' ? c == quote : (c == '\'' || c == '"')) {
            quote = quote == '\0' ? c : '\0';
        } else if (!blank) {
            words.back() += c;
        }
    }
    if (quote != '\0') fail_usage("a quotation in '{}' does not end", line);
    if (words.empty()) fail_usage("a command meter is named without a program");
    return words;
}

std::optional<double> number_of(const std::string& line, const std::string& pointer) {
    if (pointer.empty()) return plain_number(trimmed(line));
    const auto document = nlohmann::json::parse(line, nullptr, false);
    const nlohmann::json::json_pointer place(pointer);
    if (document.is_discarded() || !document.contains(place) || !document.at(place).is_number())
        return std::nullopt;
    const double value = document.at(place).get<double>();
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::variant<std::string, Gap> output_of(const std::vector<std::string>& command, Seconds timeout) {
    auto result = run_process({.command = command, .timeout = timeout, .output_limit = kLongestOutput},
                              [] { return false; });
    if (result.end == ProcessResult::End::kExited && result.exit_code == 0) return std::move(result.output);
    const std::string wrote(last_line(result.error_tail));
    return Gap{GapKind::kUnreadable, fmt::format("{} {}{}", command.front(), describe_end(result, timeout),
                                                 wrote.empty() ? "" : ": " + wrote)};
}

Parse last_number(std::string pointer) {
    return [pointer = std::move(pointer)](const std::string& output) -> std::variant<double, Gap> {
        const std::string line(last_line(output));
        if (const auto value = number_of(line, pointer)) return *value;
        return no_number(line);
    };
}

OnceProgram::OnceProgram(std::vector<std::string> command, Parse parse, Seconds timeout, const Clock& clock)
    : command_(std::move(command)), parse_(std::move(parse)), timeout_(timeout), clock_(clock) {}

std::variant<Said, Gap> OnceProgram::ask() {
    const Seconds before = clock_.now();
    const auto output = output_of(command_, timeout_);
    const Seconds half = (clock_.now() - before) / 2;
    if (const Gap* gap = std::get_if<Gap>(&output)) return *gap;
    const auto value = parse_(std::get<std::string>(output));
    if (const Gap* gap = std::get_if<Gap>(&value)) return *gap;
    return Said{std::get<double>(value), before + half, half};
}

StreamProgram::StreamProgram(std::vector<std::string> command, std::string pointer, Seconds stale,
                             const Clock& clock)
    : pointer_(std::move(pointer)), stale_(stale), clock_(clock), child_(command) {
    child_.close_input();
    listener_ = std::thread([this] { listen(); });
}

StreamProgram::~StreamProgram() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    listener_.join();
}

void StreamProgram::set(std::variant<Said, Gap> latest) {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(latest);
}

/// Takes the whole lines out of what was read; of several that came at once the last one counts.
void StreamProgram::take_lines(std::string& text) {
    const auto end = text.rfind('\n');
    if (end == std::string::npos) return;
    const std::string line(last_line(std::string_view(text).substr(0, end)));
    text.erase(0, end + 1);
    const auto value = number_of(line, pointer_);
    if (value) {
        set(Said{*value, clock_.now(), Seconds(0)});
    } else {
        set(no_number(line));
    }
}

void StreamProgram::listen() {
    std::string text;
    std::string errors;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        const auto status = child_.ended();
        const bool readable = child_.read_output(text, kLongestOutput);
        child_.read_errors(errors);
        take_lines(text);
        if (!readable) return set(Gap{GapKind::kMalformed, "the program printed a line that does not end"});
        if (status) {
            const std::string wrote(last_line(errors));
            return set(Gap{
                GapKind::kUnreadable,
                fmt::format("the program has ended ({} {}){}", WIFSIGNALED(*status) ? "signal" : "exit code",
                            WIFSIGNALED(*status) ? WTERMSIG(*status) : WEXITSTATUS(*status),
                            wrote.empty() ? "" : ": " + wrote)});
        }
        child_.wait(kListenMs, false);
    }
}

std::variant<Said, Gap> StreamProgram::first(Seconds longest) {
    const MonotonicClock real;
    for (const Seconds end = real.now() + longest; real.now() < end;) {
        {
            const std::lock_guard lock(mutex_);
            if (latest_) return *latest_;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(kListenMs));
    }
    return Gap{GapKind::kUnreadable,
               fmt::format("the program printed nothing for {:.1f} s", longest.value())};
}

std::variant<Said, Gap> StreamProgram::ask() {
    const std::lock_guard lock(mutex_);
    if (!latest_) return Gap{GapKind::kUnreadable, "the program has printed nothing yet"};
    if (const Said* said = std::get_if<Said>(&*latest_); said && clock_.now() - said->time > stale_)
        return Gap{GapKind::kFrozen, fmt::format("the program has printed nothing for {:.1f} s",
                                                 (clock_.now() - said->time).value())};
    return *latest_;
}

}  // namespace espalier::meters::command
