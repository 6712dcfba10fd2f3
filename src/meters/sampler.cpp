#include "meters/sampler.h"

#include <ctime>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"

namespace espalier::meters {
namespace {

Seconds thread_cpu_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Seconds(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec));
}

Seconds safe_period(const std::vector<Meter*>& meters, Seconds wanted) {
    for (const Meter* meter : meters) {
        const auto& limit = meter->description().longest_gap;
        if (limit) wanted = std::min(wanted, *limit);
    }
    return std::max(wanted, Sampler::kShortestPeriod);
}

}  // namespace

Sampler::Sampler(std::vector<Meter*> meters, Clock& clock, Seconds period)
    : meters_(std::move(meters)),
      clock_(clock),
      period_(safe_period(meters_, period)),
      history_(meters_.size()) {
    if (period < kShortestPeriod) {
        fail_usage(
            "meters cannot be sampled every {:.4f} s: at most 100 times a second, so 10 ms is the shortest",
            period.value());
    }
}

Sampler::~Sampler() { stop(); }

void Sampler::start() {
    if (thread_.joinable()) return;
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void Sampler::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Sampler::run() {
    auto next = std::chrono::steady_clock::now();
    const auto period = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(period_.value()));
    const Seconds before = own_cpu_time_;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        read_all();
        own_cpu_time_ = before + thread_cpu_time();
        // A late round does not make the next ones hurry: missed rounds are left out.
        next = std::max(next + period, std::chrono::steady_clock::now());
        wake_.wait_until(lock, next, [this] { return stopping_; });
    }
    own_cpu_time_ = before + thread_cpu_time();
}

std::size_t Sampler::read_all() {
    for (std::size_t i = 0; i < meters_.size(); ++i) history_[i].push_back(meters_[i]->read());
    return meters_.empty() ? 0 : history_[0].size() - 1;
}

void Sampler::sample() {
    const std::lock_guard lock(mutex_);
    read_all();
}

Mark Sampler::mark() {
    const std::lock_guard lock(mutex_);
    const Seconds time = clock_.now();
    return {read_all(), time, own_cpu_time_};
}

std::vector<Reading> Sampler::readings(const Mark& begin, const Mark& end, std::size_t meter) const {
    const std::lock_guard lock(mutex_);
    const std::vector<Reading>& rounds = history_.at(meter);
    if (begin.index >= end.index || end.index >= rounds.size()) {
        fail("a window needs two marks of this sampler in order of time; got rounds {} and {} of {}",
             begin.index, end.index, rounds.size());
    }
    const auto first = rounds.begin() + static_cast<std::ptrdiff_t>(begin.index);
    return {first, rounds.begin() + static_cast<std::ptrdiff_t>(end.index) + 1};
}

std::vector<WindowReading> Sampler::windows(const Mark& begin, const Mark& end) const {
    std::vector<WindowReading> windows;
    for (std::size_t i = 0; i < meters_.size(); ++i) {
        windows.push_back(measure(meters_[i]->description(), readings(begin, end, i)));
    }
    return windows;
}

void Sampler::clear() {
    const std::lock_guard lock(mutex_);
    for (auto& rounds : history_) rounds.clear();
}

}  // namespace espalier::meters
