// What a run records in memory while it goes on: thermodynamics, mean square displacements, frames.
#pragma once

#include "barostat.hpp"
#include "system.hpp"

#include <cstdint>
#include <vector>

namespace glasswright {

inline std::array<double, 9> rows(const Cell &c) { return {c.xx, 0, 0, c.xy, c.yy, 0, c.xz, c.yz, c.zz}; }

// One moment: sums over the whole system.
struct Thermo {
    std::int64_t step = 0;
    double temperature = 0, pressure = 0, potential = 0, kinetic = 0, conserved = 0; // [K, eV/Å³, eV]
    Tensor stress{};                                                               // with its kinetic part, positive in tension [eV/Å³]
};

struct Schedule {
    std::int64_t sample_every = 0, frames_every = 0; // in steps since the simulation was opened; 0: never

    static bool falls(std::int64_t every, std::int64_t step) { return every > 0 && step % every == 0; }
};

struct Samples {
    std::vector<Thermo> thermo;
    std::vector<std::array<double, 9>> cells;
    std::vector<double> displacement; // (n_samples, n_types) [Å²]
    std::vector<std::int64_t> frame_steps;
    std::vector<std::array<double, 9>> frame_cells;
    std::vector<double> frames; // (n_frames, n_atoms, 3), unwrapped [Å]
};

// Positions that displacements are measured from, as fractions of the cell in the order of the caller: what the cell does to all atoms
// alike is no diffusion.
class Reference {
public:
    std::vector<double> fraction; // (n, 3)

    void set(const Atoms &atoms, const Cell &cell) {
        fraction.resize(3 * atoms.size);
        for (std::size_t k = 0; k < atoms.size; ++k) {
            const double *x = &atoms.position[3 * k];
            const auto f = cell.fractional(x[0], x[1], x[2]);
            for (std::size_t a = 0; a < 3; ++a) fraction[3 * atoms.id[k] + a] = f[a];
        }
    }

    // Mean square displacement of every type [Å²]; 0 where there are no such atoms.
    void displacement(const Atoms &atoms, const Cell &cell, std::size_t n_types, std::vector<double> &out) const {
        std::vector<double> total(n_types), count(n_types);
        for (std::size_t k = 0; k < atoms.size; ++k) {
            const double *x = &atoms.position[3 * k], *f = &fraction[3 * atoms.id[k]];
            const auto was = cell.cartesian(f[0], f[1], f[2]);
            const auto type = static_cast<std::size_t>(atoms.type[k]);
            for (std::size_t a = 0; a < 3; ++a) total[type] += (x[a] - was[a]) * (x[a] - was[a]);
            ++count[type];
        }
        for (std::size_t t = 0; t < n_types; ++t) out.push_back(count[t] > 0 ? total[t] / count[t] : 0);
    }
};

// A copy of (n, 3) values in the order of the caller.
inline std::vector<double> in_order_of_caller(const Atoms &atoms, const std::vector<double> &values) {
    std::vector<double> ordered(values.size());
    for (std::size_t k = 0; k < atoms.size; ++k)
        for (std::size_t a = 0; a < 3; ++a) ordered[3 * atoms.id[k] + a] = values[3 * k + a];
    return ordered;
}

} // namespace glasswright
