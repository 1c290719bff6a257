// The least a trial move has to do: distances of the old and the new place to all neighbours within reach, already packed, and the change of
// a histogram. No search for neighbours, no cost, no acceptance. Compiled by rmc.py for the very machine.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <vector>

namespace {

struct Packed {
    std::vector<std::int32_t> x, y, z, row; // fractions of the box; bins of the neighbour's type start at row
};

double thread_seconds() {
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Bins of all neighbours of a place; what lies beyond the last bin goes there.
void bins(const Packed &near, const std::int32_t *place, float unit, float per_bin, std::int32_t last, std::int32_t *out) {
    const std::size_t n = near.x.size();
    for (std::size_t k = 0; k < n; ++k) {
        const float dx = static_cast<float>(near.x[k] - place[0]) * unit;
        const float dy = static_cast<float>(near.y[k] - place[1]) * unit;
        const float dz = static_cast<float>(near.z[k] - place[2]) * unit;
        const std::int32_t bin = static_cast<std::int32_t>(std::sqrt(dx * dx + dy * dy + dz * dz) * per_bin);
        out[k] = near.row[k] + (bin < last ? bin : last);
    }
}

} // namespace

// Seconds of the processor per move. positions (n, 3) as fractions of a cubic box, types (n,).
extern "C" double seconds_per_move(const double *positions, const std::int32_t *types, std::size_t n, int n_types, double length, double r_max, int n_bins,
                                   int n_moves) {
    constexpr std::size_t centres = 64; // their neighbours stay in the second cache, as those of a kernel that walks about do at best
    const double scale = 4294967296.0;
    std::vector<Packed> packed(centres);
    std::size_t most = 0;
    for (std::size_t c = 0; c < centres; ++c) {
        const std::size_t i = c * (n / centres);
        for (std::size_t j = 0; j < n; ++j) {
            double d[3], square = 0;
            for (int k = 0; k < 3; ++k) {
                d[k] = positions[3 * j + k] - positions[3 * i + k];
                d[k] -= std::round(d[k]);
                square += d[k] * d[k] * length * length;
            }
            if (j == i || square >= r_max * r_max) continue;
            // Relative to the centre, so that a difference of integers needs no wrapping.
            packed[c].x.push_back(static_cast<std::int32_t>(d[0] * scale / 2));
            packed[c].y.push_back(static_cast<std::int32_t>(d[1] * scale / 2));
            packed[c].z.push_back(static_cast<std::int32_t>(d[2] * scale / 2));
            packed[c].row.push_back(types[j] * (n_bins + 1));
        }
        if (packed[c].x.size() > most) most = packed[c].x.size();
    }
    std::vector<std::int32_t> before(most), after(most), change(static_cast<std::size_t>(n_types) * (n_bins + 1));
    const float unit = static_cast<float>(2 * length / scale), per_bin = static_cast<float>(n_bins / r_max);
    std::int64_t kept = 0;
    double best = 1e30;
    for (int repeat = 0; repeat < 5; ++repeat) {
        const double start = thread_seconds();
        for (int move = 0; move < n_moves; ++move) {
            const Packed &near = packed[static_cast<std::size_t>(move) % centres];
            const std::int32_t old[3] = {0, 0, 0}, trial[3] = {move % 997, move % 991, move % 983};
            bins(near, old, unit, per_bin, n_bins, before.data());
            bins(near, trial, unit, per_bin, n_bins, after.data());
            for (auto &value : change) value = 0;
            for (std::size_t k = 0; k < near.x.size(); ++k) --change[static_cast<std::size_t>(before[k])], ++change[static_cast<std::size_t>(after[k])];
            kept += change[static_cast<std::size_t>(move) % change.size()];
        }
        const double taken = (thread_seconds() - start) / n_moves;
        if (taken < best) best = taken;
    }
    return kept == 1 ? best * (1 + 1e-12) : best; // so that nothing is optimised away
}
