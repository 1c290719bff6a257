// A simulation in progress: atoms, cell, what moves them, and what is recorded. No Python in here.
//
// Two rules make a restored simulation repeat the saved one bit for bit. `save` puts the running simulation into the very state that `load`
// makes: atoms in the order of the caller, neighbour lists forgotten. And looking at a state does not touch the forces that the next step
// starts from.
#pragma once

#include "integrator.hpp"
#include "interval.hpp"
#include "minimiser.hpp"
#include "sampling.hpp"

#include <numeric>

namespace glasswright {

// Everything that a simulation carries from step to step, in the order of the caller.
struct Saved {
    std::int64_t step = 0;
    std::vector<double> positions, velocities, reference; // (n, 3) [Å, Å/fs, fractions of the cell]
    Cell cell;
    Reservoir reservoir;
};

class Dynamics {
public:
    Dynamics(Forces &forces, std::vector<double> positions, std::vector<double> velocities, const Cell &cell, const std::vector<double> &masses)
        : forces_(forces), cell_(cell), atoms_(make_atoms(forces, masses)), n_types_(masses.size()),
          integrator_(forces, atoms_, cell_, masses) {
        load({0, std::move(positions), std::move(velocities), {}, cell, {}});
    }
    Dynamics(const Dynamics &) = delete;
    Dynamics &operator=(const Dynamics &) = delete;

    const Atoms &atoms() const { return atoms_; }
    const Cell &cell() const { return cell_; }
    std::size_t n_types() const { return n_types_; }

    // `fresh`: thermostat and barostat start from rest, and so does the centre of mass; otherwise they go on.
    void set_motion(const Motion &motion, std::int64_t done, bool fresh) {
        check(motion);
        if (done < 0 || done > integrator_.step) throw std::invalid_argument("A stage cannot have begun before the simulation.");
        integrator_.motion = motion;
        integrator_.motion.begin = integrator_.step - done;
        if (fresh) {
            integrator_.reservoir = {};
            integrator_.rest_centre_of_mass();
        }
        integrator_.reservoir.barostat.isotropic = motion.isotropic;
        moving_ = true, stale_ = true;
    }

    // `pause` is called between steps about every `interval` of wall-clock time; what it throws ends the run at the border of a step.
    template <class Pause> Samples run(std::int64_t n_steps, const Schedule &schedule, Pause &&pause, std::chrono::duration<double> interval) {
        if (!moving_) throw std::invalid_argument("No motion is set: call set_motion first.");
        if (n_steps < 0 || schedule.sample_every < 0 || schedule.frames_every < 0) throw std::invalid_argument("Numbers of steps must not be negative.");
        Samples samples;
        if (stale_) integrator_.prepare(integrator_.motion.need());
        stale_ = false;
        Interval until_pause(interval);
        for (std::int64_t k = 0; k < n_steps; ++k) {
            const bool sampled = Schedule::falls(schedule.sample_every, integrator_.step + 1);
            try {
                integrator_.advance(sampled ? Need::everything : Need::forces);
            } catch (...) {
                stale_ = true;
                throw;
            }
            if (sampled) sample(samples);
            if (Schedule::falls(schedule.frames_every, integrator_.step)) {
                const std::vector<double> frame = in_order_of_caller(atoms_, atoms_.position);
                samples.frames.insert(samples.frames.end(), frame.begin(), frame.end());
                samples.frame_steps.push_back(integrator_.step), samples.frame_cells.push_back(rows(cell_));
            }
            if (until_pause.passed()) {
                pause(integrator_.step);
                until_pause.restart();
            }
        }
        return samples;
    }

    // The present moment; `forces` come in the order of the core.
    Thermo look(std::vector<double> &forces) {
        const std::vector<double> kept = atoms_.force;
        const bool restore = !stale_;
        const Totals totals = forces_.compute(atoms_, cell_, Need::everything);
        const Thermo now = thermo(totals);
        forces = atoms_.force;
        if (restore) atoms_.force = kept;
        return now;
    }

    void set_velocities(const std::vector<double> &velocities) {
        for (std::size_t k = 0; k < atoms_.size; ++k)
            for (std::size_t a = 0; a < 3; ++a) atoms_.velocity[3 * k + a] = velocities[3 * atoms_.id[k] + a];
        stale_ = true;
    }

    void set_reference() { reference_.set(atoms_, cell_); }

    Saved save() {
        Saved saved{integrator_.step, in_order_of_caller(atoms_, atoms_.position), in_order_of_caller(atoms_, atoms_.velocity), reference_.fraction, cell_,
                    integrator_.reservoir};
        load(saved);
        return saved;
    }

