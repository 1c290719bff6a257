// The barostat: strain rates of the cell along the lab axes as further degrees of freedom.
// Martyna, Tobias and Klein 1994 (doi 10.1063/1.467468), in the reversible form of Tuckerman et al. 2006 (doi 10.1088/0305-4470/39/19/S18).
//
// ẋ = v + w x,  v̇ = F/m - (w + tr(w)/f) v,  W ẇ_a = V (P_aa - P) + 2K/f,  W = (f + 3) kT τ²/3,  f degrees of freedom;
// isotropic: the three rates are one, of mass 3 W. As in the thermostat u = w sqrt(mass), whose kinetic energy is u²/2.
#pragma once

#include "system.hpp"
#include "thermostat.hpp"

#include <array>
#include <cmath>

namespace glasswright {

using Diagonal = std::array<double, 3>;

inline double sum(const Diagonal &d) { return d[0] + d[1] + d[2]; }

class Barostat {
public:
    bool isotropic = true;
    Diagonal u{};          // [sqrt(eV)]; isotropic: the first alone
    NoseHooverChain chain; // used with Nosé-Hoover chains on the atoms
    double twice_kinetic() const { return u[0] * u[0] + u[1] * u[1] + u[2] * u[2]; }
    int freedom() const { return isotropic ? 1 : 3; }

    // Strain rates [1/fs].
    Diagonal rates(double kT, double freedom, double damping) const {
        const double root = root_of_mass(kT, freedom, damping);
        if (isotropic) return {u[0] / root, u[0] / root, u[0] / root};
        return {u[0] / root, u[1] / root, u[2] / root};
    }

    // `twice_kinetic`: of the atoms, by axis [eV].
    void kick(double dt, const Diagonal &twice_kinetic, const Tensor &virial, double pressure_volume, double kT, double freedom, double damping) {
        const double root = root_of_mass(kT, freedom, damping), ideal = sum(twice_kinetic) / freedom;
        Diagonal pull{};
        for (std::size_t a = 0; a < 3; ++a) pull[a] = twice_kinetic[a] + virial[a] - pressure_volume + ideal;
        if (isotropic) pull = {sum(pull), 0, 0};
        for (std::size_t a = 0; a < 3; ++a) u[a] += dt * pull[a] / root;
    }

    void scale(double factor) {
        for (double &x : u) x *= factor;
    }

    // Exact Langevin step (Gao, Fang and Wang 2016, doi 10.1063/1.4942999).
    void jostle(const Friction &friction, Stream &random) {
        for (std::size_t a = 0; a < static_cast<std::size_t>(freedom()); ++a) u[a] = friction.keep * u[a] + friction.spread * random.normal();
    }

private:
    double root_of_mass(double kT, double freedom, double damping) const {
        return damping * std::sqrt((freedom + 3) * kT / (isotropic ? 1 : 3));
    }
};

// sinh(x)/x
inline double sinhc(double x) { return std::abs(x) < 1e-3 ? 1 + x * x / 6 : std::sinh(x) / x; }

} // namespace glasswright
