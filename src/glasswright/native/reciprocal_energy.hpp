// The far field of an Ewald sum as moved charges change it: structure factors S(k) = Σ q exp(i k·r) of all wave vectors, kept and updated.
//
// With prolates the spectrum of the far part of 1/r ends at largest_k (forms/prolate.py), so that
//   E = Σ_k G(k) |S(k)|² - self energy,  G(k) = 4π/(k² V) ψ(k/largest_k),  over one half of all k,
// has finitely many terms and is exact. A move costs time in proportion to their number, largest_k³ V / 12 π².
//
// k = h b1 + g, g of the plane of b2 and b3. Every point of a charge has a phase for each h and one for each g, and S changes by their
// product. g and -g share it but for a sign. The g are sorted by length, so that those of one h are the first of them.
#pragma once

#include "cost.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glasswright {

// A charge and its place before and after, in fixed-point fractions of the cell.
struct MovedCharge {
    double charge;
    Point from, to;
};

class StructureFactors {
    static constexpr std::size_t lanes = simd::double_lanes;
    using D = simd::Double;
    // Numbers of a g and of its -g with one h, vectors side by side: two weights, then real and imaginary parts of two S.
    enum Part : std::size_t { weight = 0, factor = 2, parts = 6 };

public:
    // psi: 4π e²/(4πε₀) ψ as a polynomial in 2 (k/largest_k)² - 1, highest power first.
    StructureFactors(const Cell &cell, double largest_k, const std::vector<double> &psi) {
        const double turn = 2 * std::numbers::pi, step = turn / cell.xx;
        const double edges[3] = {cell.xx, std::hypot(cell.xy, cell.yy), std::hypot(cell.xz, cell.yz, cell.zz)};
        if (4.2 * std::pow(largest_k / turn, 3) * cell.volume() > 3e7 || largest_k * *std::max_element(edges, edges + 3) > 1e4)
            throw std::invalid_argument("The far field of so large a cell has too many wave vectors: choose a longer cutoff.");
        const double b2[2] = {turn / cell.yy, -turn * cell.yz / (cell.yy * cell.zz)}, b3 = turn / cell.zz;
        const auto length2 = [&](double k, double l) { return std::pow(k * b2[0], 2) + std::pow(k * b2[1] + l * b3, 2); };
        // b1 is perpendicular to the plane but for these shares of b2 and b3; the whole ones of h b1 are left to the index.
        const double share[2] = {-cell.xy / cell.xx, -cell.xz / cell.xx};
        const int layers = static_cast<int>(largest_k / step) + 1;
        double longest = 0;
        std::vector<double> reach;
        for (int h = 0; h < layers; ++h) {
            const double whole[2] = {std::round(h * share[0]), std::round(h * share[1])}, rest[2] = {h * share[0] - whole[0], h * share[1] - whole[1]};
            if (!(std::abs(whole[0]) < 1e4 && std::abs(whole[1]) < 1e4)) throw std::invalid_argument("The cell is too skewed for a sum over wave vectors: choose other cell vectors.");
            layers_.push_back({-static_cast<int>(whole[0]), -static_cast<int>(whole[1]), rest[0], rest[1], 0});
            reach.push_back(std::sqrt(std::max(0.0, largest_k * largest_k - h * h * step * step)) + std::sqrt(length2(rest[0], rest[1])));
            longest = std::max(longest, reach.back());
        }
        find_plane(length2, longest, static_cast<int>(longest * cell.yy / turn), static_cast<int>(longest * std::hypot(cell.yz, cell.zz) / turn));
        for (std::size_t h = 0; h < layers_.size(); ++h) {
            Layer &layer = layers_[h];
            while (layer.vectors * lanes < plane_.size() && plane_[layer.vectors * lanes].length <= reach[h]) ++layer.vectors;
            for (std::size_t v = 0; v < layer.vectors; ++v) {
                numbers_.resize(numbers_.size() + parts * lanes, 0.0);
                for (std::size_t lane = 0; lane < lanes && v * lanes + lane < plane_.size(); ++lane)
                    for (const int sign : {1, -1}) {
                        const Wave &g = plane_[v * lanes + lane];
                        const double k2 = std::pow(static_cast<double>(h) * step, 2) + length2(sign * g.k + layer.rest_k, sign * g.l + layer.rest_l), z = 2 * k2 / (largest_k * largest_k) - 1;
                        // One half of all: h > 0, or h = 0 and one of g and -g.
                        if (!(k2 < largest_k * largest_k) || (h == 0 && (sign < 0 || (g.k == 0 && g.l == 0))) || (sign < 0 && g.k == 0 && g.l == 0)) continue;
                        double value = 0;
                        for (const double c : psi) value = value * z + c;
                        numbers_[numbers_.size() - (parts - weight - (sign < 0)) * lanes + lane] = value / (k2 * cell.volume());
                    }
            }
        }
        for (Phases *phases : {&from_, &to_}) {
            for (std::size_t a = 0; a < 3; ++a) phases->power[a].resize(2 * reach_[a] + 1);
            phases->layer.resize(layers_.size());
            phases->re.resize(plane_.size() + lanes), phases->im.resize(plane_.size() + lanes);
        }
    }

