#include "base/thread_pool.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"

namespace espalier {
namespace {

/// About 20-60 microseconds of pauses: one to two times the latency of waking a sleeping thread.
constexpr int kSpins = 2000;

void pause_briefly() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) : inside_(kClosed) {
    if (threads < 1 || threads > 1024) fail_usage("the number of threads must be 1 to 1024, not {}", threads);
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

void ThreadPool::run(const Loop& loop) {
    loop_ = loop;
    next_.store(0, std::memory_order_relaxed);
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
    try {
        for (;;) {
            const std::int64_t begin = next_.fetch_add(loop.grain, std::memory_order_relaxed);
            if (begin >= loop.count) return;
            loop.call(loop.context, begin, std::min(begin + loop.grain, loop.count), thread);
        }
    } catch (...) {
        if (!error_set_.test_and_set()) error_ = std::current_exception();
        next_.store(loop.count, std::memory_order_relaxed);
    }
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
