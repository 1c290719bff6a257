// From charges on a mesh to minus the gradient of their potential on it. The first axis is transformed on the way in and out, two rows
// at a time as real and imaginary part; all between happens plane by plane, in the cache.
#pragma once

#include "spectrum.hpp"

namespace glasswright {

template <class Real> class Convolution {
    using V = Eight<Real>;
    using D = Eight<double>;

public:
    // Of the charges: the energy [eV], and ½ Σ of the tensor's factor times |ρ|² m m over indices m (xx, yy, zz, yz, xz, xy).
    struct Sums {
        double energy = 0;
        Tensor index{};
    };

    explicit Convolution(const MeshShape &mesh)
        : mesh_(mesh), fourier_{Fourier<Real>(mesh.points(0)), Fourier<Real>(mesh.points(1)), Fourier<Real>(mesh.points(2))},
          width_(up8(mesh.points(2))), stride_(width_ % 128 ? width_ : width_ + 16), plane_(up8(mesh.points(1)) * stride_ + 16), sums_(static_cast<std::size_t>(mesh.points(0) / 2)) {
        for (Half &half : half_)
            for (Buffer<Real> *part : {&half.re, &half.im}) *part = Buffer<Real>(plane_ * static_cast<std::size_t>(mesh.points(0) / 2));
    }

    // `charge(x, y, z)` gives eight mesh points; the fields have the shape of the mesh, their pads filled. Fields per fraction of the
    // cell vectors, not per Å. Sums only where `need` asks for them.
    template <class Charge> Sums run(const Spectrum<Real> &spectrum, Need need, Team &team, const Charge &charge, Real *const (&field)[3]) {
        const std::size_t longest = up8(std::max(mesh_.points(0), std::max(mesh_.points(1), mesh_.points(2))));
        while (scratch_.size() < static_cast<std::size_t>(team.size())) scratch_.emplace_back(8 * longest * 8);
        const auto lines = [&](int thread, std::size_t k) {
            V *base = reinterpret_cast<V *>(scratch_[static_cast<std::size_t>(thread)].data()) + 2 * k * longest;
            return Lines<Real>{base, base + longest};
        };
        const int pairs = mesh_.points(1) / 2, planes = spectrum.planes();
        team.run([&](int thread) {
            for (int pair = thread; pair < pairs; pair += team.size()) enter(pair, planes, charge, lines(thread, 0), lines(thread, 1));
        });
        team.run([&](int thread) {
            for (int kx = thread; kx < planes; kx += team.size())
                convolve(kx, spectrum, need, lines(thread, 0), lines(thread, 1), lines(thread, 2), lines(thread, 3));
        });
        team.run([&](int thread) {
            for (int k = thread; k < 3 * pairs; k += team.size()) leave(k % pairs, planes, half_[k / pairs], field[k / pairs], lines(thread, 0), lines(thread, 1));
        });
        Sums total;
        if (need != Need::forces)
            for (int kx = 0; kx < planes; ++kx) {
                const Sums &s = sums_[static_cast<std::size_t>(kx)];
                total.energy += s.energy;
                for (std::size_t c = 0; c < 6; ++c) total.index[c] += s.index[c];
            }
        return total;
    }

private:
    // Half of the spectrum of a real field: kx = 0 ... n/2 - 1.
    struct Half {
        Buffer<Real> re, im;
    };

    static std::size_t up8(int n) { return (static_cast<std::size_t>(n) + 7) / 8 * 8; }

    static void read(const Lines<Real> &to, const Real *re, const Real *im, std::size_t stride, int n) {
        for (int k = 0; k < n; ++k, re += stride, im += stride) to.re[k] = simd::load<V>(re), to.im[k] = simd::load<V>(im);
    }
    static void write(const Lines<Real> &from, Real *re, Real *im, std::size_t stride, int n) {
        for (int k = 0; k < n; ++k, re += stride, im += stride) simd::store(re, from.re[k]), simd::store(im, from.im[k]);
    }
    // -i m times a line; the index n/2 has no sign and no share.
    static void differentiate(const Lines<Real> &from, const Lines<Real> &to, int n) {
        for (int k = 0; k < n; ++k) {
            const Real m = 2 * k == n ? Real(0) : static_cast<Real>(signed_index(k, n));
            to.re[k] = m * from.im[k], to.im[k] = -m * from.re[k];
        }
    }

    // Rows 2 pair and 2 pair + 1 along x.
    template <class Charge> void enter(int pair, int planes, const Charge &charge, Lines<Real> x, Lines<Real> spare) {
        const int n = mesh_.points(0);
        for (std::size_t z = 0; z < width_; z += 8) {
            for (int k = 0; k < n; ++k) x.re[k] = charge(k, 2 * pair, z), x.im[k] = charge(k, 2 * pair + 1, z);
            const Lines<Real> k_x = fourier_[0].forward(x, spare);
            Real *re = half_[0].re.data() + 2 * static_cast<std::size_t>(pair) * stride_ + z, *im = half_[0].im.data() + (re - half_[0].re.data());
            for (int k = 0; k < planes; ++k, re += plane_, im += plane_) {
                const int m = k ? n - k : 0;
                const V a = k_x.re[k], b = k_x.im[k], c = k_x.re[m], d = k_x.im[m];
                simd::store(re, Real(0.5) * (a + c)), simd::store(im, Real(0.5) * (b - d));
                simd::store(re + stride_, Real(0.5) * (b + d)), simd::store(im + stride_, Real(0.5) * (c - a));
            }
        }
    }

    void leave(int pair, int planes, const Half &half, Real *field, Lines<Real> x, Lines<Real> spare) const {
        const int n = mesh_.points(0);
        const std::size_t row = mesh_.row_of()[2 * pair];
        for (std::size_t z = 0; z < width_; z += 8) {
            const Real *re = half.re.data() + 2 * static_cast<std::size_t>(pair) * stride_ + z, *im = half.im.data() + (re - half.re.data());
            for (int k = 0; k < planes; ++k, re += plane_, im += plane_) {
                const V a = simd::load<V>(re), b = simd::load<V>(im), c = simd::load<V>(re + stride_), d = simd::load<V>(im + stride_);
                for (const Real *next : {re, im, re + stride_, im + stride_}) __builtin_prefetch(next + 16);
                x.re[k] = a - d, x.im[k] = b + c;
                if (k) x.re[n - k] = a + d, x.im[n - k] = c - b;
            }
            for (int k = planes; k <= n - planes; ++k) x.re[k] = x.im[k] = V{};
            const Lines<Real> rows = fourier_[0].inverse(x, spare);
            for (int k = 0; k < n; ++k) {
                Real *to = field + mesh_.plane_of()[k] + row + z;
                simd::store(to, rows.re[k]), simd::store(to + mesh_.row(), rows.im[k]);
            }
        }
        for (int k = 0; k < n; ++k)
            for (int y = 0; y < 2; ++y) {
                Real *begin = field + mesh_.plane_of()[k] + row + static_cast<std::size_t>(y) * mesh_.row();
                simd::store(begin + mesh_.points(2), simd::load<V>(begin));
            }
    }

    void convolve(int kx, const Spectrum<Real> &spectrum, Need need, Lines<Real> a, Lines<Real> b, Lines<Real> c, Lines<Real> d) {
        const int ny = mesh_.points(1), nz = mesh_.points(2);
        const std::size_t here = static_cast<std::size_t>(kx) * plane_;
        Real *re[3], *im[3];
        for (std::size_t f = 0; f < 3; ++f) re[f] = half_[f].re.data() + here, im[f] = half_[f].im.data() + here;
        for (std::size_t z = 0; z < width_; z += 8) {
            read(a, re[0] + z, im[0] + z, stride_, ny);
            write(fourier_[1].forward(a, b), re[0] + z, im[0] + z, stride_, ny);
        }
        Sums &sums = sums_[static_cast<std::size_t>(kx)];
        sums = {};
        for (int block = 0; block < spectrum.blocks(); ++block) {
            const std::size_t rows = 8 * static_cast<std::size_t>(block) * stride_;
            if (!spectrum.filled(kx, block)) {
                for (std::size_t f : {0u, 2u})
                    for (Real *part : {re[f], im[f]}) std::memset(static_cast<void *>(part + rows), 0, 8 * stride_ * sizeof(Real));
                continue;
            }
            turn_in(re[0] + rows, a.re), turn_in(im[0] + rows, a.im);
            const Lines<Real> rho = fourier_[2].forward(a, b);
            const Lines<Real> other = rho.re == a.re ? b : a;
            if (need != Need::forces) add_sums(kx, block, rho, spectrum, need, sums);
            const Real *factor = spectrum.energy(kx, block);
            for (int k = 0; k < nz; ++k, factor += 8) {
                const V g = simd::load<V>(factor);
                rho.re[k] *= g, rho.im[k] *= g;
            }
            differentiate(rho, c, nz);
            turn_out(fourier_[2].inverse(rho, other), re[0] + rows, im[0] + rows);
            turn_out(fourier_[2].inverse(c, d), re[2] + rows, im[2] + rows);
        }
        for (std::size_t z = 0; z < width_; z += 8) {
            read(a, re[0] + z, im[0] + z, stride_, ny);
            differentiate(a, c, ny);
            write(fourier_[1].inverse(c, d), re[1] + z, im[1] + z, stride_, ny);
            const Lines<Real> potential = fourier_[1].inverse(a, b);
            for (int k = 0; k < ny; ++k) {
                const V p = potential.re[k];
                potential.re[k] = static_cast<Real>(kx) * potential.im[k], potential.im[k] = -static_cast<Real>(kx) * p;
            }
            write(potential, re[0] + z, im[0] + z, stride_, ny);
            read(a, re[2] + z, im[2] + z, stride_, ny);
            write(fourier_[1].inverse(a, b), re[2] + z, im[2] + z, stride_, ny);
        }
    }

    // Eight rows along z become eight lines.
    void turn_in(const Real *rows, V *line) const {
        for (std::size_t z = 0; z < width_; z += 8) {
            V v[8];
            for (std::size_t r = 0; r < 8; ++r) v[r] = simd::load<V>(rows + r * stride_ + z);
            transpose(v);
            for (std::size_t r = 0; r < 8; ++r) line[z + r] = v[r];
        }
    }
    void turn_out(const Lines<Real> &lines, Real *re, Real *im) const {
        for (auto [line, rows] : {std::pair{lines.re, re}, std::pair{lines.im, im}}) {
            for (std::size_t k = static_cast<std::size_t>(mesh_.points(2)); k < width_; ++k) line[k] = V{};
            for (std::size_t z = 0; z < width_; z += 8) {
                V v[8];
                for (std::size_t r = 0; r < 8; ++r) v[r] = line[z + r];
                transpose(v);
                for (std::size_t r = 0; r < 8; ++r) simd::store(rows + r * stride_ + z, v[r]);
            }
        }
    }

    void add_sums(int kx, int block, const Lines<Real> &rho, const Spectrum<Real> &spectrum, Need need, Sums &sums) const {
        const int ny = mesh_.points(1), nz = mesh_.points(2);
        // ½ Σ over all wave vectors; those with kx > 0 stand for -k too.
        const double weight = kx ? 1.0 : 0.5;
        const Real *factor = spectrum.energy(kx, block), *tensor = need == Need::everything ? spectrum.tensor(kx, block) : nullptr;
        D energy{}, one{}, z1{}, z2{};
        for (int k = 0; k < nz; ++k) {
            const D re = __builtin_convertvector(rho.re[k], D), im = __builtin_convertvector(rho.im[k], D), power = re * re + im * im;
            energy += power * __builtin_convertvector(simd::load<V>(factor + 8 * k), D);
            if (!tensor) continue;
            const D t = power * __builtin_convertvector(simd::load<V>(tensor + 8 * k), D);
            const double m = signed_index(k, nz);
            one += t, z1 += m * t, z2 += m * m * t;
        }
        for (int b = 0; b < 8; ++b) {
            const double x = kx, y = signed_index(8 * block + b, ny);
            sums.energy += weight * energy[b];
            const double add[6] = {x * x * one[b], y * y * one[b], z2[b], y * z1[b], x * z1[b], x * y * one[b]};
            for (std::size_t c = 0; c < 6; ++c) sums.index[c] += weight * add[c];
        }
    }

    MeshShape mesh_;
    Fourier<Real> fourier_[3];
    // Numbers in a row, from row to row and from plane to plane of a half spectrum: lines across must not fall onto each other in the cache.
    std::size_t width_, stride_, plane_;
    Half half_[3];
    std::vector<Buffer<Real>> scratch_;
    std::vector<Sums> sums_;
};

} // namespace glasswright
