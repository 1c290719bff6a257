// The far field of an Ewald sum with prolates: charges to a mesh, their potential's gradient in Fourier space, back to the charges
// (doi 10.48550/arXiv.2505.09727). What a neighbour list sees ends at a cutoff; this is the rest, self energy included.
#pragma once

#include "convolution.hpp"

namespace glasswright {

template <class Real> class MeshSum final : public Term {
    using V = Eight<Real>;
    // In single precision places are fixed-point fractions of the cell, which lose nothing; in double precision doubles.
    using Fraction = std::conditional_t<std::is_same_v<Real, float>, std::int32_t, double>;

public:
    MeshSum(std::vector<double> charges, const std::array<int, 3> &points, const Window<Real> &window, FarShape shape, double at_zero)
        : charges_(std::move(charges)), mesh_(points), window_(window), spectrum_(mesh_, std::move(shape)), convolution_(mesh_), at_zero_(at_zero) {
        for (const double q : charges_) narrow_.push_back(static_cast<Real>(q));
        for (Buffer<Real> &field : field_) field = Buffer<Real>(mesh_.size() + 8);
    }

    std::unique_ptr<Term> another() const override { return std::make_unique<MeshSum>(*this); }
    int types() const override { return static_cast<int>(charges_.size()); }

    void add(Atoms &atoms, const Cell &cell, Need need, Team &team, Totals &totals) override {
        if (need != Need::forces || atoms.size != known_size_) count(atoms);
        spectrum_.update(cell, need == Need::everything, team);
        switch (window_.points()) {
        case 4: run<4>(atoms, cell, need, team, totals); break;
        case 5: run<5>(atoms, cell, need, team, totals); break;
        case 6: run<6>(atoms, cell, need, team, totals); break;
        case 7: run<7>(atoms, cell, need, team, totals); break;
        default: run<8>(atoms, cell, need, team, totals);
        }
    }

private:
    // Σ q² for the self energy; and neutrality, without which a periodic sum has no value.
    void count(const Atoms &atoms) {
        std::vector<std::size_t> n(charges_.size(), 0);
        for (const std::int32_t type : atoms.type) {
            if (type < 0 || static_cast<std::size_t>(type) >= n.size()) throw std::invalid_argument("A type of an atom is out of range.");
            ++n[static_cast<std::size_t>(type)];
        }
        double total = 0, largest = 0;
        squares_ = 0;
        for (std::size_t t = 0; t < n.size(); ++t) {
            const double q = charges_[t], many = static_cast<double>(n[t]);
            total += many * q, squares_ += many * q * q, largest = std::max(largest, many * std::abs(q));
        }
        if (std::abs(total) > 1e-9 * largest)
            throw std::invalid_argument("The charges of all atoms must add up to zero: the Coulomb energy of a charged periodic cell is infinite.");
        known_size_ = atoms.size;
    }

    template <int P> void run(Atoms &atoms, const Cell &cell, Need need, Team &team, Totals &totals) {
        const auto atom = [&](std::size_t i, Fraction(&s)[3]) {
            if constexpr (std::is_same_v<Fraction, double>) {
                const double *r = atoms.position.data() + 3 * i;
                const auto f = cell.fractional(r[0], r[1], r[2]);
                for (std::size_t d = 0; d < 3; ++d) {
                    s[d] = f[d] - std::floor(f[d]);
                    if (!(s[d] >= 0)) throw std::invalid_argument("A position is not a number.");
                }
                return narrow_[static_cast<std::size_t>(atoms.type[i])];
            } else {
                const FixedPoint &f = atoms.fixed[i];
                s[0] = f.x, s[1] = f.y, s[2] = f.z;
                return narrow_[static_cast<std::size_t>(f.type)];
            }
        };

        // Every thread spreads its share onto a mesh of its own; they are added on the way into the transform.
        const std::size_t threads = static_cast<std::size_t>(team.size()), nx = static_cast<std::size_t>(mesh_.points(0));
        while (charge_.size() < threads) charge_.emplace_back(mesh_.size() + 8);
        touched_.assign(threads * nx, 0);
        team.run([&](int thread) {
            const auto [begin, end] = team.share(atoms.size, thread);
            const std::size_t t = static_cast<std::size_t>(thread);
            spread<P, Fraction>(mesh_, window_, begin, end, atom, charge_[t].data(), touched_.data() + t * nx);
        });
        const auto charge = [&](int x, int y, std::size_t z) {
            V total{};
            const std::size_t row = mesh_.plane_of()[x] + mesh_.row_of()[y];
            for (std::size_t t = 0; t < threads; ++t) {
                if (!touched_[t * nx + static_cast<std::size_t>(x)]) continue;
                const Real *from = charge_[t].data() + row;
                __builtin_prefetch(from + z + 16);
                total += simd::load<V>(from + z);
                // What was spread beyond the end of the row belongs to its beginning.
                if (z == 0) total += simd::load<V>(from + mesh_.points(2));
            }
            return total;
        };
        // The charges have been read when the first field is written.
        Real *const field[3] = {charge_[0].data(), field_[0].data(), field_[1].data()};
        const auto sums = convolution_.run(spectrum_, need, team, charge, field);

        const Real *const read[3] = {field[0], field[1], field[2]};
        const auto &k = spectrum_.reciprocal();
        team.run([&](int thread) {
            const auto [begin, end] = team.share(atoms.size, thread);
            double *force = atoms.force.data();
            interpolate<P, Fraction>(mesh_, window_, begin, end, atom, read, [&](std::size_t i, double a, double b, double c) {
                force[3 * i] += k[0][0] * a;
                force[3 * i + 1] += k[1][0] * a + k[1][1] * b;
                force[3 * i + 2] += k[2][0] * a + k[2][1] * b + k[2][2] * c;
            });
        });
        if (need != Need::forces) total(sums, need, totals);
    }

    void total(const typename Convolution<Real>::Sums &sums, Need need, Totals &totals) const {
        const double energy = sums.energy - 0.5 * squares_ * (at_zero_ + spectrum_.self_excess());
        Tensor w{};
        if (need == Need::everything) {
            totals.energy += energy;
            // From indices to wave vectors.
            const auto &k = spectrum_.reciprocal();
            const Tensor &m = sums.index;
            const double square[3][3] = {{m[0], m[5], m[4]}, {m[5], m[1], m[3]}, {m[4], m[3], m[2]}};
            constexpr int pair[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
            for (std::size_t c = 0; c < 6; ++c)
                for (int d = 0; d < 3; ++d)
                    for (int e = 0; e < 3; ++e) w[c] += k[pair[c][0]][d] * k[pair[c][1]][e] * square[d][e];
        }
        // The energy of charges scales as 1/length, so it is the trace of their virial, and known far better than the sum over k.
        const double shift = (energy - w[0] - w[1] - w[2]) / 3;
        for (std::size_t c = 0; c < 6; ++c) totals.virial[c] += w[c] + (c < 3 ? shift : 0.0);
    }

    std::vector<double> charges_;
    std::vector<Real> narrow_;
    MeshShape mesh_;
    Window<Real> window_;
    Spectrum<Real> spectrum_;
    Convolution<Real> convolution_;
    double at_zero_, squares_ = 0;
    std::size_t known_size_ = 0;
    std::vector<Buffer<Real>> charge_;
    std::vector<std::uint8_t> touched_;
    Buffer<Real> field_[2];
};

// What Python makes: the sum in one of two precisions.
class FarField final : public Term {
public:
    explicit FarField(std::unique_ptr<Term> sum) : sum_(std::move(sum)) {}
    std::unique_ptr<Term> another() const override { return std::make_unique<FarField>(sum_->another()); }
    int types() const override { return sum_->types(); }
    void add(Atoms &atoms, const Cell &cell, Need need, Team &team, Totals &totals) override { sum_->add(atoms, cell, need, team, totals); }

private:
    std::unique_ptr<Term> sum_;
};

} // namespace glasswright
