// Histograms of pair distances. The interpreter lock is released while counting.
#include "pair_finder.hpp"

using glasswright::Candidates;
using glasswright::PairSearch;
using glasswright::Team;
namespace simd = glasswright::simd;

namespace {

using Positions = glasswright::Vectors;
using CellMatrix = glasswright::Matrix;
using Types = glasswright::Integers;

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
        const auto label = glasswright::labels(positions, types, n_types, n_bins);
        const PairSearch search(positions.data(), label.data(), label.size(), cell.data(), r_max);
        Team team(threads);
        std::vector<Histogram> parts(static_cast<std::size_t>(threads), Histogram(search, n_types, n_bins, r_max));
        glasswright::each_cell(search, true, team, [&](std::size_t c, const Candidates &near, int thread) { parts[static_cast<std::size_t>(thread)].add(c, near); });
        // Ordered pairs: what was met as (a, b) counts for (b, a) too.
        std::int64_t *count = counts->data();
        for (std::size_t a = 0; a < n_types; ++a)
            for (std::size_t b = 0; b < n_types; ++b)
                for (std::size_t k = 0; k < n_bins; ++k)
                    for (const Histogram &part : parts) count[(a * n_types + b) * n_bins + k] += part.counts[(a * n_types + b) * n_bins + k] + part.counts[(b * n_types + a) * n_bins + k];
    }
    return nb::cast(glasswright::to_numpy(std::move(counts), {n_types, n_types, n_bins}));
}

} // namespace

void bind_histogram(nb::module_ &m) {
    m.def("pair_histogram", &pair_histogram, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("n_types"), nb::arg("r_max"),
          nb::arg("n_bins"), nb::arg("threads"));
}
