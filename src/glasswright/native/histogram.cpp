// Histograms of pair distances and neighbour lists. The interpreter lock is released while counting.
#include "bindings.hpp"
#include "elementary.hpp"
#include "pair_search.hpp"
#include "parallel.hpp"

#include <atomic>
#include <bit>

using glasswright::Candidates;
using glasswright::PairSearch;
using glasswright::Team;
using glasswright::Vector;
namespace simd = glasswright::simd;

namespace {

using Positions = glasswright::Vectors;
using CellMatrix = glasswright::Matrix;
using Types = glasswright::Integers;
using Cutoffs = glasswright::Table;

// One number per atom from its type.
std::vector<std::int32_t> labels(const Positions &positions, const Types &types, std::size_t n_types, std::size_t factor) {
    if (types.shape(0) != positions.shape(0)) throw std::invalid_argument("there must be one type per atom");
    std::vector<std::int32_t> found(types.shape(0));
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::int64_t type = types.data()[i];
        if (type < 0 || static_cast<std::size_t>(type) >= n_types) throw std::invalid_argument("a type is out of range");
        found[i] = static_cast<std::int32_t>(static_cast<std::size_t>(type) * factor);
    }
    return found;
}

// Calls task(cell, candidates, thread) for every list cell that holds atoms, from all threads. Ctrl-C ends it.
template <class Task> void each_cell(const PairSearch &search, bool half, Team &team, Task &&task) {
    std::atomic<bool> stopped{false};
    team.run([&](int thread) {
        Candidates near;
        const auto [first, last] = team.share(search.n_cells(), thread, 1);
        for (std::size_t cell = first; cell < last && !stopped; ++cell) {
            if (thread == 0 && (cell - first) % 4096 == 4095) {
                nb::gil_scoped_acquire gil;
                if (PyErr_CheckSignals() != 0) {
                    stopped = true;
                    throw nb::python_error();
                }
            }
            const auto [begin, end] = search.places(cell);
            if (begin == end) continue;
            search.collect(cell, half, near);
            task(cell, near, thread);
        }
    });
}

simd::Float distance2(const Candidates &near, std::size_t own, std::size_t c) {
    using namespace simd;
    const Float x = load<Float>(&near.x[c]) - near.x[own], y = load<Float>(&near.y[c]) - near.y[own], z = load<Float>(&near.z[c]) - near.z[own];
    return x * x + y * y + z * z;
}

// Counts distances in bins. Single precision tells the bin but for distances close to an edge.
class Histogram {
public:
    Histogram(const PairSearch &search, std::size_t n_types, std::size_t n_bins, double r_max)
        : counts(n_types * n_types * n_bins), search_(search), n_types_(n_types), n_bins_(n_bins), per_bin_(static_cast<double>(n_bins) / r_max),
          margin_(std::min(1.0, search.error() * per_bin_)) {}

    std::vector<std::int64_t> counts; // [type of the first, type of the second, bin]

    void add(std::size_t cell, const Candidates &near) {
        using namespace simd;
        hits_.resize(near.size + 2 * lanes);
        const auto per_bin = static_cast<float>(per_bin_), half = static_cast<float>(0.5 - margin_);
        const Float end = broadcast<Float>(static_cast<float>(n_bins_)), beyond = broadcast<Float>(static_cast<float>(static_cast<double>(n_bins_) + margin_) * 1.000001f);
        const Float inside = broadcast<Float>(half);
        const auto [begin, behind] = search_.places(cell);
        for (std::size_t place = begin; place < behind; ++place) {
            const std::size_t own = place - begin;
            std::int64_t *const row = &counts[static_cast<std::size_t>(search_.label(place)) * n_types_];
            std::size_t n = 0;
            for (std::size_t c = own + 1; c < near.size; c += lanes) {
                const Float t = root(distance2(near, own, c)) * per_bin;
                const Int bin = to_int(t);
                const Float off = t - to_float(bin) - 0.5f;
                const Mask sure = both(less(greatest(off, -off), inside), less(t, end));
                n += static_cast<std::size_t>(compress(&hits_[n], load<Int>(&near.label[c]) + bin, sure));
                for (unsigned left = bits(less(t, beyond)) & ~bits(sure); left; left &= left - 1) {
                    const std::size_t other = c + static_cast<std::size_t>(std::countr_zero(left));
                    const auto exact = static_cast<std::size_t>(std::sqrt(search_.distance2(place, near, other)) * per_bin_);
                    if (exact < n_bins_) ++row[static_cast<std::size_t>(near.label[other]) + exact];
                }
            }
            for (std::size_t k = 0; k < n; ++k) ++row[hits_[k]];
        }
    }

private:
    const PairSearch &search_;
    std::size_t n_types_, n_bins_;
    double per_bin_, margin_;
    std::vector<std::int32_t> hits_;
};

