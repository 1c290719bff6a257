// Displacements along a force: smart Monte Carlo (Rossky, Doll and Friedman 1978, doi 10.1063/1.436415).
//
// An atom goes by m(F) + σ ξ, with ξ normal and m = σ²F/2 shortened to at most 2σ. F is the force on it [1/Å] by any pair functions:
// they steer, and the probability of the way back corrects for them exactly, so that they may be an approximation of what is sampled.
#pragma once

#include "cost.hpp"
#include "mixed_pairs.hpp"
#include "random.hpp"

namespace glasswright {

class Bias {
public:
    explicit Bias(const Configuration &configuration, const PairTable &table) : pairs_(table, table.force), reach_(configuration.reach(table.longest())) {
        for (auto *values : {&x_, &y_, &z_}) values->assign(configuration.size() + 2 * simd::lanes, 0);
        near_.make_room(configuration.size());
    }

    // Where an atom goes from here by a normal width σ [Å]; the mean of the step is kept.
    Separation step(const Configuration &configuration, const Move &move, double width, Draws &draws) {
        mean_ = mean(configuration, move.type, move.from, width);
        Separation by = mean_;
        for (double &component : by) component += width * draws.normal();
        return by;
    }
    // ln of the probability of the way back over that of the step, the atom being lifted.
    double log_ratio(const Configuration &configuration, const Move &move, double width) {
        const Separation by = configuration.separation(move.from, move.to), back = mean(configuration, move.type, move.to, width);
        double sum = 0;
        for (std::size_t k = 0; k < 3; ++k) sum += (by[k] - mean_[k]) * (by[k] - mean_[k]) - (by[k] + back[k]) * (by[k] + back[k]);
        return sum / (2 * width * width);
    }

private:
    Separation mean(const Configuration &configuration, std::int32_t type, Point p, double width) {
        Separation f = configuration.metric().straight ? force<true>(configuration, type, p) : force<false>(configuration, type, p);
        double length = 0;
        for (double &component : f) component *= width * width / 2, length += component * component;
        length = std::sqrt(length);
        // A force beyond all measure shows no way.
        if (!(length < 1e30)) return {};
        if (length > 2 * width)
            for (double &component : f) component *= 2 * width / length;
        return f;
    }

    template <bool straight> Separation force(const Configuration &configuration, std::int32_t type, Point p) {
        using namespace simd;
        const Metric metric = configuration.metric();
        const Float limit = broadcast<Float>(static_cast<float>(reach_.radius * reach_.radius));
        const Int lifted = broadcast<Int>(configuration.n_types()), px = broadcast<Int>(p.x), py = broadcast<Int>(p.y), pz = broadcast<Int>(p.z);
        std::size_t n = 0;
        configuration.each_run(reach_, p, [&](Configuration::Slot begin, Configuration::Slot end) {
            for (Configuration::Slot k = begin; k < end; k += lanes) {
                const auto away = metric.cartesian<straight>(wrapping_difference(px, load<Int>(configuration.x() + k)), wrapping_difference(py, load<Int>(configuration.y() + k)),
                                                             wrapping_difference(pz, load<Int>(configuration.z() + k)));
                const Float r2 = away.squared();
                const Int types = load<Int>(configuration.labels() + k);
                const Mask which = both(both(less(r2, limit), first_lanes(static_cast<int>(end - k))), differ(types, lifted));
                const auto add = [&](std::vector<std::int32_t> &to, Float v) { return compress(&to[n], bits_as<Int>(v), which); };
                add(x_, away.x), add(y_, away.y), add(z_, away.z), add(near_.r2, r2);
                n += static_cast<std::size_t>(compress(&near_.type[n], types, which));
            }
        });
        Double x{}, y{}, z{};
        pairs_.each(type, near_.r2.data(), near_.type.data(), n, [&](std::size_t k, Float s, Float, Int) {
            const auto sum = [&](Double &to, const std::vector<std::int32_t> &away) {
                const Float part = s * load<Float>(&away[k]);
                to += low_half(part), to += high_half(part);
            };
            sum(x, x_), sum(y, y_), sum(z, z_);
        });
        return {simd::sum(x), simd::sum(y), simd::sum(z)};
    }

    MixedPairs pairs_;
    Reach reach_;
    NearAtoms near_;
    std::vector<std::int32_t> x_, y_, z_; // from the atoms near by
    Separation mean_{};
};

} // namespace glasswright
