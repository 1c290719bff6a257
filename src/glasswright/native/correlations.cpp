// Displacements of atoms between two frames, and the phases that a scattered wave has gained by them.
#include "bindings.hpp"
#include "simd.hpp"

#include <algorithm>
#include <array>

namespace {

using glasswright::Doubles;
using glasswright::Matrix;
using glasswright::to_numpy;
using glasswright::Vectors;
namespace simd = glasswright::simd;
using simd::Double;

constexpr std::size_t lanes = simd::double_lanes;
constexpr double pi = 3.14159265358979323846;

// sin f for |f| ≤ π/2: Taylor's series to f^19, whose next term is below 3e-16.
inline Double near_sine(Double f) {
    const Double s = f * f;
    Double p = simd::broadcast<Double>(-1.0 / 121645100408832000);
    for (const double term : {1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0})
        p = p * s + term;
    return p * f;
}

// x less the nearest multiple of π, and which one it is. π in two parts, so that no digit is lost below some 1e6.
struct Reduced {
    Double rest, times;
};
inline Reduced reduce(Double x) {
    const Double n = simd::rounded(x * (1 / pi));
    return {(x - n * 3.141592653589793116) - n * 1.2246467991473532e-16, n};
}

inline Double cosine(Double x) {
    const Double s = near_sine(reduce(x * 0.5).rest);  // cos x = 1 - 2 sin²(x/2), whatever the multiple
    return 1.0 - 2.0 * s * s;
}

// sin x / x for x ≥ 0; 1 at 0.
inline Double sine_over(Double x) {
    x = x + 1e-100; // without an effect on any other number, and what is none stays none
    const Reduced r = reduce(x);
    const Double odd = r.times - 2.0 * simd::rounded(r.times * 0.5);
    return near_sine(r.rest) * (1.0 - 2.0 * odd * odd) / x;
}

nb::object displacements(Vectors start, Vectors now, Matrix cell) {
    const std::size_t n = start.shape(0);
    if (now.shape(0) != n) throw std::invalid_argument("both frames must have the same number of atoms");
    auto found = std::make_unique<std::vector<double>>(4 * n);
    {
        nb::gil_scoped_release unlocked;
        std::array<double, 9> h;
        std::copy_n(cell.data(), 9, h.begin());
        const double *a = start.data(), *b = now.data();
        double *x = found->data(), *y = x + n, *z = y + n, *squared = z + n;
        for (std::size_t i = 0; i < n; ++i) {
            const double u = b[3 * i] - a[3 * i], v = b[3 * i + 1] - a[3 * i + 1], w = b[3 * i + 2] - a[3 * i + 2];
            x[i] = u * h[0] + v * h[3] + w * h[6], y[i] = u * h[1] + v * h[4] + w * h[7], z[i] = u * h[2] + v * h[5] + w * h[8];
            squared[i] = x[i] * x[i] + y[i] * y[i] + z[i] * z[i];
        }
    }
    return nb::cast(to_numpy(std::move(found), {4, n}));
}

nb::object mean_phases(Doubles squared, double q) {
    if (!(q > 0) || !std::isfinite(q)) throw std::invalid_argument("the wave number must be positive");
    const std::size_t n = squared.shape(0);
    auto found = std::make_unique<std::vector<double>>(n);
    {
        nb::gil_scoped_release unlocked;
        std::array<double, lanes> part{};
        for (std::size_t i = 0; i < n; i += lanes) {
            const std::size_t m = std::min(lanes, n - i);
            for (std::size_t k = 0; k < m; ++k) part[k] = q * std::sqrt(squared.data()[i + k]);
            const Double phase = sine_over(simd::load<Double>(part.data()));
            for (std::size_t k = 0; k < m; ++k) (*found)[i + k] = phase[k];
        }
    }
    return nb::cast(to_numpy(std::move(found), {n}));
}

nb::object mean_cosines(Doubles x, Doubles y, Doubles z, Vectors waves) {
    const std::size_t n = x.shape(0), n_waves = waves.shape(0);
    if (y.shape(0) != n || z.shape(0) != n || n_waves == 0) throw std::invalid_argument("there must be three components of each atom and a wave vector");
    auto found = std::make_unique<std::vector<double>>(n);
    {
        nb::gil_scoped_release unlocked;
        const double *k = waves.data();
        std::array<std::array<double, lanes>, 3> part{};
        for (std::size_t i = 0; i < n; i += lanes) {
            const std::size_t m = std::min(lanes, n - i);
            std::copy_n(x.data() + i, m, part[0].begin());
            std::copy_n(y.data() + i, m, part[1].begin());
            std::copy_n(z.data() + i, m, part[2].begin());
            const Double u = simd::load<Double>(part[0].data()), v = simd::load<Double>(part[1].data()), w = simd::load<Double>(part[2].data());
            Double total{};
            for (std::size_t j = 0; j < n_waves; ++j) total += cosine(u * k[3 * j] + v * k[3 * j + 1] + w * k[3 * j + 2]);
            for (std::size_t l = 0; l < m; ++l) (*found)[i + l] = total[l] / static_cast<double>(n_waves);
        }
    }
    return nb::cast(to_numpy(std::move(found), {n}));
}

} // namespace

void bind_correlations(nb::module_ &m) {
    m.def("displacements", &displacements, nb::arg("start"), nb::arg("now"), nb::arg("cell"));
    m.def("mean_phases", &mean_phases, nb::arg("squared"), nb::arg("q"));
    m.def("mean_cosines", &mean_cosines, nb::arg("x"), nb::arg("y"), nb::arg("z"), nb::arg("waves"));
}
