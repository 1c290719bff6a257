// Pairs of atoms closer than limits, cell by cell of a search: what histograms and neighbour lists share.
#pragma once

#include "bindings.hpp"
#include "elementary.hpp"
#include "pair_search.hpp"
#include "parallel.hpp"

#include <atomic>
#include <bit>

namespace glasswright {

// One number per atom from its type.
inline std::vector<std::int32_t> labels(const Vectors &positions, const Integers &types, std::size_t n_types, std::size_t factor) {
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

inline simd::Float distance2(const Candidates &near, std::size_t own, std::size_t c) {
    using namespace simd;
    const Float x = load<Float>(&near.x[c]) - near.x[own], y = load<Float>(&near.y[c]) - near.y[own], z = load<Float>(&near.z[c]) - near.z[own];
    return x * x + y * y + z * z;
}

// The pairs closer than the cutoff of their types. Single precision decides but for distances close to a cutoff.
class PairFinder {
public:
    PairFinder(const PairSearch &search, const double *cutoffs, std::size_t n_types) : search_(search), cutoffs_(cutoffs), n_types_(n_types) {
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

} // namespace glasswright
