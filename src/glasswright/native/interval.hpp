// Intervals of wall-clock time.
#pragma once

#include <chrono>

namespace glasswright {

class Interval {
public:
    explicit Interval(std::chrono::duration<double> length) : length_(length) { restart(); }
    bool passed() const { return Clock::now() >= end_; }
    void restart() { end_ = Clock::now() + length_; }

private:
    using Clock = std::chrono::steady_clock;
    std::chrono::duration<double> length_;
    std::chrono::time_point<Clock, std::chrono::duration<double>> end_;
};

} // namespace glasswright
