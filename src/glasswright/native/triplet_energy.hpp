// Stillinger-Weber as moved atoms change it (doi 10.1103/PhysRevB.31.5262). Of every atom the moments of its bonds are kept, from which
// the energy of its angles follows without a loop over pairs of bonds (triplets.hpp); a move touches those of the moved atoms and of their
// neighbours before and after, and costs time in proportion to the number of these bonds.
#pragma once

#include "changed_pairs.hpp"
#include "triplets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace glasswright {

class StillingerWeberEnergy final : public Cost {
public:
    // bonds[types * i + j], angles[types * (types * centre + end) + end].
    StillingerWeberEnergy(int types, std::vector<BondParameters> bonds, std::vector<AngleParameters> angles) : types_(types), bonds_(std::move(bonds)), angles_(std::move(angles)), pairs_(longest(bonds_)) {}

    Kind kind() const override { return Kind::energy; }

    void check(const Configuration &atoms) const override {
        if (atoms.n_types() != types_) throw std::invalid_argument("Stillinger-Weber must be for the types of the atoms.");
        pairs_.check(atoms);
    }

    double total(const Configuration &atoms) override {
        pairs_.reset(atoms);
        moments_.assign(atoms.size() * static_cast<std::size_t>(types_), {});
        touched_.reset(atoms.size());
        double energy = 0;
        pairs_.each(atoms, [&](std::size_t i, std::size_t j, const Separation &d) {
            if (const Bond b = bond(atoms.type(i), atoms.type(j), d); b.screen > 0) {
                energy += b.energy;
                add(moments_[place(i, atoms.type(j))], b, 1), add(moments_[place(j, atoms.type(i))], b, -1);
            }
        });
        for (std::size_t i = 0; i < atoms.size(); ++i) energy += angles_of(atoms.type(i), &moments_[place(i, 0)]);
        return energy;
    }

    double difference(const Configuration &atoms, Trial trial) override {
        touched_.clear(), changed_.clear();
        const auto types = static_cast<std::size_t>(types_);
        const auto moments = [&](std::size_t i, bool moved) {
            const auto [slot, fresh] = touched_.slot(i);
            if (fresh) {
                changed_.resize(changed_.size() + types);
                // What a moved atom sees is summed anew, what its neighbours see is corrected.
                if (!moved) std::copy_n(&moments_[place(i, 0)], types, &changed_[slot * types]);
            }
            return slot * types;
        };
        for (const Move &m : trial) moments(static_cast<std::size_t>(m.atom), true);
        double energy = 0;
        pairs_.each_changed(atoms, trial, [&](int sign, std::size_t i, std::size_t j, const Separation &d, bool both) {
            const int a = atoms.type(i), b = atoms.type(j);
            const Bond bond = this->bond(a, b, d);
            if (!(bond.screen > 0)) return;
            energy += sign * bond.energy;
            if (sign > 0) add(changed_[moments(i, true) + static_cast<std::size_t>(b)], bond, 1);
            if (sign > 0 || !both) add(changed_[moments(j, both) + static_cast<std::size_t>(a)], bond, -1, sign);
        });
        for (std::size_t slot = 0; slot < touched_.size(); ++slot) {
            const std::size_t i = touched_[slot];
            energy += angles_of(atoms.type(i), &changed_[slot * types]) - angles_of(atoms.type(i), &moments_[place(i, 0)]);
        }
        return energy;
    }

    void accept(const Configuration &, Trial) override {
        for (std::size_t slot = 0; slot < touched_.size(); ++slot) std::copy_n(&changed_[slot * static_cast<std::size_t>(types_)], types_, &moments_[place(touched_[slot], 0)]);
    }

private:
    // Σ g u uᵀ (xx, yy, zz, yz, xz, xy), Σ g u, Σ g, Σ g² over the bonds of an atom to one type of ends.
    using Moments = std::array<double, 11>;
    struct Bond {
        double energy = 0, screen = 0;
        Separation direction{};
    };

    static double longest(const std::vector<BondParameters> &bonds) {
        double longest = 0;
        for (const BondParameters &b : bonds) longest = std::max(longest, b.cutoff);
        return longest;
    }

    std::size_t place(std::size_t atom, int end) const { return atom * static_cast<std::size_t>(types_) + static_cast<std::size_t>(end); }

    Bond bond(int a, int b, const Separation &d) const {
        const BondParameters &p = bonds_[static_cast<std::size_t>(types_ * a + b)];
        const double r = std::max(std::sqrt(square(d)), nearest);
        const double gap = r - p.cutoff;
        if (gap > -narrowest_gap) return {};
        const double w = p.sigma / r;
        return {p.strength * (p.B * power(w, p.p) - power(w, p.q)) * std::exp(p.sigma / gap), std::exp(p.gamma * p.sigma / gap), {d[0] / r, d[1] / r, d[2] / r}};
    }

    static double power(double w, double n) {
        if (n != std::floor(n) || n > 64) return std::pow(w, n);
        double result = 1;
        for (int left = static_cast<int>(n); left > 0; left >>= 1, w *= w)
            if (left & 1) result *= w;
        return result;
    }

    static void add(Moments &m, const Bond &b, int direction, int sign = 1) {
        const double g = sign * b.screen, x = direction * b.direction[0], y = direction * b.direction[1], z = direction * b.direction[2];
        const double parts[] = {x * x, y * y, z * z, y * z, x * z, x * y, x, y, z, 1, b.screen};
        for (std::size_t k = 0; k < m.size(); ++k) m[k] += g * parts[k];
    }

    double angles_of(int centre, const Moments *of) const {
        double energy = 0;
        for (int a = 0; a < types_; ++a) {
            const Moments &m = of[a];
            for (int b = 0; b < types_; ++b) {
                const AngleParameters &angle = angles_[static_cast<std::size_t>(types_ * (types_ * centre + a) + b)];
                const Moments &n = of[b];
                const double tensor = m[0] * n[0] + m[1] * n[1] + m[2] * n[2] + 2 * (m[3] * n[3] + m[4] * n[4] + m[5] * n[5]);
                const double vector = m[6] * n[6] + m[7] * n[7] + m[8] * n[8];
                energy += 0.5 * angle.strength * (tensor + angle.cosine * (angle.cosine * m[9] * n[9] - 2 * vector));
                if (a == b) energy -= 0.5 * angle.strength * (1 - angle.cosine) * (1 - angle.cosine) * m[10];
            }
        }
        return energy;
    }

    static constexpr double nearest = 0.3;       // [Å]: closer atoms feel what they would here, as in molecular dynamics
    static constexpr double narrowest_gap = 1e-3; // [Å]; so close to the cutoff every screen is zero

    int types_;
    std::vector<BondParameters> bonds_;
    std::vector<AngleParameters> angles_;
    ChangedPairs pairs_;
    std::vector<Moments> moments_; // of every atom and type of ends
    std::vector<Moments> changed_; // the same of the atoms that a trial touches
    Touched touched_;
};

} // namespace glasswright
