#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/error.h"

namespace espalier {
namespace {

TEST(ThreadPool, EveryIterationRunsOnce) {
    for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        EXPECT_EQ(pool.threads(), threads);
        for (const std::int64_t count : {0, 1, 2, 7, 64, 1001}) {
            for (const std::int64_t grain : {0, 1, 3, 2000}) {
                std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
                pool.parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end, int thread) {
                    EXPECT_GE(thread, 0);
                    EXPECT_LT(thread, threads);
                    for (std::int64_t i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
                });
                for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
            }
        }
    }
}

TEST(ThreadPool, EveryThreadBeginsWithTheSameShareOfEveryLoop) {
    constexpr int kThreads = 3;
    ThreadPool pool(kThreads);
    for (int round = 0; round < 50; ++round) {
        std::barrier all(kThreads);
        std::vector<std::int64_t> first(kThreads, -1);
        std::vector<std::atomic<int>> hits(32);
        pool.parallel_for(32, 2, [&](std::int64_t begin, std::int64_t end, int thread) {
            for (std::int64_t i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
            auto& mine = first[static_cast<std::size_t>(thread)];
            if (mine >= 0) return;
            mine = begin;
            all.arrive_and_wait();  // nobody takes a second chunk before all have their first
        });
        EXPECT_EQ(first, (std::vector<std::int64_t>{0, 10, 21}));
        for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
    }
}

TEST(ThreadPool, AThreadThatIsHeldUpLosesItsShareToTheOthers) {
    ThreadPool pool(2);
    std::atomic<int> done{0};
    pool.parallel_for(100, 1, [&](std::int64_t, std::int64_t, int thread) {
        // Thread 0 stays in its first iteration until all the others are done.
        while (thread == 0 && done < 99) std::this_thread::yield();
        ++done;
    });
    EXPECT_EQ(done.load(), 100);
}

TEST(ThreadPool, ManyShortLoopsInAndOutOfSessions) {
    ThreadPool pool(3);
    std::atomic<std::int64_t> sum{0};
    for (int round = 0; round < 200; ++round) {
        const ThreadPool::Session session(pool);
        for (int loop = 0; loop < 20; ++loop) {
            pool.parallel_for(8, 1, [&](std::int64_t begin, std::int64_t end, int) { sum += end - begin; });
        }
    }
    EXPECT_EQ(sum.load(), 200 * 20 * 8);
}

TEST(ThreadPool, AnExceptionArrivesAndThePoolGoesOn) {
    ThreadPool pool(4);
    for (int round = 0; round < 20; ++round) {
        EXPECT_THROW(pool.parallel_for(100, 1,
                                       [](std::int64_t begin, std::int64_t, int) {
                                           if (begin == 50) throw std::runtime_error("fifty");
                                       }),
                     std::runtime_error);
        std::atomic<int> count{0};
        pool.parallel_for(100, 1, [&](std::int64_t, std::int64_t, int) { ++count; });
        EXPECT_EQ(count.load(), 100);
    }
}

TEST(ThreadPool, LoopsMayBeLongerThanAWordOfAShare) {
    ThreadPool pool(3);
    constexpr std::int64_t kCount = (std::int64_t{5} << 32) + 3;
    std::atomic<std::int64_t> sum{0}, last{0};
    pool.parallel_for(kCount, std::int64_t{1} << 28, [&](std::int64_t begin, std::int64_t end, int) {
        sum += end - begin;
        if (end == kCount) last = begin;
    });
    EXPECT_EQ(sum.load(), kCount);
    EXPECT_GT(last.load(), 0);
}

TEST(ThreadPool, RefusesNonsense) {
    EXPECT_THROW(ThreadPool(0), Error);
    EXPECT_THROW(ThreadPool(1 << 20), Error);
}

}  // namespace
}  // namespace espalier
