// Forces, energy and virial of pairs from merged tables.
#pragma once

#include "neighbour_list.hpp"
#include "pair_table.hpp"
#include "system.hpp"

#include <memory>

namespace glasswright {

// Differences of positions in fractions of the cell, wrapped to the nearest image: of one atom to a vector of others.
class FixedDifferences {
public:
    using Real = simd::Float;
    static constexpr int lanes = simd::lanes;
    static constexpr double unit = 1 / 4294967296.0; // of what `from` gives, in cells

    void refresh(const Atoms &atoms, const Cell &) { fixed_ = atoms.fixed.data(); }
    struct Fetched {
        simd::Int x, y, z;
    };
    Fetched fetch(const std::int32_t *j) const {
        Fetched f;
        simd::Int type;
        simd::gather_rows(fixed_, j, f.x, f.y, f.z, type);
        return f;
    }
    void centre(std::size_t i) {
        x_ = simd::broadcast<simd::Int>(fixed_[i].x), y_ = simd::broadcast<simd::Int>(fixed_[i].y), z_ = simd::broadcast<simd::Int>(fixed_[i].z);
    }
    void from(const Fetched &f, Real &a, Real &b, Real &c) const {
        a = simd::to_float(simd::wrapping_difference(x_, f.x)), b = simd::to_float(simd::wrapping_difference(y_, f.y));
        c = simd::to_float(simd::wrapping_difference(z_, f.z));
    }
    void to(const std::int32_t *j, Real &a, Real &b, Real &c) const { from(fetch(j), a, b, c); }
    static Real below(Real v, Real u, Real limit, int n) { return simd::keep(simd::both(simd::less(u, limit), simd::first_lanes(n)), v); }

private:
    const FixedPoint *fixed_ = nullptr;
    simd::Int x_, y_, z_;
};

// The same in double precision.
class DoubleDifferences {
public:
    using Real = simd::Double;
    static constexpr int lanes = simd::double_lanes;
    static constexpr double unit = 1;

