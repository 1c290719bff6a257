// Energy minimisation of the positions, or of positions and the volume as one set of variables.
//
// Variables are x and q = ε·length with x and cell ∝ exp(ε). The force on ε is the trace of the virial, as the positions follow the cell.
// Directions (FIRE: velocities) are kept in atoms.velocity, so that they follow the atoms when these are sorted anew. Energies are not
// used: near a minimum their differences drown in rounding while forces do not.
#pragma once

#include "barostat.hpp"
#include "forces.hpp"
#include "integrator.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace glasswright {

struct Search {
    double force_tolerance = 1e-3;    // largest force component at the end [eV/Å]
    double pressure_tolerance = 3e-5; // with a free cell [eV/Å³]
    std::int64_t max_steps = 5000;
    bool cell = false;
};

struct SearchResult {
    std::int64_t steps = 0;
    double largest_force = 0, pressure = 0;
    bool converged = false;
};

class Minimiser {
public:
    Minimiser(Forces &forces, Atoms &atoms, Cell &cell, const Search &search) : forces_(forces), atoms_(atoms), cell_(cell), search_(search) {
        const double n = static_cast<double>(atoms.size);
        // A strain then is about as stiff as a bond.
        length_ = std::sqrt(n) * std::cbrt(cell.volume() / n);
        std::fill(atoms_.velocity.begin(), atoms_.velocity.end(), 0.0);
        evaluate();
    }

    // FIRE 2.0: Guénolé et al. 2020 (doi 10.1016/j.commatsci.2020.109584), unit masses. `pause` is called after every step.
    template <class Pause> SearchResult fire(Pause &&pause) {
        constexpr double first_step = 0.02, longest_step = 0.2, shortest_step = 2e-4, mixing = 0.25, stride = 0.1;
        constexpr int delay = 20;
        double dt = first_step, mix = mixing;
        int since = 0;
        std::vector<double> &v = atoms_.velocity;
        double w = 0;
        std::int64_t step = 0;
        for (; step < search_.max_steps && !at_rest(); ++step) {
            const double power = dot(atoms_.force, v) + strain_force_ * w;
            if (power > 0) {
                if (++since > delay) dt = std::min(1.1 * dt, longest_step), mix *= 0.99;
            } else {
                since = 0, mix = mixing;
                if (step >= delay) dt = std::max(0.5 * dt, shortest_step);
                move(-0.5 * dt, w);
                std::fill(v.begin(), v.end(), 0.0), w = 0;
            }
            for (std::size_t i = 0; i < v.size(); ++i) v[i] += dt * atoms_.force[i];
            w += dt * strain_force_;
            const double speed = std::sqrt(dot(v, v) + w * w), force = std::sqrt(dot(atoms_.force, atoms_.force) + strain_force_ * strain_force_);
            const double along = force > 0 ? mix * speed / force : 0;
            for (std::size_t i = 0; i < v.size(); ++i) v[i] = (1 - mix) * v[i] + along * atoms_.force[i];
            w = (1 - mix) * w + along * strain_force_;
            move(std::min(dt, stride / std::max(largest(v), strain_speed(w))), w);
            evaluate();
            pause();
        }
        return result(step);
    }