    // How many wave vectors a move visits.
    std::size_t size() const { return numbers_.size() / parts * 2; }

    void add(double charge, Point point) {
        std::fill(from_.layer.begin(), from_.layer.end(), Complex{0, 0});
        set_phases(point, charge, to_);
        settle();
    }

    // [eV], without self energies.
    double energy() const {
        D total{};
        for (const double *block = numbers_.data(); block < numbers_.data() + numbers_.size(); block += parts * lanes)
            for (std::size_t k = 0; k < 4; ++k) total += at(block, weight + k / 2) * at(block, factor + k) * at(block, factor + k);
        return simd::sum(total);
    }

    // By how much the energy would change [eV].
    double difference(const MovedCharge *moved, std::size_t n) {
        D total[2] = {};
        const auto weigh = [&](const double *block, const D(&by)[4]) {
            for (std::size_t k = 0; k < 4; ++k) total[k / 2] += at(block, weight + k / 2) * (by[k] * (2 * at(block, factor + k) + by[k]));
        };
        several_ = n > 1;
        if (several_) change_.assign(numbers_.size() / parts * 4, 0.0);
        for (std::size_t i = 0; i < n; ++i) {
            set_phases(moved[i].from, moved[i].charge, from_), set_phases(moved[i].to, moved[i].charge, to_);
            if (!several_) each_change(weigh);
            else {
                double *sum = change_.data();
                each_change([&](const double *block, D(&by)[4]) {
                    for (std::size_t k = 0; k < 4; ++k, sum += lanes) simd::store(sum, by[k] += simd::load<D>(sum));
                    if (i + 1 == n) weigh(block, by);
                });
            }
        }
        return simd::sum(total[0] + total[1]);
    }

    // Makes the last difference real.
    void accept() {
        if (!several_) return settle();
        const double *sum = change_.data();
        for (double *block = numbers_.data(); block < numbers_.data() + numbers_.size(); block += parts * lanes)
            for (std::size_t k = 0; k < 4; ++k, sum += lanes) simd::store(block + (factor + k) * lanes, at(block, factor + k) + simd::load<D>(sum));
    }

private:
    struct Complex {
        double re, im;
        friend Complex operator*(Complex a, Complex b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
    };
    // All wave vectors of one h: indices ahead of those of the plane, what is left of h b1 in the plane, and how many vectors of g.
    struct Layer {
        int k, l;
        double rest_k, rest_l;
        std::size_t vectors;
    };
    struct Wave {
        int k, l;
        double length;
    };
    // Of one point: exp(2πi n f) along each axis, n = 0 in the middle; a phase times the charge for each layer, and one for each wave of the plane.
    struct Phases {
        std::array<std::vector<Complex>, 3> power;
        std::vector<Complex> layer;
        std::vector<double> re, im;
    };

    static D at(const double *block, std::size_t part) { return simd::load<D>(block + part * lanes); }

    template <class Length2> void find_plane(Length2 &&length2, double longest, int most_k, int most_l) {
        for (int k = 0; k <= most_k; ++k)
            for (int l = k == 0 ? 0 : -most_l; l <= most_l; ++l)
                if (const double length = std::sqrt(length2(k, l)); length <= longest) plane_.push_back({k, l, length});
        std::stable_sort(plane_.begin(), plane_.end(), [](const Wave &a, const Wave &b) { return a.length < b.length; });
        for (const Layer &layer : layers_) most_k = std::max(most_k, std::abs(layer.k)), most_l = std::max(most_l, std::abs(layer.l));
        reach_ = {layers_.size(), static_cast<std::size_t>(most_k), static_cast<std::size_t>(most_l)};
    }

