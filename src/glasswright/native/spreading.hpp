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
        length_ = (nodes() + width_ + simd::lanes) / simd::lanes * simd::lanes + simd::lanes;
        phases_.assign(step_ * length_, 0), sums_.assign(length_, 0);
    }

    std::size_t nodes() const { return (n_bins_ - 1) / step_ + width_; }

    // Of values on all bins: the sums on the nodes.
    const float *operator()(const float *values) {
        if (window_.size() == 1) return values;
        // Bins of the same place within a step side by side.
        const std::size_t ahead = step_ * (width_ - 1);
        for (std::size_t i = 0, phase = ahead % step_, place = ahead / step_; i < n_bins_; ++i) {
            phases_[phase * length_ + place] = values[i];
            if (++phase == step_) phase = 0, ++place;
        }
        using namespace simd;
        for (std::size_t node = 0; node < nodes(); node += lanes) {
            Float sum{};
            const float *weight = window_.data();
            for (std::size_t q = 0; q < width_; ++q)
                for (std::size_t phase = 0; phase < step_; ++phase) sum = multiply_add(broadcast<Float>(*weight++), load<Float>(&phases_[phase * length_ + node + q]), sum);
            store(&sums_[node], sum);
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
    std::size_t step_, width_, n_bins_, length_ = 0;
    std::vector<float> window_, phases_, sums_;
};

} // namespace glasswright
