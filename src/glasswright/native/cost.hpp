// What decides about a trial of the Monte Carlo besides histograms and pairs: further energies, and penalties that constrain.
#pragma once

#include "configuration.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace glasswright {

// One atom and where it would go. Types stay with their atoms: a swap moves two.
struct Move {
    std::int32_t atom, type;
    Point from, to;
};
// All atoms that would move at once, each once.
using Trial = std::span<const Move>;

class Cost {
public:
    virtual ~Cost() = default;

    enum class Kind { energy, penalty }; // [eV], weighed by temperature; or a term of the exponent as it is
    virtual Kind kind() const = 0;
    // Throws std::invalid_argument where this cost cannot serve these atoms.
    virtual void check(const Configuration &) const {}

    // The cost of all atoms from the beginning; what is kept from trial to trial is made anew.
    virtual double total(const Configuration &configuration) = 0;
    // What the trial would add; infinite: not allowed. The atoms of the trial are lifted: `each_within` does not meet them, and
    // `point(atom)` is where they were.
    virtual double difference(const Configuration &configuration, Trial trial) = 0;
    // The trial whose difference was last asked for has been made: its atoms are at their new places, and met. Nothing is called where
    // a trial is rejected.
    virtual void accept(const Configuration &configuration, Trial trial) = 0;

    // Dear, and seldom decisive: asked for only where all else would accept, and judged by itself.
    virtual bool comes_last() const { return false; }

    bool serves = false; // some Monte Carlo
};

} // namespace glasswright
