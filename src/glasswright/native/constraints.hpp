// What the bonds of a structure are asked to be: coordination numbers, angles, distances of given pairs. Every constraint measures by how
// much it is violated: neighbours too many or too few, degrees or Å outside a range. Soft, a violation costs weight times that in the
// exponent of the acceptance; hard, no move may raise it.
#pragma once

#include "changed_pairs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glasswright {

// An allowed range of values.
struct Range {
    double least = 0, most = 0;
    double outside(double value) const { return std::max(0.0, std::max(least - value, value - most)); }
};

// Some of the types of atoms.
class TypeSet {
public:
    explicit TypeSet(std::vector<bool> chosen) : chosen_(std::move(chosen)) {}
    bool operator()(int type) const { return chosen_[static_cast<std::size_t>(type)]; }
    void check(const Configuration &atoms) const {
        if (chosen_.size() != static_cast<std::size_t>(atoms.n_types())) throw std::invalid_argument("A constraint must be for the types of the atoms.");
    }

private:
    std::vector<bool> chosen_;
};

class Constraint : public Cost {
public:
    Constraint(double weight, bool hard) : weight_(weight), hard_(hard) {}

    Kind kind() const final { return Kind::penalty; }
    double total(const Configuration &atoms) final { return cost(violation_ = counted(atoms)); }
    double difference(const Configuration &atoms, Trial trial) final {
        change_ = changed(atoms, trial);
        if (hard_ && change_ > tolerance) return std::numeric_limits<double>::infinity();
        return cost(change_);
    }
    void accept(const Configuration &, Trial) final { violation_ += change_, settle(); }

    double violation() const { return violation_; }

protected:
    // The whole violation; what `changed` needs to know of the atoms is learnt anew.
    virtual double counted(const Configuration &atoms) = 0;
    // By how much a trial changes it.
    virtual double changed(const Configuration &atoms, Trial trial) = 0;
    // The last trial has come true.
    virtual void settle() {}

private:
    // Rounding of a distance or angle is no violation.
    static constexpr double tolerance = 1e-10;
    double cost(double violation) const { return hard_ ? 0 : weight_ * violation; }

    double weight_;
    bool hard_;
    double violation_ = 0, change_ = 0;
};

// How many neighbours of some types atoms of others (or the same) have, within a range of distances: for every atom the neighbours missing
// from or beyond the allowed range; or, where a fraction is asked for, by how many atoms the number of those inside the range is off.
class CoordinationConstraint final : public Constraint {
public:
    // Of all centres this share is to be inside the range, give or take the tolerance; the share is below 0 where every atom counts.
    struct Share {
        double wanted = -1, tolerance = 0;
    };

    CoordinationConstraint(TypeSet centre, TypeSet neighbour, Range distance, int least, int most, Share share, double weight, bool hard)
        : Constraint(weight, hard), centre_(std::move(centre)), neighbour_(std::move(neighbour)), distance_(distance), least_(least), most_(most), share_(share), pairs_(distance.most) {}

    void check(const Configuration &atoms) const override { centre_.check(atoms), pairs_.check(atoms); }

protected:
    double counted(const Configuration &atoms) override {
        pairs_.reset(atoms), number_.assign(atoms.size(), 0), touched_.reset(atoms.size());
        pairs_.each(atoms, [&](std::size_t i, std::size_t j, const Separation &d) {
            if (!neighbours(d)) return;
            if (centre_(atoms.type(i)) && neighbour_(atoms.type(j))) ++number_[i];
            if (centre_(atoms.type(j)) && neighbour_(atoms.type(i))) ++number_[j];
        });
        sum_ = centres_ = 0;
        for (std::size_t i = 0; i < atoms.size(); ++i)
            if (centre_(atoms.type(i))) ++centres_, sum_ += measure(number_[i]);
        return violation(sum_);
    }

