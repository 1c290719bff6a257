// Shells of reciprocal-lattice vectors: which lie nearest to a wave number, and sums of products of amplitudes over them. Of k and -k
// only one is visited: h > 0, or h = 0 and k > 0, or h = k = 0 and l > 0.
#include "bindings.hpp"
#include "parallel.hpp"

#include <algorithm>
#include <complex>
#include <limits>

using glasswright::Team;
using glasswright::to_numpy;

namespace {

using Modes = nb::ndarray<const std::complex<double>, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

void check_increasing(const glasswright::Doubles &x) {
    if (x.shape(0) == 0) throw std::invalid_argument("there must be at least one wave number");
    for (std::size_t i = 0; i < x.shape(0); ++i)
        if (!std::isfinite(x.data()[i]) || (i > 0 && !(x.data()[i] > x.data()[i - 1]))) throw std::invalid_argument("the wave numbers must increase");
}

// Finds the place of a number among increasing ones: how many of them are not above it.
class Places {
public:
    Places(const double *x, std::size_t n) : x_(x), n_(n), first_(x[0]) {
        const std::size_t cells = 4 * n;
        per_cell_ = x[n - 1] > x[0] ? static_cast<double>(cells) / (x[n - 1] - x[0]) : 0;
        start_.resize(cells + 2);
        // One place early, so that the rounding of a cell's number cannot overshoot.
        for (std::size_t c = 0, i = 0; c < start_.size(); ++c) {
            while (i < n && per_cell_ > 0 && x[i] < first_ + (static_cast<double>(c) - 0.5) / per_cell_) ++i;
            start_[c] = i > 0 ? i - 1 : 0;
        }
    }
    std::size_t operator()(double value) const {
        if (value < first_) return 0;
        if (value >= x_[n_ - 1]) return n_;
        std::size_t i = start_[std::min(static_cast<std::size_t>((value - first_) * per_cell_), start_.size() - 1)];
        while (i < n_ && x_[i] <= value) ++i;
        return i;
    }

private:
    const double *x_;
    std::size_t n_;
    double first_, per_cell_;
    std::vector<std::size_t> start_;
};

// Calls visit(row, l + n_l, |k|) for the vectors with h = first ... first + n_h - 1, |k| <= n_k, |l| <= n_l of one half of space, shared
// over the rows (h, k) by a team.
template <class Visit>
void each_vector(const double *b, std::int64_t first, std::int64_t n_h, std::int64_t n_k, std::int64_t n_l, double longest, Team &team, Visit &&visit) {
    const std::int64_t rows = n_h * (2 * n_k + 1);
    team.run([&](int thread) {
        const auto [start, end] = team.share(static_cast<std::size_t>(rows), thread, 1);
        for (std::size_t row = start; row < end; ++row) {
            const std::int64_t h = first + static_cast<std::int64_t>(row) / (2 * n_k + 1), k = static_cast<std::int64_t>(row) % (2 * n_k + 1) - n_k;
            if (h < 0 || (h == 0 && k < 0)) continue;
            double base[3];
            for (int c = 0; c < 3; ++c) base[c] = static_cast<double>(h) * b[c] + static_cast<double>(k) * b[3 + c];
            for (std::int64_t l = h == 0 && k == 0 ? 1 : -n_l; l <= n_l; ++l) {
                double square = 0;
                for (int c = 0; c < 3; ++c) {
                    const double x = base[c] + static_cast<double>(l) * b[6 + c];
                    square += x * x;
                }
                if (square <= longest * longest) visit(thread, row, static_cast<std::size_t>(l + n_l), std::sqrt(square));
            }
        }
    });
}

void check_reciprocal(const glasswright::Matrix &reciprocal) {
    for (int i = 0; i < 9; ++i)
        if (!std::isfinite(reciprocal.data()[i])) throw std::invalid_argument("the reciprocal lattice must be finite");
}

// Distance from each wave number to the length of the nearest vector.
nb::object nearest_vectors(glasswright::Matrix reciprocal, std::int64_t n_h, std::int64_t n_k, std::int64_t n_l, glasswright::Doubles q, int threads) {
    check_reciprocal(reciprocal), check_increasing(q);
    if (std::min({n_h, n_k, n_l}) < 0 || std::max({n_h, n_k, n_l}) > 100'000) throw std::invalid_argument("the number of vectors is not possible");
    constexpr double none = std::numeric_limits<double>::infinity();
    const std::size_t n = q.shape(0);
    auto nearest = std::make_unique<std::vector<double>>(n, none);
    {
        nb::gil_scoped_release unlocked;
        Team team(threads);
        const Places place(q.data(), n);
        // Shortest and longest vector of every interval between wave numbers, per thread.
        const std::size_t stride = n + 1;
        std::vector<double> low(stride * static_cast<std::size_t>(team.size()), none), high(low.size(), -none);
        each_vector(reciprocal.data(), 0, n_h + 1, n_k, n_l, none, team, [&](int thread, std::size_t, std::size_t, double length) {
            const std::size_t at = static_cast<std::size_t>(thread) * stride + place(length);
            low[at] = std::min(low[at], length), high[at] = std::max(high[at], length);
        });
        for (std::size_t at = stride; at < low.size(); ++at) low[at % stride] = std::min(low[at % stride], low[at]), high[at % stride] = std::max(high[at % stride], high[at]);
        double below = -none, above = none;
        for (std::size_t i = 0; i < n; ++i) below = std::max(below, high[i]), (*nearest)[i] = q.data()[i] - below;
        for (std::size_t i = n; i-- > 0;) above = std::min(above, low[i + 1]), (*nearest)[i] = std::min((*nearest)[i], above - q.data()[i]);
    }
    return nb::cast(to_numpy(std::move(nearest), {n}));
}

// Number of vectors, and sums of Re(a b*) over them for every pair of types, in the intervals below, between and above the edges.
nb::tuple shell_sums(Modes modes, glasswright::Matrix reciprocal, std::int64_t first, glasswright::Doubles edges, int threads) {
    check_reciprocal(reciprocal), check_increasing(edges);
    const std::size_t n_types = modes.shape(0), n_l = modes.shape(3), plane = modes.shape(1) * modes.shape(2) * n_l;
    if (n_types == 0 || n_types > 1000 || modes.shape(2) % 2 == 0 || n_l % 2 == 0) throw std::invalid_argument("the array of amplitudes has a shape that is not possible");
    const std::size_t bins = edges.shape(0) + 1, n_pairs = n_types * (n_types + 1) / 2, stride = bins * (n_pairs + 1);
    auto sums = std::make_unique<std::vector<double>>(n_pairs * bins, 0.0);
    auto number = std::make_unique<std::vector<double>>(bins, 0.0);
    {
        nb::gil_scoped_release unlocked;
        Team team(threads);
        const Places place(edges.data(), edges.shape(0));
        const std::complex<double> *amplitude = modes.data();
        std::vector<double> own(stride * static_cast<std::size_t>(team.size()), 0.0);
        const double longest = edges.data()[edges.shape(0) - 1];
        each_vector(reciprocal.data(), first, static_cast<std::int64_t>(modes.shape(1)), static_cast<std::int64_t>(modes.shape(2) / 2),
                    static_cast<std::int64_t>(n_l / 2), longest, team, [&](int thread, std::size_t row, std::size_t column, double length) {
                        double *out = own.data() + static_cast<std::size_t>(thread) * stride + place(length) * (n_pairs + 1);
                        const std::complex<double> *a = amplitude + row * n_l + column;
                        *out++ += 1;
                        for (std::size_t i = 0; i < n_types; ++i)
                            for (std::size_t j = i; j < n_types; ++j)
                                *out++ += a[i * plane].real() * a[j * plane].real() + a[i * plane].imag() * a[j * plane].imag();
                    });
        for (std::size_t at = 0; at < own.size(); ++at) {
            const std::size_t bin = at % stride / (n_pairs + 1), column = at % stride % (n_pairs + 1);
            (column == 0 ? (*number)[bin] : (*sums)[(column - 1) * bins + bin]) += own[at];
        }
    }
    return nb::make_tuple(to_numpy(std::move(number), {bins}), to_numpy(std::move(sums), {n_pairs, bins}));
}

} // namespace

void bind_reciprocal(nb::module_ &m) {
    m.def("nearest_vectors", &nearest_vectors, nb::arg("reciprocal"), nb::arg("n_h"), nb::arg("n_k"), nb::arg("n_l"), nb::arg("q"), nb::arg("threads"));
    m.def("shell_sums", &shell_sums, nb::arg("modes"), nb::arg("reciprocal"), nb::arg("first"), nb::arg("edges"), nb::arg("threads"));
}
