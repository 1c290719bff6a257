// One time step of molecular dynamics in any ensemble. All share one symmetric splitting, with the thermostat in the middle of the drift,
// where it samples configurations best (Leimkuhler and Matthews 2013, doi 10.1063/1.4802990; Zhang et al. 2017, doi 10.1063/1.4991621):
//
//   barostat ½ · kick ½ · drift ½ · thermostat · drift ½ · forces · kick ½ · barostat ½
//
// The net force is taken off in proportion to the masses (forces in single precision and from a mesh do not add up to zero), and the net
// momentum of Langevin noise likewise: the centre of mass rests, and 3N - 3 degrees of freedom are left in every ensemble.
#pragma once

#include "barostat.hpp"
#include "forces.hpp"
#include "random.hpp"
#include "thermostat.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace glasswright {

// A run that went wrong, as opposed to wrong input.
struct MotionFailed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Ensemble { nve, nvt, npt };
enum class Thermostat { nose_hoover, langevin, csvr };

// One stage: programmes run linearly over `n_steps` from step `begin`.
struct Motion {
    Ensemble ensemble = Ensemble::nve;
    Thermostat thermostat = Thermostat::nose_hoover;
    bool isotropic = true;
    double timestep = 1;                     // [fs]
    std::array<double, 2> temperature{1, 1}; // [K]
    std::array<double, 2> pressure{0, 0};    // [eV/Å³]
    double thermostat_damping = 100, barostat_damping = 1000; // [fs]
    std::int64_t n_steps = 0, begin = 0;
    std::optional<double> max_displacement; // cap on the way of an atom in one step [Å]
    std::uint64_t seed = 0;
    double largest_move = 0.5;        // of an atom in one step [Å]; more ends the run
    double largest_temperature = 1e6; // [K]

    // Target in the middle of the step that follows `step`.
    double programme(const std::array<double, 2> &ends, std::int64_t step) const {
        const double x = n_steps > 0 ? std::clamp((static_cast<double>(step - begin) + 0.5) / static_cast<double>(n_steps), 0.0, 1.0) : 0.0;
        return ends[0] + (ends[1] - ends[0]) * x;
    }
    double kT(std::int64_t step) const { return boltzmann * programme(temperature, step); }

    Need need() const {
        if (ensemble != Ensemble::npt) return Need::forces;
        return isotropic ? Need::pressure : Need::everything;
    }
};

// What thermostat and barostat carry from step to step.
struct Reservoir {
    NoseHooverChain chain;
    Barostat barostat;
    double booked = 0; // energy taken from the atoms, as heat and as work on the surroundings [eV]

    double energy() const { return booked + chain.kinetic() + barostat.chain.kinetic() + 0.5 * barostat.twice_kinetic(); }
};

class Integrator {
public:
    Integrator(Forces &forces, Atoms &atoms, Cell &cell, const std::vector<double> &masses)
        : forces_(forces), atoms_(atoms), cell_(cell), parts_(static_cast<std::size_t>(forces.team().size())) {
        for (const double mass : masses) mass_.push_back(mass * mass_velocity2), inverse_mass_.push_back(1 / mass_.back());
        for (const std::int32_t type : atoms.type) total_mass_ += mass_[static_cast<std::size_t>(type)];
        noise_amplitude_.resize(masses.size());
    }

    Motion motion;
    Reservoir reservoir;
    std::int64_t step = 0;

    double freedom() const { return 3.0 * static_cast<double>(atoms_.size) - 3; }
    double temperature() const { return sum(twice_kinetic_) / (freedom() * boltzmann); }
    double kinetic() const { return 0.5 * sum(twice_kinetic_); }
    const Totals &totals() const { return totals_; }

    // Forces and kinetic energy of the present state, before the first step of a run.
    void prepare(Need need) {
        totals_ = forces_.compute(atoms_, cell_, need);
        rest_net_force();
        twice_kinetic_ = kick(0, {});
    }

    // Off with the motion of the centre of mass. Sums run in the order of the caller, so that a restored simulation rounds as the one that
    // was saved.
    void rest_centre_of_mass() {
        std::vector<std::uint32_t> place(atoms_.size);
        for (std::size_t k = 0; k < atoms_.size; ++k) place[atoms_.id[k]] = static_cast<std::uint32_t>(k);
        Diagonal momentum{};
        for (const std::uint32_t k : place)
            for (std::size_t a = 0; a < 3; ++a) momentum[a] += mass(k) * atoms_.velocity[3 * k + a];
        for (std::size_t k = 0; k < atoms_.size; ++k)
            for (std::size_t a = 0; a < 3; ++a) atoms_.velocity[3 * k + a] -= momentum[a] / total_mass_;
    }

