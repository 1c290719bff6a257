// Thermostats. Each works on the kinetic energy of a group of degrees of freedom for one time step and books the energy that it takes
// from the group, so that energy plus what is booked is conserved.
//
// Equation-to-variable table: Q = mass (here hidden in u = v sqrt(Q), whose kinetic energy is u²/2), τ = damping, f = freedom, kT.
#pragma once

#include "random.hpp"

#include <array>
#include <cmath>

namespace glasswright {

// Martyna, Klein and Tuckerman 1992 (doi 10.1063/1.463940); integrated by Suzuki-Yoshida factors (doi 10.1080/00268979600100761).
// Since u does not change with the target, energy is conserved along a temperature programme too.
class NoseHooverChain {
public:
    static constexpr std::size_t length = 3;
    std::array<double, length> u{}; // [sqrt(eV)]

    double kinetic() const { return 0.5 * (u[0] * u[0] + u[1] * u[1] + u[2] * u[2]); }

    // The factor that multiplies the velocities of the group.
    double advance(double twice_kinetic, double freedom, double kT, double damping, double dt, double &booked) {
        constexpr double w = 1.3512071919596576; // 1 / (2 - 2^(1/3))
        double factor = 1;
        for (const double weight : {w, 1 - 2 * w, w}) factor *= substep(twice_kinetic, freedom, kT, damping, weight * dt, booked);
        return factor;
    }

private:
    double substep(double &twice_kinetic, double freedom, double kT, double damping, double dt, double &booked) {
        const double link = std::sqrt(kT) * damping, first = std::sqrt(freedom * kT) * damping, half = 0.5 * dt;
        const auto pull_0 = [&] { return (twice_kinetic - freedom * kT) / first; };
        const auto pull = [&](std::size_t k) { return (u[k - 1] * u[k - 1] - kT) / link; };
        const auto drag = [&](std::size_t k) { return std::exp(-0.5 * half * u[k] / link); };

        u[2] += half * pull(2);
        const double drag_1 = drag(2);
        u[1] = (u[1] * drag_1 + half * pull(1)) * drag_1;
        const double drag_0 = drag(1);
        u[0] = (u[0] * drag_0 + half * pull_0()) * drag_0;

        const double factor = std::exp(-dt * u[0] / first);
        twice_kinetic *= factor * factor;
        booked += dt * kT * (freedom * u[0] / first + (u[1] + u[2]) / link);

        const double drag_2 = drag(1);
        u[0] = (u[0] * drag_2 + half * pull_0()) * drag_2;
        const double drag_3 = drag(2);
        u[1] = (u[1] * drag_3 + half * pull(1)) * drag_3;
        u[2] += half * pull(2);
        return factor;
    }
};

// Canonical sampling through velocity rescaling: Bussi, Donadio and Parrinello 2007 (doi 10.1063/1.2408420, eqs A7 and A8).
inline double rescaling_factor(double twice_kinetic, double freedom, double kT, double damping, double dt, Stream &random) {
    if (!(twice_kinetic > 0)) return 1;
    const double c = std::exp(-dt / damping), unit = (1 - c) * kT / twice_kinetic;
    const double r = random.normal(), s = random.chi_squared(freedom - 1);
    const double factor = std::sqrt(c + unit * (r * r + s) + 2 * r * std::sqrt(c * unit));
    return r + std::sqrt(c / unit) < 0 ? -factor : factor;
}

// Exact Ornstein-Uhlenbeck step of a velocity: v becomes keep·v + spread·(unit normal)/sqrt(mass).
struct Friction {
    double keep, spread;

    Friction(double kT, double damping, double dt) : keep(std::exp(-dt / damping)), spread(std::sqrt((1 - keep * keep) * kT)) {}
};

// Weak coupling (doi 10.1063/1.448118): samples no ensemble; for pushing a random packing apart only.
inline double weak_coupling_factor(double twice_kinetic, double freedom, double kT, double damping, double dt) {
    return twice_kinetic > 0 ? std::sqrt(std::max(0.0, 1 + dt / damping * (freedom * kT / twice_kinetic - 1))) : 1;
}

} // namespace glasswright
