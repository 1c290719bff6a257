// Energies of pairs of atoms from the tables of the molecular dynamics.
//
// Every pair is rounded to a multiple of 2^-28 eV (4e-9 eV): sums of up to 3e7 eV are then exact, whatever their order, so that what
// trials add up to is what a full count gives, and a simulation that goes on from a saved state repeats itself to the last bit.
#pragma once

#include "mixed_pairs.hpp"

namespace glasswright {

class PairEnergy {
public:
    explicit PairEnergy(const PairTable &table) : pairs_(table, table.energy), cutoff_(table.longest()), slope_(pairs_.by_type(0)) {
        for (std::size_t p = 0; p < table.cutoff.size(); ++p) {
            if (table.cutoff[p] * table.cutoff[p] * table.scale[p] <= table.lowest()) continue;
            // Below the table F/r stays as it is at t = -1: the energy is a straight line in r².
            double lowest_force = 0;
            for (int k = table.degree; k >= 0; --k) lowest_force = table.force[p * table.segments() * (table.degree + 1) + k] - lowest_force;
            slope_[pairs_.place(p)] = static_cast<float>(0.5 * lowest_force / table.scale[p]);
        }
        MixedPairs::require_finite(slope_);
        for (const double e : table.self_energy) self_energy_.push_back((e + rounder) - rounder);
    }

    int types() const { return pairs_.types(); }
    double cutoff() const { return cutoff_; }
    // Of an atom alone [eV].
    double self_energy(std::int32_t type) const { return self_energy_[static_cast<std::size_t>(type)]; }

    // Of an atom with its neighbours [eV].
    double sum(std::int32_t type, const NearAtoms &near) const {
        using namespace simd;
        Double total{};
        const float *const slope = &slope_[pairs_.first(type)];
        pairs_.each(type, near.r2.data(), near.type.data(), near.size, [&](std::size_t k, Float energy, Float u, Int types) {
            unsigned below = bits(both(less(u, broadcast<Float>(pairs_.lowest())), first_lanes(static_cast<int>(std::min<std::size_t>(near.size - k, lanes)))));
            for (; below; below &= below - 1) {
                const int lane = std::countr_zero(below);
                energy[lane] += slope[types[lane]] * (pairs_.lowest() - u[lane]);
            }
            total += (low_half(energy) + rounder) - rounder, total += (high_half(energy) + rounder) - rounder;
        });
        return simd::sum(total);
    }

private:
    static constexpr double rounder = 1.5 * (1 << 24); // the last bit of what is added to it stands for 2^-28

    MixedPairs pairs_;
    double cutoff_;
    std::vector<float> slope_; // by type
    std::vector<double> self_energy_;
};

} // namespace glasswright
