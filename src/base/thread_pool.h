#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace espalier {

/// A fixed set of threads that share loops. Within a Session (one inference) idle workers spin for a bounded
/// time so that a loop starts in well under a microsecond; outside they sleep and burn nothing.
/// Each thread begins with a share of a loop's iterations, the same for every loop: where loops walk over the
/// same image it finds in its own cache what it wrote in the last. Whoever is done takes chunks from the ends
/// of the others' shares, and a loop ends when those who took part in it are done: a thread that loses its
/// processor delays the chunk it holds, and one that has not woken delays nothing.
class ThreadPool {
  public:
    /// `threads` counts the calling thread; 1 makes every loop run inline. Throws Error unless 1..1024.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    /// Calls body(begin, end, thread) over disjoint ranges that cover [0, count); `grain` iterations at a
    /// time, thread t's own from count t / threads on in ascending order. `thread` in [0, threads()) names
    /// the executing thread, for scratch memory. Returns when all are done. Not reentrant: body must not call
    /// parallel_for of the same pool. An exception in body is rethrown here.
    template <typename Body>
    void parallel_for(std::int64_t count, std::int64_t grain, Body&& body) {
        if (count <= 0) return;
        if (grain < 1) grain = 1;
        if (workers_.empty() || count <= grain) {
            body(std::int64_t{0}, count, 0);
            return;
        }
        using Plain = std::remove_reference_t<Body>;
        run(Loop{[](void* context, std::int64_t begin, std::int64_t end, int thread) {
                     (*static_cast<Plain*>(context))(begin, end, thread);
                 },
                 const_cast<void*>(static_cast<const void*>(&body)), count, grain});
    }

    /// While one is alive, workers spin between loops instead of sleeping at once.
    class Session {
      public:
        explicit Session(ThreadPool& pool);
        ~Session();
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;

      private:
        ThreadPool& pool_;
    };

  private:
    struct Loop {
        void (*call)(void* context, std::int64_t begin, std::int64_t end, int thread);
        void* context;
        std::int64_t count;
        std::int64_t grain;
    };

    /// Iterations [begin, end), in units of several where there are 2^32 and more.
    struct Chunk {
        std::uint64_t begin;
        std::uint64_t end;
    };

    /// The iterations of a thread that nobody has taken yet: their begin in the low half of a word, their
    /// end in the high one.
    class alignas(64) Share {
      public:
        static constexpr std::uint64_t kMost = 0xffff'ffff;

        void deal(std::uint64_t begin, std::uint64_t end);
        /// Up to `grain` of them from either end; false when there are none.
        bool take_first(std::uint64_t grain, Chunk& chunk);
        bool take_last(std::uint64_t grain, Chunk& chunk);
        bool has_one_chunk(std::uint64_t grain) const;

      private:
        std::atomic<std::uint64_t> left_{0};
    };

    void run(const Loop& loop);
    void work(int thread);
    bool enter_loop();
    void leave_loop();
    void close_loop();
    void deal(std::int64_t units);
    void take_chunks(const Loop& loop, int thread);
    bool take_chunk(std::uint64_t grain, int thread, Chunk& chunk);
    std::uint64_t wait_for_loop(std::uint64_t seen) const;

    static constexpr int kClosed = 1 << 16;

    std::vector<std::thread> workers_;
    std::vector<Share> shares_;  ///< one for each thread
    Loop loop_{};
    std::exception_ptr error_;
    std::atomic_flag error_set_ = ATOMIC_FLAG_INIT;
    alignas(64) std::atomic<std::uint64_t> epoch_{0};
    alignas(64) std::atomic<int> inside_;  ///< workers in the current loop, plus kClosed once none may enter
    alignas(64) std::atomic<int> sessions_{0};
    std::atomic<bool> stop_{false};
};

}  // namespace espalier
