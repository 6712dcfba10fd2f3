#include "meters/sampler.h"

#include <ctime>

#include <algorithm>
#include <chrono>
#include <numeric>
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

std::vector<std::size_t> sorted_by_cost(const std::vector<Meter*>& meters) {
    std::vector<std::size_t> order(meters.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(), [&](std::size_t meter) {
        return meters[meter]->description().costly_period <= Seconds(0);
    });
    return order;
}

}  // namespace

Sampler::Sampler(std::vector<Meter*> meters, Clock& clock, Seconds period)
    : meters_(std::move(meters)),
      clock_(clock),
      period_(safe_period(meters_, period)),
      by_cost_(sorted_by_cost(meters_)),
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
        read_due();
        own_cpu_time_ = before + thread_cpu_time();
        // A late round does not make the next ones hurry: missed rounds are left out.
        next = std::max(next + period, std::chrono::steady_clock::now());
        wake_.wait_until(lock, next, [this] { return stopping_; });
    }
    own_cpu_time_ = before + thread_cpu_time();
}

void Sampler::take(std::size_t meter) { history_[meter].push_back({round_, meters_[meter]->read()}); }

std::size_t Sampler::read_all(Edge edge) {
    if (edge == Edge::kBegin) {
        std::for_each(by_cost_.rbegin(), by_cost_.rend(), [this](std::size_t meter) { take(meter); });
    } else {
        for (const std::size_t meter : by_cost_) take(meter);
    }
    return round_++;
}

void Sampler::read_due() {
    for (const std::size_t meter : by_cost_) {
        const Seconds rest = meters_[meter]->description().costly_period;
        const auto& taken = history_[meter];
        if (taken.empty() || clock_.now() - taken.back().reading.time >= rest) take(meter);
    }
    ++round_;
}

void Sampler::sample() {
    const std::lock_guard lock(mutex_);
    read_due();
}

Mark Sampler::mark(Edge edge) {
    const std::lock_guard lock(mutex_);
    const Seconds time = clock_.now();
    return {read_all(edge), time, own_cpu_time_};
}

void Sampler::fix_ranges() {
    const std::lock_guard lock(mutex_);
    for (Meter* meter : meters_) meter->fix_ranges();
}

std::vector<Reading> Sampler::readings(const Mark& begin, const Mark& end, std::size_t meter) const {
    const std::lock_guard lock(mutex_);
    if (begin.index >= end.index || end.index >= round_) {
        fail("a window needs two marks of this sampler in order of time; got rounds {} and {} of {}",
             begin.index, end.index, round_);
    }
    std::vector<Reading> between;
    for (const Taken& taken : history_.at(meter)) {
        if (taken.round >= begin.index && taken.round <= end.index) between.push_back(taken.reading);
    }
    return between;
}

Watts Sampler::peak_beside(std::size_t meter, const Mark& begin, const Mark& end) const {
    const Description& counter = meters_[meter]->description();
    if (counter.unit != UnitKind::kCumulativeEnergy || counter.costly_period <= Seconds(0)) return Watts(0);
    Watts peak;
    for (std::size_t i = 0; i < meters_.size(); ++i) {
        const Description& other = meters_[i]->description();
        if (other.unit == UnitKind::kPower && other.part == counter.part)
            peak = std::max(peak, largest_power(other, readings(begin, end, i)));
    }
    return peak;
}

std::vector<WindowReading> Sampler::windows(const Mark& begin, const Mark& end) const {
    std::vector<WindowReading> windows;
    for (std::size_t i = 0; i < meters_.size(); ++i) {
        windows.push_back(
            measure(meters_[i]->description(), readings(begin, end, i), peak_beside(i, begin, end)));
    }
    return windows;
}

void Sampler::clear() {
    const std::lock_guard lock(mutex_);
    for (auto& taken : history_) taken.clear();
    round_ = 0;
}

}  // namespace espalier::meters