    double changed(const Configuration &atoms, Trial trial) override {
        touched_.clear(), new_number_.clear();
        const auto count = [&](std::size_t centre, int sign) {
            const auto [slot, fresh] = touched_.slot(centre);
            if (fresh) new_number_.push_back(number_[centre]);
            new_number_[slot] += sign;
        };
        pairs_.each_changed(atoms, trial, [&](int sign, std::size_t i, std::size_t j, const Separation &d, bool) {
            if (!neighbours(d)) return;
            if (centre_(atoms.type(i)) && neighbour_(atoms.type(j))) count(i, sign);
            if (centre_(atoms.type(j)) && neighbour_(atoms.type(i))) count(j, sign);
        });
        new_sum_ = sum_;
        for (std::size_t slot = 0; slot < touched_.size(); ++slot) new_sum_ += measure(new_number_[slot]) - measure(number_[touched_[slot]]);
        return violation(new_sum_) - violation(sum_);
    }

    void settle() override {
        for (std::size_t slot = 0; slot < touched_.size(); ++slot) number_[touched_[slot]] = new_number_[slot];
        sum_ = new_sum_;
    }

private:
    bool neighbours(const Separation &d) const {
        const double r2 = square(d);
        return r2 >= distance_.least * distance_.least && r2 < distance_.most * distance_.most;
    }
    std::int64_t measure(int number) const {
        const int outside = std::max(0, std::max(least_ - number, number - most_));
        return share_.wanted < 0 ? outside : outside == 0;
    }
    double violation(std::int64_t sum) const {
        if (share_.wanted < 0) return static_cast<double>(sum);
        const double many = static_cast<double>(centres_);
        return std::max(0.0, std::abs(static_cast<double>(sum) - share_.wanted * many) - share_.tolerance * many);
    }

    TypeSet centre_, neighbour_;
    Range distance_;
    int least_, most_;
    Share share_;
    ChangedPairs pairs_;
    std::vector<int> number_, new_number_; // of every atom; of those that a trial touches
    std::int64_t sum_ = 0, new_sum_ = 0, centres_ = 0;
    Touched touched_;
};

// The angles between two bonds of an atom: degrees outside a range, over all of them.
class AngleConstraint final : public Constraint {
public:
    struct Ends {
        TypeSet kinds;
        double cutoff;
    };

    AngleConstraint(TypeSet centre, std::array<Ends, 2> ends, Range angle, double weight, bool hard)
        : Constraint(weight, hard), centre_(std::move(centre)), ends_(std::move(ends)), angle_(angle), pairs_(std::max(ends_[0].cutoff, ends_[1].cutoff)) {}

    void check(const Configuration &atoms) const override { centre_.check(atoms), pairs_.check(atoms); }

protected:
    double counted(const Configuration &atoms) override {
        pairs_.reset(atoms), of_.assign(atoms.size(), 0), touched_.reset(atoms.size());
        double total = 0;
        for (std::size_t i = 0; i < atoms.size(); ++i)
            if (centre_(atoms.type(i))) total += of_[i] = of(atoms, i, atoms.point(i), {});
        return total;
    }

    double changed(const Configuration &atoms, Trial trial) override {
        touched_.clear(), new_of_.clear();
        for (const Move &m : trial)
            if (centre_(m.type)) touched_.slot(static_cast<std::size_t>(m.atom));
        pairs_.each_changed(atoms, trial, [&](int, std::size_t i, std::size_t j, const Separation &d, bool) {
            if (is_bond(atoms.type(i), d) && centre_(atoms.type(j))) touched_.slot(j);
        });
        double change = 0;
        for (std::size_t slot = 0; slot < touched_.size(); ++slot) {
            const std::size_t i = touched_[slot];
            const auto moved = std::find_if(trial.begin(), trial.end(), [&](const Move &m) { return static_cast<std::size_t>(m.atom) == i; });
            new_of_.push_back(of(atoms, i, moved == trial.end() ? atoms.point(i) : moved->to, trial));
            change += new_of_.back() - of_[i];
        }
        return change;
    }

    void settle() override {
        for (std::size_t slot = 0; slot < touched_.size(); ++slot) of_[touched_[slot]] = new_of_[slot];
    }

private:
    bool is_bond(int type, const Separation &d) const {
        const double r2 = square(d);
        return std::any_of(ends_.begin(), ends_.end(), [&](const Ends &e) { return e.kinds(type) && r2 < e.cutoff * e.cutoff; });
    }