    void set_phases(Point point, double charge, Phases &phases) const {
        const std::int32_t place[3] = {point.x, point.y, point.z};
        for (std::size_t a = 0; a < 3; ++a) {
            const double angle = place[a] * (2 * std::numbers::pi * 0x1p-32);
            const Complex one{std::cos(angle), std::sin(angle)};
            Complex *power = &phases.power[a][reach_[a]];
            power[0] = {1, 0};
            for (std::ptrdiff_t n = 1; n <= static_cast<std::ptrdiff_t>(reach_[a]); ++n) power[n] = power[n - 1] * one, power[-n] = {power[n].re, -power[n].im};
        }
        const Complex *const h_power = &phases.power[0][reach_[0]], *const k_power = &phases.power[1][reach_[1]], *const l_power = &phases.power[2][reach_[2]];
        for (std::size_t h = 0; h < layers_.size(); ++h) {
            const Complex phase = h_power[h] * k_power[layers_[h].k] * l_power[layers_[h].l];
            phases.layer[h] = {charge * phase.re, charge * phase.im};
        }
        for (std::size_t j = 0; j < plane_.size(); ++j) {
            const Complex phase = k_power[plane_[j].k] * l_power[plane_[j].l];
            phases.re[j] = phase.re, phases.im[j] = phase.im;
        }
    }

    // Calls use(block, by) with what one charge changes of every four S.
    template <class Use> void each_change(Use &&use) {
        double *block = numbers_.data();
        for (std::size_t h = 0; h < layers_.size(); ++h) {
            const Complex a = from_.layer[h], b = to_.layer[h];
            for (std::size_t v = 0; v < layers_[h].vectors * lanes; v += lanes, block += parts * lanes) {
                const D p = simd::load<D>(&from_.re[v]), q = simd::load<D>(&from_.im[v]), r = simd::load<D>(&to_.re[v]), s = simd::load<D>(&to_.im[v]);
                const D even_re = b.re * r - a.re * p, even_im = b.im * r - a.im * p, odd_re = b.im * s - a.im * q, odd_im = b.re * s - a.re * q;
                D by[4] = {even_re - odd_re, even_im + odd_im, even_re + odd_re, even_im - odd_im};
                use(block, by);
            }
        }
    }

    void settle() {
        each_change([](double *block, const D(&by)[4]) {
            for (std::size_t k = 0; k < 4; ++k) simd::store(block + (factor + k) * lanes, at(block, factor + k) + by[k]);
        });
    }

    std::array<std::size_t, 3> reach_{}; // largest index along each axis
    std::vector<Layer> layers_;
    std::vector<Wave> plane_; // one of g and -g each
    std::vector<double> numbers_, change_;
    bool several_ = false; // charges move in the last trial
    Phases from_, to_;
};

class ReciprocalEnergy final : public Cost {
public:
    // Charges of each type [e]; at_zero: the far part of e²/(4πε₀ r) at r = 0 [eV], half of which every unit charge feels of itself.
    ReciprocalEnergy(std::vector<double> charges, double largest_k, std::vector<double> psi, double at_zero)
        : charges_(std::move(charges)), largest_k_(largest_k), psi_(std::move(psi)), at_zero_(at_zero) {}

    Kind kind() const override { return Kind::energy; }
    bool comes_last() const override { return true; }
    // How many wave vectors a move visits, once there are atoms.
    std::size_t size() const { return factors_ ? factors_->size() : 0; }

    void check(const Configuration &atoms) const override {
        if (static_cast<std::size_t>(atoms.n_types()) != charges_.size()) throw std::invalid_argument("Charges must be given for the types of the atoms.");
        double sum = 0, largest = 0;
        for (std::size_t i = 0; i < atoms.size(); ++i) sum += charge(atoms.type(i)), largest += std::abs(charge(atoms.type(i)));
        if (std::abs(sum) > 1e-9 * largest) throw std::invalid_argument("The charges of all atoms must add up to zero: the Coulomb energy of a charged periodic cell is infinite.");
    }

    double total(const Configuration &atoms) override {
        factors_.emplace(atoms.cell(), largest_k_, psi_);
        double self = 0;
        for (std::size_t i = 0; i < atoms.size(); ++i) {
            const double q = charge(atoms.type(i));
            factors_->add(q, atoms.point(i));
            self += 0.5 * at_zero_ * q * q;
        }
        return factors_->energy() - self;
    }

    double difference(const Configuration &, Trial trial) override {
        moved_.clear();
        for (const Move &m : trial) moved_.push_back({charge(m.type), m.from, m.to});
        return factors_->difference(moved_.data(), moved_.size());
    }

    void accept(const Configuration &, Trial) override { factors_->accept(); }

private:
    double charge(std::int32_t type) const { return charges_[static_cast<std::size_t>(type)]; }

    std::vector<double> charges_;
    double largest_k_;
    std::vector<double> psi_;
    double at_zero_;
    std::optional<StructureFactors> factors_;
    std::vector<MovedCharge> moved_;
};

} // namespace glasswright