    // Conjugate gradients: Polak and Ribière, restarted when β < 0; line searches look for the zero of the derivative.
    template <class Pause> SearchResult conjugate_gradients(Pause &&pause) {
        std::vector<double> &d = atoms_.velocity, before(atoms_.force.size());
        double w = 0, strain_before = 0, before2 = 0;
        step_ = 0.01;
        std::int64_t step = 0;
        for (; step < search_.max_steps && !at_rest(); ++step) {
            double now2 = strain_force_ * strain_force_, mixed = strain_force_ * strain_before;
            for (std::size_t k = 0; k < atoms_.size; ++k)
                for (std::size_t a = 0; a < 3; ++a) {
                    const double f = atoms_.force[3 * k + a];
                    now2 += f * f, mixed += f * before[3 * atoms_.id[k] + a];
                }
            const double beta = before2 > 0 ? std::max(0.0, (now2 - mixed) / before2) : 0;
            for (std::size_t i = 0; i < d.size(); ++i) d[i] = beta * d[i] + atoms_.force[i];
            w = beta * w + strain_force_;
            if (slope(w) <= 0) d = atoms_.force, w = strain_force_; // not downhill: begin anew
            for (std::size_t k = 0; k < atoms_.size; ++k)
                for (std::size_t a = 0; a < 3; ++a) before[3 * atoms_.id[k] + a] = atoms_.force[3 * k + a];
            strain_before = strain_force_, before2 = now2;
            line_search(w);
            pause();
        }
        return result(step);
    }

private:
    void evaluate() {
        const Totals totals = forces_.compute(atoms_, cell_, search_.cell ? Need::pressure : Need::forces);
        const double trace = totals.virial[0] + totals.virial[1] + totals.virial[2];
        strain_force_ = search_.cell ? trace / length_ : 0;
        pressure_ = search_.cell ? trace / (3 * cell_.volume()) : 0;
        largest_force_ = largest(atoms_.force);
        if (!std::isfinite(dot(atoms_.force, atoms_.force)))
            throw MotionFailed("The minimisation met forces that are no numbers: atoms lie on top of each other.");
    }

    bool at_rest() const { return largest_force_ <= search_.force_tolerance && std::abs(pressure_) <= search_.pressure_tolerance; }
    SearchResult result(std::int64_t steps) const { return {steps, largest_force_, pressure_, at_rest()}; }

    // Moves by `t` along (atoms.velocity, w) from the present place.
    void move(double t, double w) {
        const double stretch = std::exp(t * w / length_);
        for (std::size_t i = 0; i < atoms_.position.size(); ++i) atoms_.position[i] = stretch * (atoms_.position[i] + t * atoms_.velocity[i]);
        cell_.xx *= stretch, cell_.yy *= stretch, cell_.zz *= stretch;
        cell_.yz *= stretch, cell_.xz *= stretch, cell_.xy *= stretch;
    }

    // -dE/dt along the present direction.
    double slope(double w) const { return dot(atoms_.force, atoms_.velocity) + strain_force_ * w; }

    void line_search(double w) {
        constexpr double flat = 0.1, longest_way = 0.2;
        constexpr int trials = 10;
        const double limit = longest_way / std::max(largest(atoms_.velocity), strain_speed(w)), begin = slope(w);
        double here = 0, at_here = begin, low = 0, at_low = begin, high = limit, at_high = -1;
        bool bracketed = false;
        double next = std::min(step_, limit);
        for (int k = 0; k < trials; ++k) {
            move(next - here, w);
            evaluate();
            here = next, at_here = slope(w);
            if (std::abs(at_here) <= flat * begin || (at_here > 0 && here >= limit)) break;
            if (at_here > 0) low = here, at_low = at_here;
            else high = here, at_high = at_here, bracketed = true;
            if (bracketed) next = low + (high - low) * std::clamp(at_low / (at_low - at_high), 0.1, 0.9);
            else next = std::min(limit, here * std::clamp(begin / std::max(begin - at_here, 1e-12 * begin), 1.2, 4.0));
        }
        step_ = here;
    }

    double dot(const std::vector<double> &a, const std::vector<double> &b) const {
        double s[4] = {};
        std::size_t i = 0;
        for (; i + 4 <= a.size(); i += 4)
            for (std::size_t k = 0; k < 4; ++k) s[k] += a[i + k] * b[i + k];
        for (; i < a.size(); ++i) s[0] += a[i] * b[i];
        return (s[0] + s[1]) + (s[2] + s[3]);
    }
    static double largest(const std::vector<double> &values) {
        double top = 0;
        for (const double v : values) top = std::max(top, std::abs(v));
        return top;
    }
    // What a strain moves an atom by that is ten times its distance from the neighbours away; keeps strains per step below a few per cent.
    double strain_speed(double w) const { return 10 * std::abs(w) / length_; }

    Forces &forces_;
    Atoms &atoms_;
    Cell &cell_;
    Search search_;
    double length_ = 1, strain_force_ = 0, pressure_ = 0, largest_force_ = 0, step_ = 0;
};

} // namespace glasswright
