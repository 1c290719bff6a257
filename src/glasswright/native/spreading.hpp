// From the bins of a histogram to fewer nodes: where a function of the distance holds no wave shorter than a few bins, it is a sum of
// windows on nodes a few bins apart, and to multiply a histogram by it is to spread the histogram onto the nodes first.
#pragma once

#include "simd.hpp"

#include <cstddef>
#include <stdexcept>
#include <vector>

namespace glasswright {

class Spreading {
public:
    // The window on the bins around a node (width * step); nodes are `step` bins apart, every bin belongs to `width` nodes.
    Spreading(const std::vector<float> &window, std::size_t step, std::size_t n_bins) : step_(step), width_(window.size() / step), n_bins_(n_bins), window_(window) {
        if (step == 0 || window.empty() || window.size() % step != 0) throw std::invalid_argument("A window must cover whole steps.");
        length_ = (nodes() / block + 1) * block + width_;
        phases_.assign(step_ * length_, 0), sums_.assign(length_, 0);
    }

    std::size_t nodes() const { return (n_bins_ - 1) / step_ + width_; }

    // Of values on all bins: the sums on the nodes.
    const float *operator()(const float *values) {
        if (window_.size() == 1) return values;
        // Bins of the same place within a step side by side.
        for (std::size_t phase = 0; phase < step_; ++phase) {
            float *to = &phases_[phase * length_] + width_ - 1;
            for (std::size_t i = phase; i < n_bins_; i += step_) *to++ = values[i];
        }
        using namespace simd;
        for (std::size_t node = 0; node < nodes(); node += block) {
            Float sums[block / lanes]{};
            const float *weight = window_.data();
            for (std::size_t q = 0; q < width_; ++q)
                for (std::size_t phase = 0; phase < step_; ++phase) {
                    const Float w = broadcast<Float>(*weight++);
                    const float *const from = &phases_[phase * length_ + node + q];
                    for (std::size_t v = 0; v < block / lanes; ++v) sums[v] = multiply_add(w, load<Float>(from + v * lanes), sums[v]);
                }
            for (std::size_t v = 0; v < block / lanes; ++v) store(&sums_[node + v * lanes], sums[v]);
        }
        return sums_.data();
    }

    // The same in double precision.
    std::vector<double> exact(const std::vector<double> &values) const {
        std::vector<double> sums(nodes(), 0);
        const std::size_t ahead = step_ * (width_ - 1);
        for (std::size_t i = 0; i < n_bins_; ++i)
            for (std::size_t q = 0; q < width_; ++q) {
                const std::size_t place = i + ahead, node = place / step_ - q;
                sums[node] += values[i] * static_cast<double>(window_[place - node * step_]);
            }
        return sums;
    }

private:
    static constexpr std::size_t block = 4 * simd::lanes; // nodes that are summed side by side

    std::size_t step_, width_, n_bins_, length_ = 0;
    std::vector<float> window_, phases_, sums_;
};

} // namespace glasswright