    // The whole kinetic tensor, twice [eV].
    Tensor twice_kinetic_tensor() const {
        Tensor t{};
        for (std::size_t k = 0; k < atoms_.size; ++k) {
            const double *v = &atoms_.velocity[3 * k], m = mass(k);
            t[0] += m * v[0] * v[0], t[1] += m * v[1] * v[1], t[2] += m * v[2] * v[2];
            t[3] += m * v[1] * v[2], t[4] += m * v[0] * v[2], t[5] += m * v[0] * v[1];
        }
        return t;
    }

    void advance(Need need) {
        const double half = 0.5 * motion.timestep, kT = motion.kT(step), pressure = motion.programme(motion.pressure, step);
        const bool npt = motion.ensemble == Ensemble::npt;
        Barostat &barostat = reservoir.barostat;
        const auto rates = [&] { return npt ? barostat.rates(kT, freedom(), motion.barostat_damping) : Diagonal{}; };
        const auto push = [&] {
            barostat.kick(half, twice_kinetic_, totals_.virial, pressure * cell_.volume(), kT, freedom(), motion.barostat_damping);
        };
        const double before = temperature(), volume = cell_.volume();
        if (npt) push();
        const Diagonal first = rates();
        twice_kinetic_ = kick(half, first);
        limit();

        const double factor = thermostat(kT);
        const Diagonal second = rates();
        for (std::size_t a = 0; a < 3; ++a)
            if (!(std::abs(first[a] + second[a]) * half <= largest_strain)) fail("The cell changes by more than 2 % in one step.", before, volume);
        drift(half, first, second, factor, kT);
        reservoir.booked += pressure * (cell_.volume() - volume);

        try {
            totals_ = forces_.compute(atoms_, cell_, std::max(need, motion.need()));
        } catch (const std::invalid_argument &error) {
            fail(std::string(error.what()), before, volume);
        }
        rest_net_force();
        twice_kinetic_ = kick(half, second);
        limit();
        if (motion.max_displacement && motion.ensemble == Ensemble::nvt) couple_weakly(kT);
        if (npt) push();
        ++step;

        if (const double t = temperature(); !(t <= motion.largest_temperature))
            fail(std::isfinite(t) ? "The temperature has risen to " + std::to_string(std::lround(t)) + " K." : "Velocities are no longer numbers.", before,
                 volume);
        if (const double move = std::sqrt(top_speed2_) * motion.timestep; !(move <= motion.largest_move) && !motion.max_displacement)
            fail("An atom moves " + std::to_string(move) + " Å in one step.", before, volume);
    }

private:
    static constexpr double largest_strain = 0.02; // of the cell in one step
    static constexpr std::size_t few_atoms = 2000;

    struct alignas(64) Part {
        Diagonal twice_kinetic{}, vector{};
        double top_speed2 = 0;
    };

    double mass(std::size_t k) const { return mass_[static_cast<std::size_t>(atoms_.type[k])]; }

    [[noreturn]] void fail(const std::string &what, double temperature, double volume) const {
        throw MotionFailed("Step " + std::to_string(step) + ": " + what + " One step before, the temperature was " +
                           std::to_string(temperature) + " K and the volume " + std::to_string(volume) +
                           " Å³. Usually the time step is too long.");
    }

    // Calls work(part, first, last) for every thread's share and returns the sums. A few atoms are moved faster than a thread is woken.
    template <class Work> Part over_atoms(Work &&work) {
        Team &team = forces_.team();
        const auto share = [&](int thread) {
            Part &part = parts_[static_cast<std::size_t>(thread)] = Part{};
            const auto [first, last] = team.share(atoms_.size, thread);
            work(part, first, last);
        };
        if (atoms_.size < few_atoms)
            for (int thread = 0; thread < team.size(); ++thread) share(thread);
        else team.run(share);
        Part all;
        for (const Part &part : parts_) {
            for (std::size_t a = 0; a < 3; ++a) all.twice_kinetic[a] += part.twice_kinetic[a], all.vector[a] += part.vector[a];
            all.top_speed2 = std::max(all.top_speed2, part.top_speed2);
        }
        return all;
    }

    // The acceleration that the net force gives to everything; `kick` takes it off.
    void rest_net_force() {
        const Part part = over_atoms([&](Part &p, std::size_t first, std::size_t last) {
            double x = 0, y = 0, z = 0;
            const double *f = atoms_.force.data();
            for (std::size_t k = first; k < last; ++k) x += f[3 * k], y += f[3 * k + 1], z += f[3 * k + 2];
            p.vector = {x, y, z};
        });
        for (std::size_t a = 0; a < 3; ++a) net_acceleration_[a] = part.vector[a] / total_mass_;
    }

