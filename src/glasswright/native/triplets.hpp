// Stillinger-Weber: a pair energy and an energy of the angle between every two bonds of an atom (doi 10.1103/PhysRevB.31.5262).
//
// The angles of an atom need no loop over pairs of its bonds. With g the screen of a bond and u its direction,
//   h = 1/2 Σ_jk K g_j g_k (u_j·u_k - c)² = 1/2 K (T:T - 2 c V·V + c² S²),  T = Σ g u uᵀ,  V = Σ g u,  S = Σ g,
// less what j = k contributes, K (1 - c)² g² / 2 for every bond. The first pass sums these moments of every atom (for each type of the
// ends), the second gathers the force on every atom from its own moments and those of its neighbours: linear in the number of bonds,
// and no atom writes to another.
#pragma once

#include "elementary.hpp"
#include "neighbour_list.hpp"
#include "pair_forces.hpp"
#include "system.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <vector>

namespace glasswright {

// The parameters of two types: φ(r) = strength [B (σ/r)^p - (σ/r)^q] exp(σ/(r - cutoff)), g(r) = exp(γσ/(r - cutoff)).
struct BondParameters {
    double strength = 0, sigma = 1, cutoff = 0, gamma = 1, B = 0, p = 0, q = 0;
};
// K [eV] and cosine c of an angle.
struct AngleParameters {
    double strength = 0, cosine = 0;
};

template <class Differences> class StillingerWeber : public Term {
    using Real = typename Differences::Real;
    using Number = std::decay_t<decltype(Real{}[0])>;
    static constexpr int lanes = Differences::lanes;
    // Of an atom and a type of ends, in rows of four numbers: M = Σ_b K T_b (xx, yy, zz, yz, xz, xy), W = Σ_b K c V_b, Z = Σ_b K c² S_b.
    static constexpr int row = 12;

public:
    // bonds[types * i + j], angles[types * (types * centre + end) + end].
    StillingerWeber(int types, const std::vector<BondParameters> &bonds, std::vector<AngleParameters> angles) : types_(types), angles_(std::move(angles)) {
        for (int i = 0; i < types; ++i)
            for (int j = 0; j < types; ++j) {
                const BondParameters &b = bonds[types * i + j];
                const AngleParameters &own = angles_[types * (types * i + j) + j], &other = angles_[types * (types * j + i) + i];
                const double straight_own = own.strength * (1 - own.cosine) * (1 - own.cosine), straight_other = other.strength * (1 - other.cosine) * (1 - other.cosine);
                bonds_.push_back({Number(b.strength), Number(b.sigma), Number(b.cutoff), Number(b.gamma * b.sigma), Number(b.B), Number(b.p), Number(b.q),
                                  Number(straight_own), Number(straight_own + straight_other)});
                longest_ = std::max(longest_, b.cutoff);
            }
    }

    std::unique_ptr<Term> another() const override { return std::make_unique<StillingerWeber>(*this); }
    double cutoff() const override { return longest_; }
    int types() const override { return types_; }
    void listed(const NeighbourList &list, const Atoms &) override { list_ = &list, fresh_ = true; }

    void add(Atoms &atoms, const Cell &cell, Need need, Team &team, Totals &totals) override {
        if (fresh_) make_room(atoms, team);
        differences_.refresh(atoms, cell);
        fixed_.refresh(atoms, cell);
        // From the atom outwards: the differences are those of the atom to its neighbours.
        const auto scaled = [&](double unit) { return std::array<double, 6>{cell.xx * unit, cell.yy * unit, cell.zz * unit, cell.yz * unit, cell.xz * unit, cell.xy * unit}; };
        const auto outwards = scaled(-Differences::unit), coarse = scaled(-FixedDifferences::unit);
        std::copy(outwards.begin(), outwards.end(), matrix_.begin()), std::copy(coarse.begin(), coarse.end(), coarse_matrix_.begin());
        const auto choose = [&](auto orthogonal) {
            constexpr bool straight = decltype(orthogonal)::value;
            if (need == Need::forces) run<Need::forces, straight>(atoms, team, totals);
            else if (need == Need::pressure) run<Need::pressure, straight>(atoms, team, totals);
            else run<Need::everything, straight>(atoms, team, totals);
        };
        if (cell.orthogonal()) choose(std::true_type());
        else choose(std::false_type());
    }

private:
    struct Bond {
        Number strength, sigma, cutoff, reach, B, p, q;
        Number straight, straight_both; // K (1 - c)² of two bonds of this kind in one line, at the first atom and summed over both
    };
    // Length, its inverse and direction of bonds from one atom.
    struct Geometry {
        Real r, inverse, x, y, z;
    };
    struct Sums {
        double energy = 0;
        Tensor virial{};
    };

    void make_room(const Atoms &atoms, Team &team) {
        if (atoms.size * types_ * row * sizeof(Number) > std::numeric_limits<std::int32_t>::max())
            throw std::invalid_argument("There are too many atoms for triplets of so many types.");
        near_.resize(team.size());
        for (int thread = 0; thread < team.size(); ++thread) {
            const auto [begin, end] = team.share(atoms.size, thread);
            std::size_t most = lanes_of_list;
            for (std::size_t i = begin; i < end; ++i) most += static_cast<std::size_t>(list_->places(i, types_) - list_->places(i, 0));
            near_[thread].assign(most, 0);
        }
        start_.resize(atoms.size * (types_ + 1));
        moments_.resize(atoms.size * types_ * row);
        fresh_ = false;
    }

    template <Need need, bool orthogonal> void run(Atoms &atoms, Team &team, Totals &totals) {
        std::vector<Sums> sums(team.size());
        team.run([&](int thread) { collect<need == Need::everything, orthogonal>(atoms, team, thread, sums[thread]); });
        team.run([&](int thread) { gather<need, orthogonal>(atoms, team, thread, sums[thread]); });
        if constexpr (need == Need::forces) return;
        for (const Sums &s : sums) {
            totals.energy += s.energy;
            for (int k = 0; k < 6; ++k) totals.virial[k] += s.virial[k];
        }
    }

    template <bool orthogonal, class V, class M> static std::array<V, 3> cartesian(V a, V b, V c, const M &m) {
        if constexpr (orthogonal) return {a * m[0], b * m[1], c * m[2]};
        else return {a * m[0] + b * m[5] + c * m[4], b * m[1] + c * m[3], c * m[2]};
    }

    // The neighbours of an atom within the cutoff, and some on its edge, one after another.
    template <bool orthogonal> std::int32_t *shorten(const FixedDifferences &from, std::size_t i, int t, float cutoff, std::int32_t *out) const {
        const simd::Float limit = simd::broadcast<simd::Float>(cutoff * cutoff * (1 + 1e-5f));
        const std::int32_t *j = list_->places(i, t), *const last = list_->places(i, t + 1);
        for (; j < last; j += simd::lanes) {
            simd::Float a, b, c;
            from.to(j, a, b, c);
            const auto [x, y, z] = cartesian<orthogonal>(a, b, c, coarse_matrix_);
            const simd::Mask close = simd::both(simd::less(x * x + y * y + z * z, limit), simd::first_lanes(static_cast<int>(std::min<std::ptrdiff_t>(last - j, simd::lanes))));
            out += simd::compress(out, simd::load<simd::Int>(j), close);
        }
        return out;
    }

    template <bool orthogonal> Geometry geometry(const Differences &from, const std::int32_t *j) const {
        Real a, b, c;
        from.to(j, a, b, c);
        const auto [x, y, z] = cartesian<orthogonal>(a, b, c, matrix_);
        // Atoms on top of each other push with a finite force.
        const Real r = simd::root(simd::greatest(x * x + y * y + z * z, simd::broadcast<Real>(Number(nearest * nearest)))), inverse = Number(1) / r;
        return {r, inverse, x * inverse, y * inverse, z * inverse};
    }

    // First pass: neighbours within the cutoff, moments, and the energy of the angles.
    template <bool energy, bool orthogonal> void collect(const Atoms &atoms, const Team &team, int thread, Sums &sums) {
        const auto [begin, end] = team.share(atoms.size, thread);
        Differences from = differences_;
        FixedDifferences coarse = fixed_;
        std::vector<std::array<Number, row>> raw(types_); // T, V, S and Σ g² for each type of ends
        std::int32_t *near = near_[thread].data();
        for (std::size_t i = begin; i < end; ++i) {
            from.centre(i), coarse.centre(i);
            const int centre = atoms.type[i];
            for (int t = 0; t < types_; ++t) {
                const Bond &bond = bonds_[types_ * centre + t];
                std::int32_t *const last = shorten<orthogonal>(coarse, i, t, static_cast<float>(bond.cutoff), near);
                start_[i * (types_ + 1) + t] = static_cast<std::uint32_t>(near - near_[thread].data());
                Real xx{}, yy{}, zz{}, yz{}, xz{}, xy{}, vx{}, vy{}, vz{}, s{}, s2{};
                for (; near < last; near += lanes) {
                    const Geometry d = geometry<orthogonal>(from, near);
                    const Real cutoff = simd::broadcast<Real>(bond.cutoff);
                    const Real gap = simd::least(d.r - cutoff, simd::broadcast<Real>(-narrowest_gap));
                    const Real g = Differences::below(simd::exponential(bond.reach / gap), d.r, cutoff, static_cast<int>(last - near));
                    const Real x = g * d.x, y = g * d.y, z = g * d.z;
                    xx += x * d.x, yy += y * d.y, zz += z * d.z, yz += y * d.z, xz += x * d.z, xy += x * d.y;
                    vx += x, vy += y, vz += z, s += g;
                    if constexpr (energy) s2 += g * g;
                }
                near = last;
                const Real parts[] = {xx, yy, zz, yz, xz, xy, vx, vy, vz, s, s2};
                for (int k = 0; k < (energy ? 11 : 10); ++k) raw[t][k] = simd::sum(parts[k]);
            }
            start_[i * (types_ + 1) + types_] = static_cast<std::uint32_t>(near - near_[thread].data());
            for (int a = 0; a < types_; ++a) {
                Number *mixed = &moments_[(i * types_ + a) * row];
                std::fill_n(mixed, row, Number(0));
                for (int b = 0; b < types_; ++b) {
                    const AngleParameters &angle = angles_[types_ * (types_ * centre + a) + b];
                    const Number k = Number(angle.strength), c = Number(angle.cosine);
                    for (int m = 0; m < 6; ++m) mixed[m] += k * raw[b][m];
                    for (int m = 6; m < 9; ++m) mixed[m] += k * c * raw[b][m];
                    mixed[9] += k * c * c * raw[b][9];
                }
                if constexpr (energy) {
                    const auto &own = raw[a];
                    const double tensor = mixed[0] * own[0] + mixed[1] * own[1] + mixed[2] * own[2] + 2 * (mixed[3] * own[3] + mixed[4] * own[4] + mixed[5] * own[5]);
                    const double vector = mixed[6] * own[6] + mixed[7] * own[7] + mixed[8] * own[8];
                    sums.energy += 0.5 * (tensor - 2 * vector + mixed[9] * own[9] - bonds_[types_ * centre + a].straight * own[10]);
                }
            }
        }
    }

    // Second pass: the force on every atom. A bond pulls at it with
    //   [φ' + (e + e') g'] u + 2 g / r (1 - u uᵀ) q,  q = (M + M') u + W' - W,  e + e' = u·(M + M') u + 2 u·(W' - W) + Z + Z' - straight g,
    // primed at the other end, whose direction is -u.
    template <Need need, bool orthogonal> void gather(Atoms &atoms, const Team &team, int thread, Sums &sums) const {
        const auto [begin, end] = team.share(atoms.size, thread);
        Differences from = differences_;
        const std::int32_t *const near = near_[thread].data();
        for (std::size_t i = begin; i < end; ++i) {
            from.centre(i);
            const int centre = atoms.type[i];
            Real fx{}, fy{}, fz{}, energy{}, xx{}, yy{}, zz{}, yz{}, xz{}, xy{};
            for (int t = 0; t < types_; ++t) {
                const Bond &bond = bonds_[types_ * centre + t];
                const Number *own = &moments_[(i * types_ + t) * row];
                const std::int32_t *j = near + start_[i * (types_ + 1) + t], *const last = near + start_[i * (types_ + 1) + t + 1];
                for (; j < last; j += lanes) {
                    const Geometry d = geometry<orthogonal>(from, j);
                    const std::array<Real, row> m = other_moments(j, centre);
                    const Real cutoff = simd::broadcast<Real>(bond.cutoff);
                    const auto inside = [&](Real v) { return Differences::below(v, d.r, cutoff, static_cast<int>(last - j)); };
                    const Real gap = Number(1) / simd::least(d.r - cutoff, simd::broadcast<Real>(-narrowest_gap)), slope = gap * gap;
                    const Real g = inside(simd::exponential(bond.reach * gap)), screen = inside(simd::exponential(bond.sigma * gap)) * bond.strength;
                    const Real w = bond.sigma * d.inverse, repulsion = bond.B * simd::power(w, bond.p), attraction = simd::power(w, bond.q);
                    const Real phi = repulsion - attraction;
                    const Real pair = screen * ((bond.q * attraction - bond.p * repulsion) * d.inverse - bond.sigma * slope * phi);
                    const Real mx = (m[0] + own[0]) * d.x + (m[5] + own[5]) * d.y + (m[4] + own[4]) * d.z;
                    const Real my = (m[5] + own[5]) * d.x + (m[1] + own[1]) * d.y + (m[3] + own[3]) * d.z;
                    const Real mz = (m[4] + own[4]) * d.x + (m[3] + own[3]) * d.y + (m[2] + own[2]) * d.z;
                    const Real wx = m[6] - own[6], wy = m[7] - own[7], wz = m[8] - own[8];
                    const Real along_m = d.x * mx + d.y * my + d.z * mz, along_w = d.x * wx + d.y * wy + d.z * wz;
                    const Real e = along_m + 2 * along_w + m[9] + own[9] - bond.straight_both * g;
                    const Real radial = pair - e * bond.reach * slope * g, bend = 2 * g * d.inverse, rest = radial - bend * (along_m + along_w);
                    const Real px = rest * d.x + bend * (mx + wx), py = rest * d.y + bend * (my + wy), pz = rest * d.z + bend * (mz + wz);
                    fx += px, fy += py, fz += pz;
                    if constexpr (need == Need::pressure) xx += radial * d.r;
                    if constexpr (need == Need::everything) {
                        energy += screen * phi;
                        const Real x = d.x * d.r, y = d.y * d.r, z = d.z * d.r;
                        xx += x * px, yy += y * py, zz += z * pz, yz += y * pz, xz += x * pz, xy += x * py;
                    }
                }
            }
            atoms.force[3 * i] += simd::sum(fx), atoms.force[3 * i + 1] += simd::sum(fy), atoms.force[3 * i + 2] += simd::sum(fz);
            // Every bond is seen from both ends.
            if constexpr (need == Need::pressure) {
                const double third = simd::sum(xx) / 6;
                for (int k = 0; k < 3; ++k) sums.virial[k] -= third;
            }
            if constexpr (need == Need::everything) {
                sums.energy += 0.5 * simd::sum(energy);
                const Real parts[6] = {xx, yy, zz, yz, xz, xy};
                for (int k = 0; k < 6; ++k) sums.virial[k] -= 0.5 * simd::sum(parts[k]);
            }
        }
    }

    std::array<Real, row> other_moments(const std::int32_t *j, int centre) const {
        std::array<Real, row> m{};
        if constexpr (std::is_same_v<Number, float>) {
            std::int32_t place[lanes];
            for (int part = 0; part < 3; ++part) {
                simd::store(place, simd::load<simd::Int>(j) * (3 * types_) + 16 * (3 * centre + part));
                simd::gather_rows(moments_.data(), place, m[4 * part], m[4 * part + 1], m[4 * part + 2], m[4 * part + 3]);
            }
        } else {
            for (int k = 0; k < lanes; ++k) {
                const Number *other = &moments_[(NeighbourList::index(j[k]) * types_ + centre) * row];
                for (int part = 0; part < 10; ++part) m[part][k] = other[part];
            }
        }
        return m;
    }

    static constexpr double nearest = 0.3;               // [Å]
    static constexpr Number narrowest_gap = Number(1e-3); // [Å]; so close to the cutoff every screen is zero
    static constexpr std::size_t lanes_of_list = 2 * simd::lanes;

    int types_;
    std::vector<Bond> bonds_;
    std::vector<AngleParameters> angles_;
    double longest_ = 0;
    const NeighbourList *list_ = nullptr;
    bool fresh_ = true;
    Differences differences_;
    FixedDifferences fixed_;
    std::array<Number, 6> matrix_;
    std::array<float, 6> coarse_matrix_;
    std::vector<std::vector<std::int32_t>> near_; // of every thread: the neighbours within the cutoff, by atom and type
    std::vector<std::uint32_t> start_;
    std::vector<Number> moments_;
};

} // namespace glasswright
