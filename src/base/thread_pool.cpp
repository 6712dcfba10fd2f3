#include "base/thread_pool.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"

namespace espalier {
namespace {

/// About 20-60 microseconds of pauses: one to two times the latency of waking a sleeping thread.
constexpr int kSpins = 2000;

/// About 1 to 3 microseconds: how long the last chunk of a share is left to its owner, who takes less time
/// for it than whoever must fetch what it reads from the owner's cache.
constexpr int kPatience = 60;

void pause_briefly() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/// Iterations that shares count as one, so that any number of them fits into half a word.
std::int64_t unit_of(std::int64_t count, std::uint64_t most) {
    return count / static_cast<std::int64_t>(most) + 1;
}

std::uint64_t checked(int threads) {
    if (threads < 1 || threads > 1024) fail_usage("the number of threads must be 1 to 1024, not {}", threads);
    return static_cast<std::uint64_t>(threads);
}

}  // namespace

void ThreadPool::Share::deal(std::uint64_t begin, std::uint64_t end) {
    left_.store(end << 32 | begin, std::memory_order_relaxed);
}

bool ThreadPool::Share::take_first(std::uint64_t grain, Chunk& chunk) {
    std::uint64_t left = left_.load(std::memory_order_relaxed);
    do {
        const std::uint64_t begin = left & kMost, end = left >> 32;
        if (begin >= end) return false;
        chunk = {begin, std::min(begin + grain, end)};
    } while (!left_.compare_exchange_weak(left, left - chunk.begin + chunk.end, std::memory_order_relaxed));
    return true;
}

bool ThreadPool::Share::has_one_chunk(std::uint64_t grain) const {
    const std::uint64_t left = left_.load(std::memory_order_relaxed), begin = left & kMost, end = left >> 32;
    return begin < end && end - begin <= grain;
}

bool ThreadPool::Share::take_last(std::uint64_t grain, Chunk& chunk) {
    std::uint64_t left = left_.load(std::memory_order_relaxed);
    do {
        const std::uint64_t begin = left & kMost, end = left >> 32;
        if (begin >= end) return false;
        chunk = {end - std::min(grain, end - begin), end};
    } while (
        !left_.compare_exchange_weak(left, chunk.begin << 32 | (left & kMost), std::memory_order_relaxed));
    return true;
}

ThreadPool::ThreadPool(int threads) : shares_(checked(threads)), inside_(kClosed) {
    for (int thread = 1; thread < threads; ++thread) {
        workers_.emplace_back([this, thread] { work(thread); });
    }
}

ThreadPool::~ThreadPool() {
    stop_ = true;
    epoch_.fetch_add(1);
    epoch_.notify_all();
    for (auto& worker : workers_) worker.join();
}

ThreadPool::Session::Session(ThreadPool& pool) : pool_(pool) { pool_.sessions_.fetch_add(1); }
ThreadPool::Session::~Session() { pool_.sessions_.fetch_sub(1); }

void ThreadPool::deal(std::int64_t units) {
    const auto all = static_cast<std::uint64_t>(units);
    const std::uint64_t threads = shares_.size();
    for (std::uint64_t i = 0; i < threads; ++i) shares_[i].deal(all * i / threads, all * (i + 1) / threads);
}

void ThreadPool::run(const Loop& loop) {
    const std::int64_t unit = unit_of(loop.count, Share::kMost);
    loop_ = loop;
    deal((loop.count + unit - 1) / unit);
    inside_.store(0, std::memory_order_release);
    epoch_.fetch_add(1, std::memory_order_release);
    epoch_.notify_all();
    take_chunks(loop, 0);
    close_loop();
    if (error_set_.test()) {
        error_set_.clear();
        std::rethrow_exception(std::exchange(error_, nullptr));
    }
}

/// A worker takes part only while the loop is open: whoever wakes too late must not be waited for.
bool ThreadPool::enter_loop() {
    int inside = inside_.load(std::memory_order_relaxed);
    while (inside < kClosed) {
        if (inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_acquire,
                                          std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void ThreadPool::leave_loop() {
    if (inside_.fetch_sub(1, std::memory_order_release) == kClosed + 1) inside_.notify_all();
}

/// Returns when nobody is inside. A worker may have been descheduled in the middle of a chunk: after the
/// bound, sleep until it reports.
void ThreadPool::close_loop() {
    int inside = inside_.fetch_add(kClosed, std::memory_order_acquire) + kClosed;
    for (int spins = 0; inside != kClosed; inside = inside_.load(std::memory_order_acquire)) {
        if (++spins < kSpins) {
            pause_briefly();
        } else {
            inside_.wait(inside, std::memory_order_acquire);
        }
    }
}

void ThreadPool::take_chunks(const Loop& loop, int thread) {
    const std::int64_t unit = unit_of(loop.count, Share::kMost);
    const auto grain = static_cast<std::uint64_t>((loop.grain - 1) / unit + 1);
    try {
        for (Chunk chunk{}; take_chunk(grain, thread, chunk);) {
            loop.call(loop.context, static_cast<std::int64_t>(chunk.begin) * unit,
                      std::min(static_cast<std::int64_t>(chunk.end) * unit, loop.count), thread);
        }
    } catch (...) {
        if (!error_set_.test_and_set()) error_ = std::current_exception();
        deal(0);
    }
}

bool ThreadPool::take_chunk(std::uint64_t grain, int thread, Chunk& chunk) {
    const std::size_t own = static_cast<std::size_t>(thread), threads = shares_.size();
    if (shares_[own].take_first(grain, chunk)) return true;
    for (std::size_t i = 1; i < threads; ++i) {
        Share& other = shares_[(own + i) % threads];
        for (int spins = 0; spins < kPatience && other.has_one_chunk(grain); ++spins) pause_briefly();
        if (other.take_last(grain, chunk)) return true;
    }
    return false;
}

std::uint64_t ThreadPool::wait_for_loop(std::uint64_t seen) const {
    for (int spins = 0;;) {
        const std::uint64_t now = epoch_.load(std::memory_order_acquire);
        if (now != seen) return now;
        if (sessions_.load(std::memory_order_relaxed) > 0 && ++spins < kSpins) {
            pause_briefly();
        } else {
            epoch_.wait(seen, std::memory_order_acquire);
        }
    }
}

void ThreadPool::work(int thread) {
    std::uint64_t seen = 0;
    for (;;) {
        seen = wait_for_loop(seen);
        if (stop_) return;
        if (!enter_loop()) continue;
        take_chunks(loop_, thread);
        leave_loop();
    }
}

}  // namespace espalier
