// Hard cores: how close atoms of two types may come.
#pragma once

#include "configuration.hpp"

namespace glasswright {

class MinimumDistances {
public:
    // distances (types, types) [Å]
    MinimumDistances(const Configuration &configuration, const std::vector<double> &distances) {
        const auto n = static_cast<std::size_t>(configuration.n_types());
        double longest = 0;
        for (const double d : distances) longest = std::max(longest, d);
        any_ = longest > 0;
        if (!any_) return;
        if (2 * longest > configuration.cell().narrowest()) throw std::invalid_argument("A minimum distance exceeds half the narrowest width of the cell.");
        reach_ = configuration.reach(longest);
        longest2_ = static_cast<float>(longest * longest);
        // What is lifted, the last of each row, is never too close.
        limits_.assign(n * (n + 1), 0);
        for (std::size_t a = 0; a < n; ++a)
            for (std::size_t b = 0; b < n; ++b) limits_[a * (n + 1) + b] = static_cast<float>(distances[a * n + b] * distances[a * n + b]);
    }

    bool any() const { return any_; }

    // Whether an atom of this type would be too close to one at rest.
    bool broken(const Configuration &configuration, std::int32_t type, Point p) const {
        return configuration.metric().straight ? broken<true>(configuration, type, p) : broken<false>(configuration, type, p);
    }

private:
    template <bool straight> bool broken(const Configuration &configuration, std::int32_t type, Point p) const {
        using namespace simd;
        const Float longest2 = broadcast<Float>(longest2_);
        const float *const limits = &limits_[static_cast<std::size_t>(type) * (configuration.n_types() + 1)];
        bool found = false;
        configuration.each_run(reach_, p, [&](Configuration::Slot begin, Configuration::Slot end) {
            if (found) return;
            for (Configuration::Slot k = begin; k < end; k += lanes) {
                const Float r2 = configuration.distance2<straight>(k, p);
                unsigned left = bits(both(less(r2, longest2), first_lanes(static_cast<int>(end - k))));
                for (; left; left &= left - 1) {
                    const int lane = std::countr_zero(left);
                    found |= r2[lane] < limits[configuration.labels()[k + static_cast<Configuration::Slot>(lane)]];
                }
            }
        });
        return found;
    }

    bool any_ = false;
    Reach reach_;
    float longest2_ = 0;
    std::vector<float> limits_;
};

} // namespace glasswright