    // Of one centre that would be at a point, after a trial.
    double of(const Configuration &atoms, std::size_t centre, Point point, Trial trial) {
        bonds_.clear();
        const auto take = [&](std::size_t j, const Separation &d) {
            const double r2 = square(d);
            if (j == centre || !is_bond(atoms.type(j), d) || !(r2 > 0)) return;
            const double inverse = 1 / std::sqrt(r2);
            bonds_.push_back({{d[0] * inverse, d[1] * inverse, d[2] * inverse}, 1 / inverse, atoms.type(j)});
        };
        pairs_.around(atoms, point, take);
        for (const Move &m : trial) take(static_cast<std::size_t>(m.atom), atoms.separation(point, m.to));
        double total = 0;
        for (std::size_t a = 0; a < bonds_.size(); ++a)
            for (std::size_t b = a + 1; b < bonds_.size(); ++b)
                if (joined(bonds_[a], bonds_[b]) || joined(bonds_[b], bonds_[a])) {
                    const Separation &u = bonds_[a].direction, &v = bonds_[b].direction;
                    const double cosine = std::clamp(u[0] * v[0] + u[1] * v[1] + u[2] * v[2], -1.0, 1.0);
                    total += angle_.outside(std::acos(cosine) * (180 / std::numbers::pi));
                }
        return total;
    }

    struct Bond {
        Separation direction;
        double length;
        int type;
    };
    bool joined(const Bond &one, const Bond &other) const {
        return ends_[0].kinds(one.type) && one.length < ends_[0].cutoff && ends_[1].kinds(other.type) && other.length < ends_[1].cutoff;
    }

    TypeSet centre_;
    std::array<Ends, 2> ends_;
    Range angle_;
    ChangedPairs pairs_;
    std::vector<double> of_, new_of_; // of every centre; of those that a trial touches
    std::vector<Bond> bonds_;
    Touched touched_;
};

// Distances of given pairs of atoms: Å outside a range, over all of them. Distances are those of the nearest images.
class BondConstraint final : public Constraint {
public:
    // Pairs of different atoms, by index.
    BondConstraint(std::vector<std::array<std::size_t, 2>> pairs, Range distance, double weight, bool hard)
        : Constraint(weight, hard), pairs_(std::move(pairs)), distance_(distance) {}

    void check(const Configuration &atoms) const override {
        for (const auto &[i, j] : pairs_)
            if (std::max(i, j) >= atoms.size()) throw std::invalid_argument("A bond names an atom that is not there.");
    }

protected:
    double counted(const Configuration &atoms) override {
        start_.assign(atoms.size() + 1, 0);
        double total = 0;
        for (const auto &[i, j] : pairs_) {
            ++start_[i + 1], ++start_[j + 1];
            total += distance_.outside(length(atoms.separation(atoms.point(i), atoms.point(j))));
        }
        for (std::size_t i = 0; i < atoms.size(); ++i) start_[i + 1] += start_[i];
        partner_.resize(2 * pairs_.size());
        auto next = start_;
        for (const auto &[i, j] : pairs_) partner_[next[i]++] = j, partner_[next[j]++] = i;
        return total;
    }

    double changed(const Configuration &atoms, Trial trial) override {
        double change = 0;
        for (std::size_t m = 0; m < trial.size(); ++m) {
            const auto i = static_cast<std::size_t>(trial[m].atom);
            for (std::size_t p = start_[i]; p < start_[i + 1]; ++p) {
                const std::size_t j = partner_[p];
                const auto other = std::find_if(trial.begin(), trial.end(), [&](const Move &o) { return static_cast<std::size_t>(o.atom) == j; });
                if (other < trial.begin() + static_cast<std::ptrdiff_t>(m)) continue; // met from its other end
                const bool both = other != trial.end();
                change += distance_.outside(length(atoms.separation(trial[m].to, both ? other->to : atoms.point(j))));
                change -= distance_.outside(length(atoms.separation(trial[m].from, both ? other->from : atoms.point(j))));
            }
        }
        return change;
    }

private:
    static double length(const Separation &d) { return std::sqrt(square(d)); }

    std::vector<std::array<std::size_t, 2>> pairs_;
    Range distance_;
    std::vector<std::size_t> start_, partner_; // partners of every atom, one after another
};

} // namespace glasswright
