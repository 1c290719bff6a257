// Histograms of pair distances and neighbour lists. The interpreter lock is released while counting.
#include "bindings.hpp"
#include "pair_search.hpp"

using glasswright::PairSearch;
using glasswright::Shift;
using glasswright::Vector;

namespace {

using Positions = glasswright::Vectors;
using Cell = glasswright::Matrix;
using Types = glasswright::Integers;
using Cutoffs = glasswright::Table;
using glasswright::to_numpy;

void check_types(const Positions &positions, const Types &types, std::size_t n_types) {
    if (types.shape(0) != positions.shape(0)) throw std::invalid_argument("there must be one type per atom");
    for (std::size_t i = 0; i < types.shape(0); ++i)
        if (types.data()[i] < 0 || static_cast<std::size_t>(types.data()[i]) >= n_types) throw std::invalid_argument("a type is out of range");
}

nb::object pair_histogram(Positions positions, Cell cell, Types types, std::size_t n_types, double r_max, std::size_t n_bins) {
    if (n_types == 0 || n_bins == 0 || n_types > 1000 || n_bins > 100'000'000) throw std::invalid_argument("the number of types or bins is not possible");
    check_types(positions, types, n_types);
    auto counts = std::make_unique<std::vector<std::int64_t>>(n_types * n_types * n_bins, 0);
    {
        nb::gil_scoped_release unlocked;
        const PairSearch search(positions.data(), positions.shape(0), cell.data(), r_max);
        const double per_bin = static_cast<double>(n_bins) / r_max;
        const std::int64_t *type = types.data();
        std::int64_t *count = counts->data();
        search.each_pair([&](std::int64_t a, std::int64_t b, const Vector &, double r2, const Shift &) {
            const auto bin = static_cast<std::size_t>(std::sqrt(r2) * per_bin);
            if (bin < n_bins) ++count[(static_cast<std::size_t>(type[a]) * n_types + static_cast<std::size_t>(type[b])) * n_bins + bin];
        });
        // Ordered pairs: what was met as (a, b) counts for (b, a) too.
        for (std::size_t a = 0; a < n_types; ++a)
            for (std::size_t b = a; b < n_types; ++b)
                for (std::size_t k = 0; k < n_bins; ++k) {
                    std::int64_t &ab = count[(a * n_types + b) * n_bins + k], &ba = count[(b * n_types + a) * n_bins + k];
                    ab = ba = ab + ba;
                }
    }
    return nb::cast(to_numpy(std::move(counts), {n_types, n_types, n_bins}));
}

nb::tuple neighbour_pairs(Positions positions, Cell cell, Types types, Cutoffs cutoffs) {
    const std::size_t n = positions.shape(0), n_types = cutoffs.shape(0);
    if (cutoffs.shape(1) != n_types) throw std::invalid_argument("the table of cutoffs must be square");
    check_types(positions, types, n_types);
    struct Pair {
        std::int64_t a, b;
        Vector d;
        Shift shift;
    };
    auto first = std::make_unique<std::vector<std::int64_t>>(), second = std::make_unique<std::vector<std::int64_t>>();
    auto shifts = std::make_unique<std::vector<std::int64_t>>();
    auto vectors = std::make_unique<std::vector<double>>();
    std::size_t n_pairs = 0;
    {
        nb::gil_scoped_release unlocked;
        double reach = 0;
        for (std::size_t k = 0; k < n_types * n_types; ++k) reach = std::max(reach, cutoffs.data()[k]);
        std::vector<Pair> pairs;
        const PairSearch search(positions.data(), n, cell.data(), reach);
        search.each_pair([&](std::int64_t a, std::int64_t b, const Vector &d, double r2, const Shift &shift) {
            const double cutoff = cutoffs.data()[static_cast<std::size_t>(types.data()[a]) * n_types + static_cast<std::size_t>(types.data()[b])];
            if (cutoff > 0 && r2 < cutoff * cutoff) pairs.push_back({a, b, d, shift});
        });
        // Both directions of every pair, sorted by the first atom (counting sort).
        std::vector<std::size_t> next(n + 1, 0);
        for (const Pair &p : pairs) ++next[static_cast<std::size_t>(p.a) + 1], ++next[static_cast<std::size_t>(p.b) + 1];
        for (std::size_t i = 1; i <= n; ++i) next[i] += next[i - 1];
        n_pairs = 2 * pairs.size();
        first->resize(n_pairs), second->resize(n_pairs), shifts->resize(3 * n_pairs), vectors->resize(3 * n_pairs);
        const auto put = [&](std::int64_t i, std::int64_t j, const Vector &d, const Shift &shift, int sign) {
            const std::size_t k = next[static_cast<std::size_t>(i)]++;
            (*first)[k] = i, (*second)[k] = j;
            for (std::size_t c = 0; c < 3; ++c) (*vectors)[3 * k + c] = sign * d[c], (*shifts)[3 * k + c] = sign * shift[c];
        };
        for (const Pair &p : pairs) put(p.a, p.b, p.d, p.shift, 1), put(p.b, p.a, p.d, p.shift, -1);
    }
    return nb::make_tuple(to_numpy(std::move(first), {n_pairs}), to_numpy(std::move(second), {n_pairs}), to_numpy(std::move(shifts), {n_pairs, 3}),
                          to_numpy(std::move(vectors), {n_pairs, 3}));
}

} // namespace

void bind_histogram(nb::module_ &m) {
    m.def("pair_histogram", &pair_histogram, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("n_types"), nb::arg("r_max"),
          nb::arg("n_bins"));
    m.def("neighbour_pairs", &neighbour_pairs, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("cutoffs"));
}