    // Velocities under constant force and drag for a time: v̇ = F/m - κ v, solved exactly. Returns twice the kinetic energy by axis.
    Diagonal kick(double time, const Diagonal &rates) {
        Diagonal keep, gain;
        for (std::size_t a = 0; a < 3; ++a) {
            const double drag = (rates[a] + sum(rates) / freedom()) * time;
            keep[a] = std::exp(-drag), gain[a] = time * std::exp(-0.5 * drag) * sinhc(0.5 * drag);
        }
        return over_atoms([&, keep, gain, rest = net_acceleration_](Part &p, std::size_t first, std::size_t last) {
                   double x = 0, y = 0, z = 0, *v = atoms_.velocity.data();
                   const double *f = atoms_.force.data(), *masses = mass_.data(), *inverse = inverse_mass_.data();
                   const std::int32_t *type = atoms_.type.data();
                   for (std::size_t k = first; k < last; ++k) {
                       const double m = masses[type[k]], i = inverse[type[k]];
                       const double vx = keep[0] * v[3 * k] + gain[0] * (f[3 * k] * i - rest[0]);
                       const double vy = keep[1] * v[3 * k + 1] + gain[1] * (f[3 * k + 1] * i - rest[1]);
                       const double vz = keep[2] * v[3 * k + 2] + gain[2] * (f[3 * k + 2] * i - rest[2]);
                       v[3 * k] = vx, v[3 * k + 1] = vy, v[3 * k + 2] = vz;
                       x += m * vx * vx, y += m * vy * vy, z += m * vz * vz;
                   }
                   p.twice_kinetic = {x, y, z};
               })
            .twice_kinetic;
    }

    // Barostat and, but for Langevin, the factor for the velocities of the atoms.
    double thermostat(double kT) {
        if (motion.ensemble == Ensemble::nve || motion.max_displacement) return 1;
        const double dt = motion.timestep, twice = sum(twice_kinetic_);
        const bool npt = motion.ensemble == Ensemble::npt;
        Barostat &barostat = reservoir.barostat;
        if (motion.thermostat == Thermostat::nose_hoover) {
            if (npt) barostat.scale(barostat.chain.advance(barostat.twice_kinetic(), barostat.freedom(), kT, motion.barostat_damping, dt, reservoir.booked));
            return reservoir.chain.advance(twice, freedom(), kT, motion.thermostat_damping, dt, reservoir.booked);
        }
        // The piston is jostled in both: rescaled along with the atoms (doi 10.1063/1.3073889), its ringing in a crystal dies too slowly.
        Stream random(Philox(motion.seed), step);
        if (npt) {
            const double piston = barostat.twice_kinetic();
            barostat.jostle(Friction(kT, motion.barostat_damping, dt), random);
            reservoir.booked -= 0.5 * (barostat.twice_kinetic() - piston);
        }
        if (motion.thermostat == Thermostat::langevin) return 1;
        const double factor = rescaling_factor(twice, freedom(), kT, motion.thermostat_damping, dt, random);
        reservoir.booked -= 0.5 * twice * (factor * factor - 1);
        return factor;
    }

    // Positions and cell for twice half a step, with the velocities multiplied by a factor (or given friction and noise) in between.
    void drift(double half, const Diagonal &first_rates, const Diagonal &second_rates, double factor, double kT) {
        Diagonal stretch, way, way_after;
        for (std::size_t a = 0; a < 3; ++a) {
            const double s = first_rates[a] * half, t = second_rates[a] * half;
            stretch[a] = std::exp(s + t);
            way[a] = half * std::exp(0.5 * s + t) * sinhc(0.5 * s), way_after[a] = half * std::exp(0.5 * t) * sinhc(0.5 * t);
        }
        cell_.xx *= stretch[0], cell_.xy *= stretch[0], cell_.xz *= stretch[0];
        cell_.yy *= stretch[1], cell_.yz *= stretch[1], cell_.zz *= stretch[2];
        const bool noisy = motion.thermostat == Thermostat::langevin && motion.ensemble != Ensemble::nve && !motion.max_displacement;
        if (noisy) {
            langevin(stretch, way, way_after, Friction(kT, motion.thermostat_damping, motion.timestep));
            return;
        }
        for (std::size_t a = 0; a < 3; ++a) way[a] += factor * way_after[a];
        top_speed2_ = over_atoms([&, stretch, way, factor](Part &p, std::size_t first, std::size_t last) {
                          double top = 0, *x = atoms_.position.data(), *v = atoms_.velocity.data();
                          for (std::size_t k = 3 * first; k < 3 * last; k += 3) {
                              x[k] = stretch[0] * x[k] + way[0] * v[k];
                              x[k + 1] = stretch[1] * x[k + 1] + way[1] * v[k + 1];
                              x[k + 2] = stretch[2] * x[k + 2] + way[2] * v[k + 2];
                              v[k] *= factor, v[k + 1] *= factor, v[k + 2] *= factor;
                              top = std::max(top, v[k] * v[k] + v[k + 1] * v[k + 1] + v[k + 2] * v[k + 2]);
                          }
                          p.top_speed2 = top;
                      }).top_speed2;
    }