    void load(const Saved &saved) {
        for (std::size_t k = 0; k < atoms_.size; ++k) atoms_.id[k] = static_cast<std::uint32_t>(k), atoms_.type[k] = forces_.types()[k];
        atoms_.position = saved.positions, atoms_.velocity = saved.velocities;
        cell_ = saved.cell;
        integrator_.step = saved.step, integrator_.reservoir = saved.reservoir;
        if (saved.reference.empty()) set_reference();
        else reference_.fraction = saved.reference;
        forces_.forget();
        stale_ = true;
    }

    template <class Pause> SearchResult minimize(const Search &search, bool fire, Pause &&pause, std::chrono::duration<double> interval) {
        moving_ = false, stale_ = true;
        Interval until_pause(interval);
        const auto rest = [&] {
            if (!until_pause.passed()) return;
            pause(integrator_.step);
            until_pause.restart();
        };
        struct AtRest {
            Atoms &atoms;
            ~AtRest() { std::fill(atoms.velocity.begin(), atoms.velocity.end(), 0.0); }
        } at_rest{atoms_};
        Minimiser minimiser(forces_, atoms_, cell_, search);
        return fire ? minimiser.fire(rest) : minimiser.conjugate_gradients(rest);
    }

private:
    static Atoms make_atoms(const Forces &forces, const std::vector<double> &masses) {
        Atoms atoms;
        const std::size_t n = atoms.size = forces.types().size();
        if (n < 2) throw std::invalid_argument("Dynamics needs two atoms or more.");
        for (const double mass : masses)
            if (!(mass > 0) || !std::isfinite(mass)) throw std::invalid_argument("Masses must be positive numbers.");
        for (const std::int32_t type : forces.types())
            if (static_cast<std::size_t>(type) >= masses.size()) throw std::invalid_argument("Every type needs a mass.");
        atoms.type.resize(n), atoms.id.resize(n), atoms.fixed.resize(n);
        atoms.position.resize(3 * n), atoms.velocity.resize(3 * n), atoms.force.resize(3 * n);
        std::copy(forces.types().begin(), forces.types().end(), atoms.type.begin());
        std::iota(atoms.id.begin(), atoms.id.end(), 0u);
        return atoms;
    }

    static void check(const Motion &m) {
        const auto positive = [](double x) { return x > 0 && x < 1e50; };
        if (!positive(m.timestep)) throw std::invalid_argument("The time step must be positive.");
        if (m.n_steps < 0) throw std::invalid_argument("The number of steps must not be negative.");
        if (m.ensemble != Ensemble::nve && !(positive(m.temperature[0]) && positive(m.temperature[1])))
            throw std::invalid_argument("Temperatures must be positive, in K.");
        if (!std::isfinite(m.pressure[0]) || !std::isfinite(m.pressure[1])) throw std::invalid_argument("Pressures must be finite.");
        if (!positive(m.thermostat_damping) || !positive(m.barostat_damping)) throw std::invalid_argument("Damping times must be positive.");
        if (m.max_displacement && !positive(*m.max_displacement)) throw std::invalid_argument("The largest displacement must be positive.");
        if (m.max_displacement && m.ensemble == Ensemble::npt) throw std::invalid_argument("A capped displacement works at constant volume only.");
        if (!positive(m.largest_move) || !positive(m.largest_temperature)) throw std::invalid_argument("Limits must be positive.");
    }

    Thermo thermo(const Totals &totals) const {
        const Tensor moving = integrator_.twice_kinetic_tensor();
        Thermo t;
        t.step = integrator_.step;
        t.potential = totals.energy;
        t.kinetic = 0.5 * (moving[0] + moving[1] + moving[2]);
        t.temperature = 2 * t.kinetic / (integrator_.freedom() * boltzmann);
        t.conserved = t.potential + t.kinetic + integrator_.reservoir.energy();
        for (std::size_t a = 0; a < 6; ++a) t.stress[a] = -(moving[a] + totals.virial[a]) / cell_.volume();
        t.pressure = -(t.stress[0] + t.stress[1] + t.stress[2]) / 3;
        return t;
    }

    void sample(Samples &samples) const {
        samples.thermo.push_back(thermo(integrator_.totals()));
        samples.cells.push_back(rows(cell_));
        reference_.displacement(atoms_, cell_, n_types_, samples.displacement);
    }

    Forces &forces_;
    Cell cell_;
    Atoms atoms_;
    std::size_t n_types_;
    Integrator integrator_;
    Reference reference_;
    bool moving_ = false, stale_ = true; // forces and kinetic energy must be computed before the next step
};

} // namespace glasswright
