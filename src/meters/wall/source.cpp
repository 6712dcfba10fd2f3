#include "meters/wall/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "meters/named/source_error.h"

namespace espalier::meters::wall {
namespace {

/// Readers that ask within this time of an answer belong to one round.
constexpr Seconds kOneRound{0.01};
/// A value that rests, with the device's own time of it, for more periods than this is stale.
constexpr double kStalePeriods = 3.0;

}  // namespace

Seconds system_time() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return Seconds(std::chrono::duration<double>(now).count());
}

Source::Source(Dialect dialect, HttpAccess access, const Clock& clock, WallTime wall_time)
    : dialect_(std::move(dialect)),
      access_(std::move(access)),
      clock_(clock),
      wall_time_(std::move(wall_time)) {}

const Look& Source::look(Reader reader) {
    std::uint64_t& seen = seen_[static_cast<std::size_t>(reader)];
    if (seen == asked_ || clock_.now() - answered_ > kOneRound) ask();
    seen = asked_;
    return look_;
}

void Source::ask() {
    const Seconds before = clock_.now();
    ++asked_;
    try {
        const std::string body = access_.get(dialect_.target);
        answered_ = clock_.now();
        look_.half_trip = (answered_ - before) / 2;
        look_.time = before + look_.half_trip;
        longest_trip_ = std::max(longest_trip_, answered_ - before);
        all_trips_ += answered_ - before;
        const Sample sample = dialect_.read(body);
        notice_restart(sample);
        notice_clock(sample);
        check_fresh(sample);
        check_register(sample);
        look_.answer = sample;
    } catch (const SourceError& problem) {
        fail(problem.why());
    } catch (const std::exception& problem) {
        // Of the JSON library, about a document of an unexpected shape.
        fail({State::kBroken, fmt::format("its answer is not understood: {}", problem.what()), ""});
    }
}

void Source::fail(Availability why) {
    answered_ = clock_.now();
    look_.time = answered_;
    look_.answer = std::move(why);
}

void Source::notice_restart(const Sample& sample) {
    if (sample.uptime && uptime_ && *sample.uptime < *uptime_) {
        ++look_.restarts;
        look_.restart =
            fmt::format("the device was restarted: it has run for {:.0f} s, and before that {:.0f} s",
                        sample.uptime->value(), uptime_->value());
    }
    if (sample.uptime) uptime_ = sample.uptime;
}

void Source::notice_clock(const Sample& sample) {
    if (!sample.unix_time) return;
    // What was asked in the middle of the round trip has been answered half of it ago.
    last_offset_ = *sample.unix_time - (wall_time_() - look_.half_trip);
    if (!first_offset_) first_offset_ = last_offset_;
}

void Source::check_fresh(const Sample& sample) {
    if (sample.stamp.empty()) return;
    const std::string answer = fmt::format("{} {} {}", sample.power.value_or(Watts(0)).value(),
                                           sample.energy.value_or(Joules(0)).value(), sample.stamp);
    if (answer != last_answer_) {
        last_answer_ = answer;
        changed_ = look_.time;
        return;
    }
    const Seconds rested = look_.time - changed_;
    if (rested <= dialect_.refresh * kStalePeriods) return;
    broken(
        fmt::format(
            "its value and its own time of it have rested for {:.1f} s, more than {:.0f} periods of {:.1f} s",
            rested.value(), kStalePeriods, dialect_.refresh.value()),
        "restart the device");
}

/// Power that is drawn must move the register at last. It is renewed at moments of its own, and in steps.
void Source::check_register(const Sample& sample) {
    if (!sample.energy || !sample.power) return;
    if (sample.energy != register_) {
        register_ = sample.energy;
        drawn_ = Joules(0);
    } else {
        drawn_ += *sample.power * (look_.time - drawn_until_);
    }
    drawn_until_ = look_.time;
    const Joules expected = dialect_.register_step + *sample.power * dialect_.register_refresh;
    if (drawn_ <= expected * kStalePeriods) return;
    broken(fmt::format("its register rests although its power since amounts to {:.0f} J", drawn_.value()),
           "restart the device: it shows a power that it no longer measures");
}

std::vector<Figure> Source::figures() const {
    std::vector<Figure> figures;
    if (asked_ > 0) {
        figures.push_back({"mean round trip", "s", all_trips_.value() / static_cast<double>(asked_)});
        figures.push_back({"longest round trip", "s", longest_trip_.value()});
    }
    if (look_.restarts > 0) figures.push_back({"restarts", "1", static_cast<double>(look_.restarts)});
    if (first_offset_) figures.push_back({"clock offset before", "s", first_offset_->value()});
    if (last_offset_) figures.push_back({"clock offset after", "s", last_offset_->value()});
    return figures;
}

}  // namespace espalier::meters::wall
