// A team of threads that share the loops of one time step. Work is divided by thread index alone, so that results depend on the
// number of threads but never on timing.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace glasswright {

class Team {
public:
    explicit Team(int n_threads) : size_(n_threads < 1 ? 1 : n_threads) {
        for (int k = 1; k < size_; ++k) workers_.emplace_back([this, k] { work(k); });
    }
    Team(const Team &) = delete;
    Team &operator=(const Team &) = delete;
    ~Team() {
        job_ = nullptr;
        ++round_;
        round_.notify_all();
        for (std::thread &worker : workers_) worker.join();
    }

    int size() const { return size_; }

    // Calls task(thread) once on every thread, thread = 0 ... size - 1, and returns when all have finished.
    template <class Task> void run(Task &&task) {
        if (size_ == 1) {
            task(0);
            return;
        }
        using Plain = std::remove_reference_t<Task>;
        job_ = [](void *p, int thread) { (*static_cast<Plain *>(p))(thread); };
        argument_ = const_cast<void *>(static_cast<const void *>(&task));
        error_ = nullptr;
        failed_ = false;
        left_.store(size_ - 1, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
        std::exception_ptr mine;
        try {
            task(0);
        } catch (...) {
            mine = std::current_exception();
        }
        await(left_, looks_, [](int left) { return left == 0; });
        if (mine) std::rethrow_exception(mine);
        if (error_) std::rethrow_exception(error_);
    }

    // The part [first, second) of n items that falls to a thread, in multiples of a block.
    std::pair<std::size_t, std::size_t> share(std::size_t n, int thread, std::size_t block = 16) const {
        const std::size_t blocks = (n + block - 1) / block, t = static_cast<std::size_t>(thread), all = static_cast<std::size_t>(size_);
        const auto edge = [&](std::size_t k) { return std::min(n, blocks * k / all * block); };
        return {edge(t), edge(t + 1)};
    }

private:
    using Job = void (*)(void *, int);

    // How often a thread looks before it sleeps, at most: for some hundred microseconds, longer than the serial parts of a step and
    // shorter than it takes to wake up a processor. Where others want the processors, waiting in vain is unlearned quickly, so that a
    // thread that has nothing to do does not keep one from the thread it waits for.
    static constexpr int most_looks = 20000, fewest_looks = 100;

    static void pause() {
#if defined(__x86_64__) || defined(__i386__)
        _mm_pause();
#endif
    }

    template <class Value, class Good> static Value await(const std::atomic<Value> &value, int &looks, Good good) {
        for (int k = 0; k < looks; ++k) {
            const Value seen = value.load(std::memory_order_acquire);
            if (good(seen)) {
                looks = std::min(most_looks, looks + looks / 8 + 1);
                return seen;
            }
            pause();
        }
        looks = std::max(fewest_looks, looks / 2);
        for (;;) {
            const Value seen = value.load(std::memory_order_acquire);
            if (good(seen)) return seen;
            value.wait(seen, std::memory_order_acquire);
        }
    }

    void work(int thread) {
        int looks = most_looks;
        for (unsigned seen = 0;;) {
            seen = await(round_, looks, [seen](unsigned round) { return round != seen; });
            if (!job_) return;
            try {
                job_(argument_, thread);
            } catch (...) {
                if (!failed_.exchange(true)) error_ = std::current_exception();
            }
            if (left_.fetch_sub(1, std::memory_order_release) == 1) left_.notify_one();
        }
    }

    int size_;
    Job job_ = nullptr;
    void *argument_ = nullptr;
    std::exception_ptr error_;
    std::atomic<bool> failed_{false};
    std::atomic<int> left_{0};
    std::atomic<unsigned> round_{0};
    int looks_ = most_looks; // of the thread that calls run
    std::vector<std::thread> workers_;
};

} // namespace glasswright