    void refresh(const Atoms &atoms, const Cell &cell) {
        auto fractions = std::make_shared<std::vector<double>>(3 * atoms.size);
        for (std::size_t i = 0; i < atoms.size; ++i) {
            const auto f = cell.fractional(atoms.position[3 * i], atoms.position[3 * i + 1], atoms.position[3 * i + 2]);
            std::copy(f.begin(), f.end(), &(*fractions)[3 * i]);
        }
        fractions_ = fractions;
    }
    struct Fetched {
        Real a, b, c;
    };
    Fetched fetch(const std::int32_t *j) const {
        Fetched f;
        for (int k = 0; k < lanes; ++k) {
            const double *other = &(*fractions_)[3 * NeighbourList::index(j[k])];
            f.a[k] = other[0], f.b[k] = other[1], f.c[k] = other[2];
        }
        return f;
    }
    void centre(std::size_t i) { own_ = &(*fractions_)[3 * i]; }
    void from(const Fetched &f, Real &a, Real &b, Real &c) const {
        a = own_[0] - f.a, b = own_[1] - f.b, c = own_[2] - f.c;
        a -= simd::rounded(a), b -= simd::rounded(b), c -= simd::rounded(c);
    }
    void to(const std::int32_t *j, Real &a, Real &b, Real &c) const { from(fetch(j), a, b, c); }
    static Real below(Real v, Real u, Real limit, int n) {
        simd::Long lane;
        for (int k = 0; k < lanes; ++k) lane[k] = k;
        return simd::keep(simd::less(u, limit) & (lane < n), v);
    }

private:
    std::shared_ptr<std::vector<double>> fractions_;
    const double *own_ = nullptr;
};

template <class Table, class Differences> class PairForces : public Term {
    using Real = typename Table::Real;
    using Number = typename Table::Number;
    static constexpr int lanes = Differences::lanes;

public:
    explicit PairForces(const PairTable &table) : table_(table), longest_(table.longest()), types_(table.types), own_trace_(!table.trace.empty()) {
        const std::size_t numbers = static_cast<std::size_t>(table.segments()) * (table.degree + 1);
        for (int p = 0; p < types_ * types_; ++p) {
            // s = F/r / √scale: times differences scaled by √scale it is the force.
            const double root = std::sqrt(table.scale[p]);
            Pair pair;
            pair.root = root;
            pair.limit = static_cast<Number>(table.cutoff[p] * table.cutoff[p] * table.scale[p]);
            const auto pack = [&](const std::vector<double> &from, double factor) {
                return from.empty() ? std::vector<Number>() : table_.pack(from.data() + p * numbers, table, factor);
            };
            pair.force = pack(table.force, 1 / root), pair.energy = pack(table.energy, 1), pair.trace = pack(table.trace, 1);
            pairs_.push_back(std::move(pair));
        }
        // What u is kept within, so that atoms beyond the cutoff read inside the table too.
        lowest_ = static_cast<Number>(table.lowest());
        highest_ = 1 - std::numeric_limits<Number>::epsilon() / 2;
        self_energy_ = table.self_energy;
    }

    std::unique_ptr<Term> another() const override { return std::make_unique<PairForces>(*this); }
    double cutoff() const override { return longest_; }
    int types() const override { return types_; }
    void listed(const NeighbourList &list, const Atoms &) override { list_ = &list; }

    void add(Atoms &atoms, const Cell &cell, Need need, Team &team, Totals &totals) override {
        differences_.refresh(atoms, cell);
        for (Pair &pair : pairs_) {
            const double unit = Differences::unit * pair.root;
            pair.matrix = {Number(cell.xx * unit), Number(cell.yy * unit), Number(cell.zz * unit), Number(cell.yz * unit), Number(cell.xz * unit), Number(cell.xy * unit)};
        }
        const auto choose = [&](auto orthogonal) {
            constexpr bool straight = decltype(orthogonal)::value;
            if (need == Need::forces) run<Need::forces, straight, false>(atoms, team, totals);
            else if (need == Need::pressure) own_trace_ ? run<Need::pressure, straight, true>(atoms, team, totals) : run<Need::pressure, straight, false>(atoms, team, totals);
            else own_trace_ ? run<Need::everything, straight, true>(atoms, team, totals) : run<Need::everything, straight, false>(atoms, team, totals);
        };
        if (cell.orthogonal()) choose(std::true_type());
        else choose(std::false_type());
    }

private:
    struct Pair {
        double root;                  // √scale [1/Å]
        Number limit;                 // u at the cutoff
        std::array<Number, 6> matrix{}; // the cell, for differences scaled by √scale
        std::vector<Number> force, energy, trace;
    };
    // Sums over ordered pairs: every pair counts twice.
    struct Sums {
        double energy = 0, trace = 0;
        Tensor virial{};
    };

    template <Need need, bool orthogonal, bool own_trace> void run(Atoms &atoms, Team &team, Totals &totals) {
        std::vector<Sums> sums(team.size());
        team.run([&](int thread) {
            const auto [begin, end] = team.share(atoms.size, thread);
            sums[thread] = rows<need, orthogonal, own_trace>(atoms, begin, end);
        });
        if constexpr (need == Need::forces) return;
        Sums all;
        for (const Sums &s : sums) {
            all.energy += s.energy / 2, all.trace += s.trace / 2;
            for (int k = 0; k < 6; ++k) all.virial[k] += s.virial[k] / 2;
        }
        totals.energy += all.energy;
        // The trace is that of the tensor, or what the table says it is; both ways it is spread evenly.
        const double missing = all.trace - (all.virial[0] + all.virial[1] + all.virial[2]);
        for (int k = 0; k < 6; ++k) totals.virial[k] += all.virial[k] + (k < 3 ? missing / 3 : 0);
    }

    template <Need need, bool orthogonal, bool own_trace> Sums rows(Atoms &atoms, std::size_t begin, std::size_t end) const {
        using Function = typename Table::Function;
        const NeighbourList &list = *list_;
        Differences differences = differences_;
        const Table table = table_;
        const Real lowest = simd::broadcast<Real>(lowest_), highest = simd::broadcast<Real>(highest_);
        Sums sums;
        if (begin == end) return sums;
        // Positions are fetched one vector ahead, even of the next atom: gathering them and evaluating the table then overlap.
        const std::int32_t *ahead = list.places(begin, 0);
        auto fetched = differences.fetch(ahead);
        for (std::size_t i = begin; i < end; ++i) {
            differences.centre(i);
            const std::int32_t *const following = list.places(i + 1 < end ? i + 1 : i, 0);
            const Pair *pair = &pairs_[static_cast<std::size_t>(atoms.type[i]) * types_];
            Real fx{}, fy{}, fz{};
            for (int t = 0; t < types_; ++t, ++pair) {
                const std::int32_t *j = list.places(i, t), *const last = list.places(i, t + 1);
                if (j == last) continue;
                const auto &m = pair->matrix;
                const Real limit = simd::broadcast<Real>(pair->limit);
                const Function force(table, pair->force.data());
                const Number half_root = static_cast<Number>(0.5 / pair->root);
                Real energy{}, trace{}, xx{}, yy{}, zz{}, yz{}, xz{}, xy{};
                if (j != ahead) fetched = differences.fetch(j);
                for (; j < last; j += lanes) {
                    Real a, b, c;
                    differences.from(fetched, a, b, c);
                    ahead = j + lanes < last ? j + lanes : t + 1 < types_ ? last : following;
                    fetched = differences.fetch(ahead);
                    const Real x = orthogonal ? a * m[0] : a * m[0] + b * m[5] + c * m[4];
                    const Real y = orthogonal ? b * m[1] : b * m[1] + c * m[3];
                    const Real z = c * m[2];
                    const Real r2 = x * x + y * y + z * z, u = simd::greatest(simd::least(r2, highest), lowest);
                    const auto inside = [&](Real v) { return Differences::below(v, r2, limit, static_cast<int>(last - j)); };
                    const auto place = table.place(u);
                    const Real s = inside(force(place));
                    fx += s * x, fy += s * y, fz += s * z;
                    if constexpr (need != Need::forces) {
                        if constexpr (own_trace) trace += inside(Function(table, pair->trace.data())(place));
                        else trace += s * r2;
                    }
                    if constexpr (need == Need::everything) {
                        // Below the table F/r is constant: the energy goes on as a straight line in r².
                        energy += inside(Function(table, pair->energy.data())(place)) + s * simd::greatest(lowest - r2, Real{}) * half_root;
                        const Real sx = s * x, sy = s * y, sz = s * z;
                        xx += sx * x, yy += sy * y, zz += sz * z, yz += sy * z, xz += sx * z, xy += sx * y;
                    }
                }
                if constexpr (need != Need::forces) sums.trace += simd::sum(trace) * (own_trace ? 1 : 1 / pair->root);
                if constexpr (need == Need::everything) {
                    sums.energy += simd::sum(energy);
                    const Real parts[6] = {xx, yy, zz, yz, xz, xy};
                    for (int k = 0; k < 6; ++k) sums.virial[k] += simd::sum(parts[k]) / pair->root;
                }
            }
            atoms.force[3 * i] += simd::sum(fx), atoms.force[3 * i + 1] += simd::sum(fy), atoms.force[3 * i + 2] += simd::sum(fz);
            if constexpr (need == Need::everything) sums.energy += 2 * self_energy_[atoms.type[i]];
        }
        return sums;
    }

    Table table_;
    double longest_;
    int types_;
    bool own_trace_;
    Number lowest_, highest_;
    std::vector<double> self_energy_;
    std::vector<Pair> pairs_;
    Differences differences_;
    const NeighbourList *list_ = nullptr;
};

} // namespace glasswright
