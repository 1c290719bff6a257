// From Cartesian positions to fractions of the cell in fixed point.
#pragma once

#include "system.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace glasswright {

// Where a position may lie, in cells from the origin: beyond, its fraction would lose digits.
inline constexpr double farthest = 1 << 18;

// Any number of cells modulo one. Adding 1.5 * 2^52 leaves the nearest integer in the lowest bits of a double.
inline std::int32_t fixed_fraction(double fraction) {
    const double shifted = fraction * 4294967296.0 + 6755399441055744.0;
    std::int64_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
}

// Brings atoms.fixed up to atoms.position.
inline void refresh_fixed(Atoms &atoms, const Cell &cell, Team &team) {
    atoms.fixed.resize(atoms.size);
    const double ax = 1 / cell.xx, by = 1 / cell.yy, cz = 1 / cell.zz;
    team.run([&](int thread) {
        const auto [begin, end] = team.share(atoms.size, thread);
        double reach = 0, nothing = 0; // 0, or NaN once a fraction is not finite
        for (std::size_t i = begin; i < end; ++i) {
            const double *r = &atoms.position[3 * i];
            const double c = r[2] * cz, b = (r[1] - c * cell.yz) * by, a = (r[0] - b * cell.xy - c * cell.xz) * ax;
            reach = std::max(reach, std::max(std::max(std::abs(a), std::abs(b)), std::abs(c)));
            nothing += 0 * (a + b + c);
            atoms.fixed[i] = {fixed_fraction(a), fixed_fraction(b), fixed_fraction(c), atoms.type[i]};
        }
        if (!(reach + nothing < farthest)) throw std::invalid_argument("A position is not finite, or very far from the cell.");
    });
}

} // namespace glasswright
