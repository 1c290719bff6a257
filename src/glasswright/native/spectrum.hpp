// What every wave vector of the mesh contributes: the spectrum of the far part of 1/r, divided by what the window does to it. Depends
// on the cell, and is computed anew when that changes; mesh, window and split do not.
#pragma once

#include "mesh.hpp"
#include "system.hpp"
#include "transform.hpp"

namespace glasswright {

// Index of a wave vector along an axis: 0, 1, ..., n/2, ..., -1.
inline int signed_index(int k, int n) { return k < n / 2 ? k : k - n; }

// The part of the far field that no cell changes.
struct FarShape {
    double largest_k = 0;                              // where the spectrum ends [1/Å]
    std::vector<double> psi;                           // 4π e²/(4πε₀) ψ as a polynomial in 2 (k/largest_k)² - 1, highest power first
    std::array<std::vector<double>, 3> deconvolution;  // 1/U² per index and axis, U the Fourier transform of the window
    std::array<std::vector<double>, 3> aliases;        // Σ U² over all that the mesh cannot tell apart, over U²
};

// Wave vectors are grouped as the transforms meet them: planes of kx, in each blocks of eight ky, in each kz, in each eight numbers.
template <class Real> class Spectrum {
    using D = Eight<double>;

public:
    Spectrum(const MeshShape &mesh, FarShape shape)
        : n_{mesh.points(0), mesh.points(1), mesh.points(2)}, blocks_((n_[1] + 7) / 8), shape_(std::move(shape)),
          energy_(static_cast<std::size_t>(n_[0] / 2) * plane_size()), filled_(static_cast<std::size_t>(n_[0] / 2 * blocks_)),
          correction_(static_cast<std::size_t>(n_[0] / 2)) {}

    // Brings all up to date with the cell; the tensor only where asked for, as few steps of a run need it.
    void update(const Cell &cell, bool tensor, Team &team) {
        if (known_ && (has_tensor_ || !tensor) && same(cell)) return;
        cell_ = cell;
        has_tensor_ = tensor;
        if (tensor && !tensor_.size()) tensor_ = Buffer<Real>(energy_.size());
        planes_ = static_cast<int>(std::min(n_[0] / 2 - 1.0, shape_.largest_k * cell.xx / (2 * std::numbers::pi))) + 1;
        for (int a = 0; a < 3; ++a) {
            const auto row = cell.fractional(a == 0, a == 1, a == 2);
            for (int d = 0; d < 3; ++d) reciprocal_[a][d] = 2 * std::numbers::pi * row[static_cast<std::size_t>(d)];
        }
        team.run([&](int thread) {
            for (int kx = thread; kx < planes_; kx += team.size()) fill(kx);
        });
        known_ = true;
    }

    int planes() const { return planes_; }
    int blocks() const { return blocks_; }
    bool filled(int kx, int block) const { return filled_[static_cast<std::size_t>(kx * blocks_ + block)]; }
    const Real *energy(int kx, int block) const { return energy_.data() + line(kx, block); }
    const Real *tensor(int kx, int block) const { return tensor_.data() + line(kx, block); }
    // k = reciprocal · m for indices m [1/Å].
    const double (&reciprocal() const)[3][3] { return reciprocal_; }
    // How much more of its own field a unit charge feels on the mesh than it should, on average [eV].
    double self_excess() const {
        double total = 0;
        for (int kx = 0; kx < planes_; ++kx) total += correction_[static_cast<std::size_t>(kx)];
        return total;
    }

private:
    std::size_t plane_size() const { return static_cast<std::size_t>(blocks_) * static_cast<std::size_t>(n_[2]) * 8; }
    std::size_t line(int kx, int block) const { return static_cast<std::size_t>(kx * blocks_ + block) * static_cast<std::size_t>(n_[2]) * 8; }
    bool same(const Cell &c) const {
        return c.xx == cell_.xx && c.yy == cell_.yy && c.zz == cell_.zz && c.yz == cell_.yz && c.xz == cell_.xz && c.xy == cell_.xy;
    }

    void fill(int kx) {
        // k² as a quadratic form of the indices.
        double q[3][3] = {};
        for (int d = 0; d < 3; ++d)
            for (int e = 0; e < 3; ++e)
                for (int a = 0; a < 3; ++a) q[d][e] += reciprocal_[a][d] * reciprocal_[a][e];
        const double volume = cell_.volume(), longest2 = shape_.largest_k * shape_.largest_k;
        const auto at = [](const std::vector<double> &v, int k) { return v[static_cast<std::size_t>(k)]; };
        double excess = 0;
        for (int block = 0; block < blocks_; ++block) {
            D my{}, factor{}, aliases{};
            for (int b = 0; b < 8; ++b)
                if (const int ky = 8 * block + b; ky < n_[1] && 2 * ky != n_[1]) {
                    my[b] = signed_index(ky, n_[1]);
                    factor[b] = at(shape_.deconvolution[0], kx) * at(shape_.deconvolution[1], ky) / volume;
                    aliases[b] = at(shape_.aliases[0], kx) * at(shape_.aliases[1], ky);
                }
            const D here = q[0][0] * kx * kx + 2 * q[0][1] * kx * my + q[1][1] * my * my, slope = 2 * (q[0][2] * kx + q[1][2] * my);
            Real *energy = energy_.data() + line(kx, block), *tensor = has_tensor_ ? tensor_.data() + line(kx, block) : nullptr;
            bool any = false;
            for (int kz = 0; kz < n_[2]; ++kz, energy += 8, tensor += has_tensor_ ? 8 : 0) {
                const double mz = signed_index(kz, n_[2]);
                const D k2 = here + mz * (slope + q[2][2] * mz);
                const auto inside = (k2 < longest2) & (k2 > 0) & (factor != 0);
                bool none = 2 * kz == n_[2];
                if (!none) {
                    long long some = 0;
                    for (int b = 0; b < 8; ++b) some |= inside[b];
                    none = !some;
                }
                D g{}, t{};
                if (!none) {
                    any = true;
                    const D safe = inside ? k2 : longest2 - D{};
                    const D t2 = safe / longest2, z = 2 * t2 - 1;
                    D psi = shape_.psi[0] - D{}, slope_psi{};
                    for (std::size_t d = 1; d < shape_.psi.size(); ++d) slope_psi = slope_psi * z + psi, psi = psi * z + shape_.psi[d];
                    g = inside ? psi / safe * factor * at(shape_.deconvolution[2], kz) : D{};
                    // d ln/d ln k of the spectrum, over k²
                    t = g / safe * (4 * t2 * slope_psi / psi - 2);
                    const D more = inside ? psi / safe / volume * (aliases * at(shape_.aliases[2], kz) - 1) : D{};
                    for (int b = 0; b < 8; ++b) excess += more[b];
                }
                simd::store(energy, __builtin_convertvector(g, Eight<Real>));
                if (has_tensor_) simd::store(tensor, __builtin_convertvector(t, Eight<Real>));
            }
            filled_[static_cast<std::size_t>(kx * blocks_ + block)] = any;
        }
        correction_[static_cast<std::size_t>(kx)] = kx ? 2 * excess : excess;
    }

    int n_[3], blocks_, planes_ = 0;
    FarShape shape_;
    Cell cell_;
    bool known_ = false, has_tensor_ = false;
    double reciprocal_[3][3] = {};
    Buffer<Real> energy_, tensor_;
    std::vector<std::uint8_t> filled_;
    std::vector<double> correction_;
};

} // namespace glasswright
