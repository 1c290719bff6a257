// Histograms of pair distances, and what one trial adds to them.
#pragma once

#include "elementary.hpp"
#include "near_atoms.hpp"

#include <cstring>

namespace glasswright {

struct Bins {
    int n_types = 1, n_bins = 1;
    double r_max = 1; // [Å]

    // Numbers in the row of two types: whole vectors, with at least one place behind the last bin for what lies beyond.
    int row() const { return (n_bins / simd::lanes + 1) * simd::lanes; }
};

// What a trial adds, as seen from the types of the atoms that move: the entry (a, b) holds pairs of a moving atom of type a.
class Increments {
public:
    explicit Increments(const Bins &bins) : bins_(bins), row_(bins.row()), counts_(static_cast<std::size_t>(bins.n_types) * bins.n_types * row_, 0) {}

    const Bins &bins() const { return bins_; }
    // Types of the atoms that move, each once.
    const std::vector<int> &types() const { return types_; }
    const std::int32_t *row(int a, int b) const { return &counts_[(static_cast<std::size_t>(a) * bins_.n_types + b) * row_]; }

    void clear() {
        for (const int a : types_) std::memset(&counts_[static_cast<std::size_t>(a) * bins_.n_types * row_], 0, sizeof(std::int32_t) * bins_.n_types * row_);
        types_.clear();
    }
    // The neighbours of a moving atom of type a.
    template <int sign> void count(int a, const NearAtoms &near) {
        using namespace simd;
        if (std::find(types_.begin(), types_.end(), a) == types_.end()) types_.push_back(a);
        std::int32_t *const block = &counts_[static_cast<std::size_t>(a) * bins_.n_types * row_];
        const auto per_bin = static_cast<float>(bins_.n_bins / bins_.r_max);
        const Int beyond = broadcast<Int>(bins_.n_bins);
        const int row = row_;
        if (places_.size() < near.size + lanes) places_.resize(2 * near.size + lanes);
        std::int32_t *const places = places_.data();
        for (std::size_t k = 0; k < near.size; k += lanes) {
            const Int bin = to_int(root(load<Float>(&near.r2[k])) * per_bin);
            store(places + k, load<Int>(&near.type[k]) * row + (bin < beyond ? bin : beyond));
        }
        for (std::size_t k = 0; k < near.size; ++k) block[places[k]] += sign;
    }

private:
    Bins bins_;
    int row_;
    std::vector<std::int32_t> counts_, places_;
    std::vector<int> types_;
};

// Counts of unordered pairs. Kept from both sides as the increments come: a pair (a, b) is the sum of both.
class PairHistogram {
public:
    explicit PairHistogram(const Bins &bins) : bins_(bins), counts_(static_cast<std::size_t>(bins.n_types) * bins.n_types * bins.n_bins, 0) {}

    const Bins &bins() const { return bins_; }
    void add(const Increments &increments) {
        for (const int a : increments.types())
            for (int b = 0; b < bins_.n_types; ++b) {
                const std::int32_t *const from = increments.row(a, b);
                std::int64_t *const to = &counts_[place(a, b)];
                for (int k = 0; k < bins_.n_bins; ++k) to[k] += from[k];
            }
    }
    // As `Increments` after a count of every pair from both sides.
    void assign_ordered(const std::vector<std::int64_t> &ordered) {
        for (int a = 0; a < bins_.n_types; ++a)
            for (int b = 0; b < bins_.n_types; ++b)
                for (int k = 0; k < bins_.n_bins; ++k) counts_[place(a, b) + k] = a < b ? ordered[place(a, b) + k] : a == b ? ordered[place(a, b) + k] / 2 : 0;
    }
    std::int64_t count(int a, int b, int k) const { return a == b ? counts_[place(a, a) + k] : counts_[place(a, b) + k] + counts_[place(b, a) + k]; }

private:
    std::size_t place(int a, int b) const { return (static_cast<std::size_t>(a) * bins_.n_types + b) * bins_.n_bins; }
    Bins bins_;
    std::vector<std::int64_t> counts_;
};

} // namespace glasswright