    void langevin(const Diagonal &stretch, const Diagonal &way, const Diagonal &way_after, const Friction &friction) {
        const Philox random(motion.seed);
        noise_.resize(3 * atoms_.size);
        for (std::size_t t = 0; t < mass_.size(); ++t) noise_amplitude_[t] = friction.spread / std::sqrt(mass_[t]);
        Diagonal net = over_atoms([&](Part &p, std::size_t first, std::size_t last) {
                           float normal[3][Philox::lanes];
                           for (std::size_t block = first; block < last; block += Philox::lanes) {
                               const std::size_t n = std::min(Philox::lanes, last - block);
                               normals(random, step, &atoms_.id[block], n, normal);
                               for (std::size_t j = 0; j < n; ++j) {
                                   const auto type = static_cast<std::size_t>(atoms_.type[block + j]);
                                   for (std::size_t a = 0; a < 3; ++a) {
                                       const double r = noise_amplitude_[type] * static_cast<double>(normal[a][j]);
                                       noise_[3 * (block + j) + a] = r;
                                       p.vector[a] += mass_[type] * r;
                                   }
                               }
                           }
                       }).vector;
        for (double &v : net) v /= total_mass_;
        const double before = sum(twice_kinetic_);
        const Part part = over_atoms([&, stretch, way, way_after, net, keep = friction.keep](Part &p, std::size_t first, std::size_t last) {
            double sums[3] = {0, 0, 0}, top = 0, *x = atoms_.position.data(), *v = atoms_.velocity.data();
            const double *r = noise_.data();
            for (std::size_t k = first; k < last; ++k) {
                double speed2 = 0;
                const double m = mass(k);
                for (std::size_t a = 0; a < 3; ++a) {
                    const std::size_t i = 3 * k + a;
                    const double after = keep * v[i] + r[i] - net[a];
                    x[i] = stretch[a] * x[i] + way[a] * v[i] + way_after[a] * after;
                    v[i] = after;
                    sums[a] += m * after * after;
                    speed2 += after * after;
                }
                top = std::max(top, speed2);
            }
            p.twice_kinetic = {sums[0], sums[1], sums[2]};
            p.top_speed2 = top;
        });
        top_speed2_ = part.top_speed2;
        reservoir.booked -= 0.5 * (sum(part.twice_kinetic) - before);
    }

    // Push-off: no atom moves farther than the cap; what this takes is booked as heat.
    void limit() {
        if (!motion.max_displacement) return;
        const double cap = *motion.max_displacement / motion.timestep, before = sum(twice_kinetic_);
        twice_kinetic_ = over_atoms([&](Part &p, std::size_t first, std::size_t last) {
                             for (std::size_t k = first; k < last; ++k) {
                                 double *v = &atoms_.velocity[3 * k];
                                 const double speed = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), factor = speed > cap ? cap / speed : 1;
                                 for (std::size_t a = 0; a < 3; ++a) v[a] *= factor, p.twice_kinetic[a] += mass(k) * v[a] * v[a];
                             }
                         }).twice_kinetic;
        reservoir.booked += 0.5 * (before - sum(twice_kinetic_));
    }

    void couple_weakly(double kT) {
        const double factor = weak_coupling_factor(sum(twice_kinetic_), freedom(), kT, motion.thermostat_damping, motion.timestep);
        for (double &v : atoms_.velocity) v *= factor;
        reservoir.booked -= kinetic() * (factor * factor - 1);
        for (double &k : twice_kinetic_) k *= factor * factor;
    }

    Forces &forces_;
    Atoms &atoms_;
    Cell &cell_;
    std::vector<Part> parts_;
    std::vector<double> mass_, inverse_mass_; // by type, in eV fs²/Å²
    std::vector<double> noise_, noise_amplitude_;
    double total_mass_ = 0, top_speed2_ = 0;
    Totals totals_;
    Diagonal twice_kinetic_{}, net_acceleration_{};
};

} // namespace glasswright
