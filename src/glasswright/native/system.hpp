// What every part of the core works on: the cell, the atoms in the order of the core, and the terms of the energy.
//
// Units are those of the package: Å, fs, eV, u. Atoms are kept sorted in space; `id` leads back to the order of the caller.
#pragma once

#include "parallel.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace glasswright {

// u Å²/fs² in eV
inline constexpr double mass_velocity2 = 103.6426965268;
// eV/K
inline constexpr double boltzmann = 8.617333262e-5;

// A periodic cell; rows are cell vectors, lower triangular: a = (xx, 0, 0), b = (xy, yy, 0), c = (xz, yz, zz) [Å].
struct Cell {
    double xx = 1, yy = 1, zz = 1, yz = 0, xz = 0, xy = 0;

    // Refuses what is no cell, and what is so small or large that products of its numbers leave the range of floats.
    void check() const {
        for (double edge : {xx, yy, zz})
            if (!(edge > 1e-3 && edge < 1e6)) throw std::invalid_argument("The cell must have a volume, and edges of 1e-3 to 1e6 Å.");
        for (double tilt : {yz, xz, xy})
            if (!(std::abs(tilt) < 1e6)) throw std::invalid_argument("The tilts of the cell must be below 1e6 Å.");
    }

    double volume() const { return xx * yy * zz; }
    bool orthogonal() const { return yz == 0 && xz == 0 && xy == 0; }

    // Fractions of the cell vectors ↔ Cartesian.
    std::array<double, 3> cartesian(double a, double b, double c) const { return {a * xx + b * xy + c * xz, b * yy + c * yz, c * zz}; }
    std::array<double, 3> fractional(double x, double y, double z) const {
        const double c = z / zz, b = (y - c * yz) / yy;
        return {(x - b * xy - c * xz) / xx, b, c};
    }
    // Distances between opposite faces [Å].
    std::array<double, 3> widths() const {
        const auto norm = [](double x, double y, double z) { return std::sqrt(x * x + y * y + z * z); };
        // b × c, c × a, a × b
        return {volume() / norm(yy * zz, -xy * zz, xy * yz - yy * xz), volume() / norm(0, xx * zz, -xx * yz), zz};
    }
    double narrowest() const {
        const auto w = widths();
        return std::min(w[0], std::min(w[1], w[2]));
    }
};

// Fractions of the cell in units of 2^-32: differences wrap to the nearest image by themselves, and resolve 1e-8 Å in any glass.
struct FixedPoint {
    std::int32_t x, y, z, type;
};

// Symmetric tensors are stored as xx, yy, zz, yz, xz, xy (ASE, Voigt).
using Tensor = std::array<double, 6>;

struct Atoms {
    std::size_t size = 0;
    std::vector<std::int32_t> type;
    std::vector<std::uint32_t> id;       // place in the caller's order
    std::vector<double> position;        // (n, 3), unwrapped [Å]
    std::vector<double> velocity;        // (n, 3) [Å/fs]
    std::vector<double> force;           // (n, 3) [eV/Å]
    std::vector<FixedPoint> fixed;       // (n), kept by `Forces`

    // Take another order: atom k becomes what atom order[k] was.
    void reorder(const std::vector<std::uint32_t> &order) {
        const auto take = [&](auto &values, std::size_t width) {
            auto sorted = values;
            for (std::size_t k = 0; k < size; ++k)
                for (std::size_t c = 0; c < width; ++c) sorted[width * k + c] = values[width * order[k] + c];
            values.swap(sorted);
        };
        take(type, 1), take(id, 1), take(position, 3), take(velocity, 3), take(force, 3), take(fixed, 1);
    }
};

// What an evaluation must give besides forces. `pressure`: the trace of the virial, spread over its three diagonal elements.
// `everything`: energy and the whole tensor.
enum class Need { forces, pressure, everything };

struct Totals {
    double energy = 0; // [eV]; with `everything` only
    Tensor virial{};   // -dE/dε [eV]; the pressure is (2 K + trace)/(3 V)
};

class NeighbourList;

// One part of the energy: pairs, the far field, triplets.
class Term {
public:
    Term() = default;
    Term(const Term &) {}
    Term &operator=(const Term &) = delete;
    virtual ~Term() = default;
    // The same for another `Forces`.
    virtual std::unique_ptr<Term> another() const = 0;
    // Up to here this term needs every pair of atoms listed [Å].
    virtual double cutoff() const { return 0; }
    // How many types of atoms it has parameters for; 0 where types do not matter.
    virtual int types() const { return 0; }
    // Called after every rebuild of the list, which also gives the atoms a new order. The list outlives the term's next `add`.
    virtual void listed(const NeighbourList &, const Atoms &) {}
    // Adds to atoms.force and to the totals. `atoms.fixed` and the neighbour lists are those of the present positions.
    virtual void add(Atoms &atoms, const Cell &cell, Need need, Team &team, Totals &totals) = 0;

    bool serves = false; // some `Forces`, whose list it reads
};

} // namespace glasswright
