// The pairs of atoms that a trial of a Monte Carlo move changes, and the atoms that it touches: for energies and constraints of short reach.
#pragma once

#include "cost.hpp"

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glasswright {

inline double square(const Separation &d) { return d[0] * d[0] + d[1] * d[1] + d[2] * d[2]; }

// All pairs closer than a radius.
class ChangedPairs {
public:
    explicit ChangedPairs(double radius) : radius_(radius) {}

    void check(const Configuration &atoms) const {
        if (radius_ > 0.5 * atoms.cell().narrowest()) throw std::invalid_argument("A neighbour may be farther away than half the narrowest width of the cell: use more atoms.");
    }
    // Single precision decides whom the configuration visits, double precision who is closer than the radius.
    void reset(const Configuration &atoms) { reach_ = atoms.reach(radius_ * (1 + 1e-5)); }

    // Calls visit(i, j, separation i → j) once for every pair.
    template <class Visit> void each(const Configuration &atoms, Visit &&visit) const {
        for (std::size_t i = 0; i < atoms.size(); ++i)
            around(atoms, atoms.point(i), [&](std::size_t j, const Separation &d) {
                if (j > i) visit(i, j, d);
            });
    }

    // Calls visit(-1, i, j, separation i → j, whether j moves too) for every pair as it is of which i moves, and visit(+1, ...) as it
    // would be.
    template <class Visit> void each_changed(const Configuration &atoms, Trial trial, Visit &&visit) const {
        for (std::size_t m = 0; m < trial.size(); ++m) {
            const auto i = static_cast<std::size_t>(trial[m].atom);
            around(atoms, trial[m].from, [&](std::size_t j, const Separation &d) { visit(-1, i, j, d, false); });
            around(atoms, trial[m].to, [&](std::size_t j, const Separation &d) { visit(+1, i, j, d, false); });
            for (std::size_t k = m + 1; k < trial.size(); ++k) {
                const auto j = static_cast<std::size_t>(trial[k].atom);
                if (const Separation d = atoms.separation(trial[m].from, trial[k].from); square(d) < radius_ * radius_) visit(-1, i, j, d, true);
                if (const Separation d = atoms.separation(trial[m].to, trial[k].to); square(d) < radius_ * radius_) visit(+1, i, j, d, true);
            }
        }
    }

    // Calls visit(j, separation) for every atom at rest.
    template <class Visit> void around(const Configuration &atoms, Point point, Visit &&visit) const {
        atoms.each_within(reach_, point, [&](std::size_t j, const Separation &d) {
            if (square(d) < radius_ * radius_) visit(j, d);
        });
    }

private:
    double radius_;
    Reach reach_;
};

// A set of atoms in the order they were met, each with its place in that order.
class Touched {
public:
    void reset(std::size_t atoms) { atoms_.clear(), slot_.assign(atoms, none); }
    void clear() {
        for (const std::size_t i : atoms_) slot_[i] = none;
        atoms_.clear();
    }
    // The place of an atom, and whether it is new.
    std::pair<std::size_t, bool> slot(std::size_t atom) {
        if (slot_[atom] != none) return {slot_[atom], false};
        slot_[atom] = static_cast<std::uint32_t>(atoms_.size());
        atoms_.push_back(atom);
        return {slot_[atom], true};
    }
    std::size_t size() const { return atoms_.size(); }
    std::size_t operator[](std::size_t slot) const { return atoms_[slot]; }

private:
    static constexpr std::uint32_t none = 0xffffffff;
    std::vector<std::size_t> atoms_;
    std::vector<std::uint32_t> slot_;
};

} // namespace glasswright