nb::object pair_histogram(Positions positions, CellMatrix cell, Types types, std::size_t n_types, double r_max, std::size_t n_bins, int threads) {
    if (n_types == 0 || n_bins == 0 || n_types > 1000 || n_bins > 100'000'000 || n_types * n_bins > 1'000'000'000)
        throw std::invalid_argument("the number of types or bins is not possible");
    if (threads < 1 || threads > 1024) throw std::invalid_argument("the number of threads is not possible");
    auto counts = std::make_unique<std::vector<std::int64_t>>(n_types * n_types * n_bins, 0);
    {
        nb::gil_scoped_release unlocked;
        const auto label = labels(positions, types, n_types, n_bins);
        const PairSearch search(positions.data(), label.data(), label.size(), cell.data(), r_max);
        Team team(threads);
        std::vector<Histogram> parts(static_cast<std::size_t>(threads), Histogram(search, n_types, n_bins, r_max));
        each_cell(search, true, team, [&](std::size_t c, const Candidates &near, int thread) { parts[static_cast<std::size_t>(thread)].add(c, near); });
        // Ordered pairs: what was met as (a, b) counts for (b, a) too.
        std::int64_t *count = counts->data();
        for (std::size_t a = 0; a < n_types; ++a)
            for (std::size_t b = 0; b < n_types; ++b)
                for (std::size_t k = 0; k < n_bins; ++k)
                    for (const Histogram &part : parts) count[(a * n_types + b) * n_bins + k] += part.counts[(a * n_types + b) * n_bins + k] + part.counts[(b * n_types + a) * n_bins + k];
    }
    return nb::cast(glasswright::to_numpy(std::move(counts), {n_types, n_types, n_bins}));
}

// The pairs closer than the cutoff of their types. Single precision decides but for distances close to a cutoff.
class Neighbours {
public:
    Neighbours(const PairSearch &search, const double *cutoffs, std::size_t n_types) : search_(search), cutoffs_(cutoffs), n_types_(n_types) {
        for (std::size_t k = 0; k < n_types * n_types; ++k) {
            const double low = std::max(0.0, cutoffs[k] - search.error()), high = cutoffs[k] > 0 ? cutoffs[k] + search.error() : 0;
            limits_.push_back({static_cast<float>(low * low), static_cast<float>(high * high)});
        }
    }

    // Calls found(place, candidates, hits, number of hits) for every atom of a list cell.
    template <class Found> void find(std::size_t cell, const Candidates &near, Found &&found) {
        using namespace simd;
        for (auto *v : {&sure_, &maybe_}) v->resize(near.size + lanes);
        hits_.resize(near.size + 2 * lanes);
        const auto [begin, behind] = search_.places(cell);
        for (std::size_t place = begin; place < behind; ++place) {
            const std::size_t own = place - begin;
            const std::size_t row = static_cast<std::size_t>(search_.label(place)) * n_types_;
            if (place == begin || search_.label(place) != search_.label(place - 1))
                for (std::size_t c = 0; c < near.size; ++c) {
                    const Limits &limits = limits_[row + static_cast<std::size_t>(near.label[c])];
                    sure_[c] = limits.sure, maybe_[c] = limits.maybe;
                }
            const Int self = broadcast<Int>(static_cast<std::int32_t>(own));
            std::size_t n = 0;
            for (std::size_t c = 0; c < near.size; c += lanes) {
                const Float r2 = distance2(near, own, c);
                const Int index = iota() + static_cast<std::int32_t>(c);
                const Mask other = differ(index, self), sure = both(less(r2, load<Float>(&sure_[c])), other);
                n += static_cast<std::size_t>(compress(&hits_[n], index, sure));
                for (unsigned left = bits(both(less(r2, load<Float>(&maybe_[c])), other)) & ~bits(sure); left; left &= left - 1) {
                    const std::size_t k = c + static_cast<std::size_t>(std::countr_zero(left));
                    const double limit = cutoffs_[row + static_cast<std::size_t>(near.label[k])];
                    if (search_.distance2(place, near, k) < limit * limit) hits_[n++] = static_cast<std::int32_t>(k);
                }
            }
            found(place, hits_.data(), n);
        }
    }

private:
    const PairSearch &search_;
    const double *cutoffs_;
    std::size_t n_types_;

    struct Limits {
        float sure, maybe; // squares of distances below which a pair is in, and may be in
    };
    std::vector<Limits> limits_;      // of all pairs of types
    std::vector<float> sure_, maybe_; // of the candidates, for one type of the first
    std::vector<std::int32_t> hits_;
};

template <class T> T *data_of(const nb::object &array) { return nb::cast<nb::ndarray<T, nb::c_contig, nb::device::cpu>>(array).data(); }

nb::tuple neighbour_pairs(Positions positions, CellMatrix cell, Types types, Cutoffs cutoffs, int threads, bool inside) {
    const std::size_t n = positions.shape(0), n_types = cutoffs.shape(0);
    if (cutoffs.shape(1) != n_types) throw std::invalid_argument("the table of cutoffs must be square");
    if (threads < 1 || threads > 1024) throw std::invalid_argument("the number of threads is not possible");
    double reach = 0;
    for (std::size_t k = 0; k < n_types * n_types; ++k) reach = std::max(reach, cutoffs.data()[k]);
    const auto label = labels(positions, types, n_types, 1);
    const PairSearch search(positions.data(), label.data(), n, cell.data(), reach);
    Team team(threads);
    std::vector<Neighbours> finders(static_cast<std::size_t>(threads), Neighbours(search, cutoffs.data(), n_types));
    const auto each_atom = [&](auto &&found) {
        nb::gil_scoped_release unlocked;
        each_cell(search, false, team, [&](std::size_t c, const Candidates &near, int thread) {
            finders[static_cast<std::size_t>(thread)].find(c, near, [&](std::size_t place, const std::int32_t *hits, std::size_t m) { found(place, near, hits, m); });
        });
    };
    // Twice: to find how many each atom has costs far less than to keep which.
    std::vector<std::size_t> start(n + 1, 0);
    each_atom([&](std::size_t place, const Candidates &, const std::int32_t *, std::size_t m) { start[static_cast<std::size_t>(search.atom(place)) + 1] = m; });
    std::partial_sum(start.begin(), start.end(), start.begin());
    const auto empty = nb::module_::import_("numpy").attr("empty"); // which asks for large pages
    const nb::object first = empty(start[n], "int64"), second = empty(start[n], "int64"), shifts = empty(nb::make_tuple(start[n], 3), "int64");
    const nb::object vectors = empty(nb::make_tuple(start[n], 3), "float64");
    auto *const to_first = data_of<std::int64_t>(first), *const to_second = data_of<std::int64_t>(second);
    auto *const to_shifts = data_of<std::int64_t>(shifts);
    auto *const to_vectors = data_of<double>(vectors);
    each_atom([&](std::size_t place, const Candidates &near, const std::int32_t *hits, std::size_t m) {
        const std::int64_t i = search.atom(place);
        const std::size_t k = start[static_cast<std::size_t>(i)];
        std::fill_n(to_first + k, m, i);
        for (std::size_t h = 0; h < m; ++h) {
            const auto c = static_cast<std::size_t>(hits[h]);
            const Vector d = search.separation(place, near, c);
            const auto shift = search.shift(place, near, c, inside);
            to_second[k + h] = search.atom(static_cast<std::size_t>(near.place[c]));
            for (std::size_t x = 0; x < 3; ++x) to_vectors[3 * (k + h) + x] = d[x], to_shifts[3 * (k + h) + x] = shift[x];
        }
    });
    return nb::make_tuple(first, second, shifts, vectors);
}

} // namespace

void bind_histogram(nb::module_ &m) {
    m.def("pair_histogram", &pair_histogram, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("n_types"), nb::arg("r_max"),
          nb::arg("n_bins"), nb::arg("threads"));
    m.def("neighbour_pairs", &neighbour_pairs, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("cutoffs"), nb::arg("threads"), nb::arg("inside"));
}
