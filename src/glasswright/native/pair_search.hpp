// Every pair of atom images closer than a reach in a periodic cell of any shape, through a cell list.
//
// The reach may exceed half the box: neighbouring list cells are walked over as many periodic images as it takes, so that an atom meets
// several images of another, and of itself, exactly. What may be near the atoms of a list cell is collected once for all of them, in
// single precision from the middle of the cell: enough to decide about nearly every pair, with vectors. The few that lie within its
// error of a limit are decided in double precision.
#pragma once

#include "simd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glasswright {

using Vector = std::array<double, 3>;
using Shift = std::array<std::int64_t, 3>;

// What may be near the atoms of one list cell; those atoms themselves come first, in their order.
struct Candidates {
    struct Image {
        Shift shift;
        Vector offset; // shift · cell [Å]
    };
    std::vector<float> x, y, z;       // from the middle of the list cell [Å]; far away behind the end, for one vector
    std::vector<std::int32_t> place;  // in the order of the search
    std::vector<std::int32_t> label;  // as given with the atoms
    std::vector<std::int32_t> image;  // which of the images
    std::vector<Image> images;
    std::size_t size = 0;

    void reserve(std::size_t n) {
        if (x.size() >= n + 2 * simd::lanes) return;
        n = 2 * n + 2 * simd::lanes;
        for (auto *v : {&x, &y, &z}) v->resize(n);
        for (auto *v : {&place, &label, &image}) v->resize(n);
    }
};

class PairSearch {
public:
    // positions (n, 3) and cell (3, 3; rows are cell vectors), row-major [Å]; the labels ride along
    PairSearch(const double *positions, const std::int32_t *labels, std::size_t n_atoms, const double *cell, double reach) : reach_(reach) {
        if (!(reach > 1e-9 && reach < 1e9)) throw std::invalid_argument("the distance limit must be positive and finite, from 1e-9 to 1e9 Å");
        if (n_atoms > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw std::invalid_argument("there are too many atoms");
        set_cell(cell);
        choose_grid(n_atoms);
        sort_atoms(positions, labels, n_atoms);
        build_stencil();
    }

    std::size_t n_cells() const { return start_.size() - 1; }
    // The places [first, second) of the atoms of a list cell.
    std::pair<std::size_t, std::size_t> places(std::size_t cell) const { return {start_[cell], start_[cell + 1]}; }
    std::int64_t atom(std::size_t place) const { return atom_[place]; }
    std::int32_t label(std::size_t place) const { return label_[place]; }

    // How wrong a distance can be that was computed from the candidates' single precision, with a margin [Å].
    double error() const { return 2 * (6 * farthest_ + 4 * reach_) / 16777216.0; }

    // From the atom at a place to candidate c, in double precision.
    Vector separation(std::size_t place, const Candidates &near, std::size_t c) const {
        const auto q = static_cast<std::size_t>(near.place[c]);
        const Vector &offset = near.images[static_cast<std::size_t>(near.image[c])].offset;
        return {x_[q] + offset[0] - x_[place], y_[q] + offset[1] - y_[place], z_[q] + offset[2] - z_[place]};
    }
    // Its square. Never inlined, so that one pair always has the same digits.
    [[gnu::noinline]] double distance2(std::size_t place, const Candidates &near, std::size_t c) const {
        const Vector d = separation(place, near, c);
        return dot(d, d);
    }
    // Cell vectors to add to the candidate, both atoms being where they were given or, `inside`, moved into the cell.
    Shift shift(std::size_t place, const Candidates &near, std::size_t c, bool inside) const {
        const Shift &image = near.images[static_cast<std::size_t>(near.image[c])].shift;
        if (inside) return image;
        const auto &from = wrap_[static_cast<std::size_t>(near.place[c])];
        return {image[0] - from[0] + wrap_[place][0], image[1] - from[1] + wrap_[place][1], image[2] - from[2] + wrap_[place][2]};
    }

    // What may be within reach of the atoms of a list cell: all of it, or `half`, so that with the own atoms behind the first of two
    // every pair is met from one side.
    void collect(std::size_t cell, bool half, Candidates &near) const {
        const auto [begin, end] = places(cell);
        const Shift home{static_cast<std::int64_t>(cell) / grid_[2] / grid_[1], static_cast<std::int64_t>(cell) / grid_[2] % grid_[1],
                         static_cast<std::int64_t>(cell) % grid_[2]};
        Vector s{};
        for (int k = 0; k < 3; ++k) s[k] = (static_cast<double>(home[k]) + 0.5) / static_cast<double>(grid_[k]);
        const Vector middle = cartesian(s);
        near.size = 0;
        near.images.clear();
        copy(begin, end, Shift{}, middle, std::numeric_limits<float>::infinity(), near);
        for (std::size_t k = half ? first_half_ : 0; k < rows_.size(); ++k) {
            const Row &row = rows_[k];
            const auto [x, image_x] = wrapped(home[0] + row.x, grid_[0]);
            const auto [y, image_y] = wrapped(home[1] + row.y, grid_[1]);
            const auto base = static_cast<std::size_t>((x * grid_[1] + y) * grid_[2]);
            for (std::int64_t z = home[2] + row.first, last = home[2] + row.last; z <= last;) {
                const auto [from, image_z] = wrapped(z, grid_[2]);
                const std::int64_t to = std::min(grid_[2], from + last - z + 1);
                const std::size_t first = start_[base + static_cast<std::size_t>(from)], behind = start_[base + static_cast<std::size_t>(to)];
                if (first < behind) copy(first, behind, {image_x, image_y, image_z}, middle, limit_, near);
                z += to - from;
            }
        }
        const auto far = simd::broadcast<simd::Float>(1e18f);
        for (auto *v : {&near.x, &near.y, &near.z}) simd::store(v->data() + near.size, far);
    }

private:
    // List cells side by side along the third axis, relative to the own one.
    struct Row {
        std::int64_t x, y, first, last;
    };
    std::array<Vector, 3> cell_{}, inverse_{};
    Vector height_{};
    double volume_ = 0, reach_, farthest_ = 0;
    Shift grid_{};
    std::array<float, 3> extent_{};       // of half a list cell along x, y and z [Å]
    float limit_ = 0;                     // square of the reach, with a margin
    std::vector<Row> rows_;               // the own cell is in none
    std::size_t first_half_ = 0;          // rows from here on lie on one side of the own cell
    std::vector<std::size_t> start_;      // first atom of each list cell
    std::vector<std::int32_t> atom_;      // place → index as given
    std::vector<std::int32_t> label_;     // by place
    std::vector<double> x_, y_, z_;       // wrapped, by place
    std::vector<std::array<std::int32_t, 3>> wrap_; // given = wrapped + wrap · cell, by place

    static Vector cross(const Vector &a, const Vector &b) {
        return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    }
    static double dot(const Vector &a, const Vector &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
    static double length(const Vector &a) { return std::sqrt(dot(a, a)); }

    Vector cartesian(const Vector &s) const {
        Vector r{};
        for (int k = 0; k < 3; ++k)
            for (int c = 0; c < 3; ++c) r[c] += s[k] * cell_[k][c];
        return r;
    }

    // Where a list cell lies in the box, and in which image of the box.
    static std::pair<std::int64_t, std::int64_t> wrapped(std::int64_t c, std::int64_t n) {
        if (c >= 0 && c < n) return {c, 0};
        const std::int64_t image = c >= 0 ? c / n : -((n - 1 - c) / n);
        return {c - image * n, image};
    }

    void set_cell(const double *cell) {
        for (int k = 0; k < 9; ++k) {
            if (!std::isfinite(cell[k])) throw std::invalid_argument("the cell holds a number that is not finite");
            cell_[k / 3][k % 3] = cell[k];
        }
        const double det = dot(cell_[0], cross(cell_[1], cell_[2]));
        volume_ = std::abs(det);
        if (!(volume_ > 1e-12 * length(cell_[0]) * length(cell_[1]) * length(cell_[2]))) throw std::invalid_argument("the cell has no volume");
        for (int k = 0; k < 3; ++k) {
            if (!(length(cell_[k]) < 1e12)) throw std::invalid_argument("the cell is too large");
            const Vector normal = cross(cell_[(k + 1) % 3], cell_[(k + 2) % 3]);
            for (int c = 0; c < 3; ++c) inverse_[k][c] = normal[c] / det; // s_k = inverse_k · r
            height_[k] = volume_ / length(normal);
        }
    }

    void choose_grid(std::size_t n_atoms) {
        // Finer list cells leave fewer candidates, coarser ones share them among more atoms; some atoms per list cell bound memory in sparse boxes.
        const double most = static_cast<double>(std::max<std::size_t>(n_atoms, 1)), edge = std::max(reach_ / cells_per_reach, std::cbrt(volume_ * atoms_per_cell / most));
        for (int k = 0; k < 3; ++k) grid_[k] = static_cast<std::int64_t>(std::clamp(std::floor(height_[k] / edge), 1.0, most));
    }
    static constexpr double cells_per_reach = 2, atoms_per_cell = 8;

    // A position, wrapped: fractions of the cell, and the whole cells that were taken off.
    struct Wrapped {
        Vector fraction;
        std::array<std::int32_t, 3> whole;
    };
    Wrapped wrap(const double *r) const {
        Wrapped w;
        for (int k = 0; k < 3; ++k) {
            const double s = inverse_[k][0] * r[0] + inverse_[k][1] * r[1] + inverse_[k][2] * r[2];
            if (!(std::abs(s) < 1e9)) throw std::invalid_argument("a position is not finite, or more than 1e9 cells away");
            double whole = std::floor(s);
            w.fraction[k] = s - whole;
            if (w.fraction[k] >= 1) { // rounding of a tiny negative fraction
                w.fraction[k] = 0;
                whole += 1;
            }
            w.whole[k] = static_cast<std::int32_t>(whole);
        }
        return w;
    }

    // Atoms by list cell, then label.
    void sort_atoms(const double *positions, const std::int32_t *labels, std::size_t n) {
        std::vector<std::size_t> home(n);
        start_.assign(static_cast<std::size_t>(grid_[0] * grid_[1] * grid_[2]) + 1, 0);
        for (std::size_t i = 0; i < n; ++i) {
            const Vector s = wrap(positions + 3 * i).fraction;
            Shift c{};
            for (int k = 0; k < 3; ++k) c[k] = std::min(static_cast<std::int64_t>(s[k] * static_cast<double>(grid_[k])), grid_[k] - 1);
            home[i] = static_cast<std::size_t>((c[0] * grid_[1] + c[1]) * grid_[2] + c[2]);
            ++start_[home[i] + 1];
        }
        std::partial_sum(start_.begin(), start_.end(), start_.begin());
        std::vector<std::size_t> next(start_.begin(), start_.end() - 1);
        atom_.resize(n);
        for (std::size_t i = 0; i < n; ++i) atom_[next[home[i]]++] = static_cast<std::int32_t>(i);
        for (std::size_t c = 0; c + 1 < start_.size(); ++c)
            std::sort(atom_.begin() + static_cast<std::ptrdiff_t>(start_[c]), atom_.begin() + static_cast<std::ptrdiff_t>(start_[c + 1]),
                      [labels](std::int32_t a, std::int32_t b) { return std::pair(labels[a], a) < std::pair(labels[b], b); });
        label_.resize(n + simd::lanes), wrap_.resize(n);
        for (auto *v : {&x_, &y_, &z_}) v->resize(n + simd::lanes);
        for (std::size_t place = 0; place < n; ++place) {
            const auto i = static_cast<std::size_t>(atom_[place]);
            const Wrapped w = wrap(positions + 3 * i);
            const Vector r = cartesian(w.fraction);
            x_[place] = r[0], y_[place] = r[1], z_[place] = r[2];
            wrap_[place] = w.whole, label_[place] = labels[i];
        }
    }

    // The list cells that hold points within reach of the own cell: every Cartesian component between two cells lies in an interval.
    void build_stencil() {
        Shift range{};
        double size = 1;
        std::array<Vector, 3> edge{};
        Vector half{};
        for (int k = 0; k < 3; ++k) {
            const double steps = std::floor(reach_ * static_cast<double>(grid_[k]) / height_[k] * (1 + 1e-9)) + 1;
            size *= 2 * steps + 1;
            if (size > 5e7) throw std::invalid_argument("the distance limit is hundreds of times the height of the cell");
            range[k] = static_cast<std::int64_t>(steps);
            for (int c = 0; c < 3; ++c) edge[k][c] = cell_[k][c] / static_cast<double>(grid_[k]), half[c] += 0.5 * std::abs(edge[k][c]);
        }
        farthest_ = reach_ + 2 * length(half);
        const double slack = 1e-5 * farthest_, reach = reach_ + slack;
        limit_ = static_cast<float>(reach * reach);
        for (int c = 0; c < 3; ++c) extent_[c] = static_cast<float>(half[c] + slack);
        const auto near = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
            double gap2 = 0;
            for (int c = 0; c < 3; ++c) {
                const double apart = static_cast<double>(x) * edge[0][c] + static_cast<double>(y) * edge[1][c] + static_cast<double>(z) * edge[2][c];
                const double gap = std::max(0.0, std::abs(apart) - 2 * half[c]);
                gap2 += gap * gap;
            }
            return gap2 <= reach * reach;
        };
        for (std::int64_t x = -range[0]; x <= range[0]; ++x)
            for (std::int64_t y = -range[1]; y <= range[1]; ++y) {
                std::int64_t first = -range[2], last = range[2];
                while (first <= last && !near(x, y, first)) ++first;
                while (last >= first && !near(x, y, last)) --last;
                if (first > last) continue;
                if (x || y) {
                    rows_.push_back({x, y, first, last});
                    continue;
                }
                rows_.push_back({0, 0, first, -1});
                first_half_ = rows_.size();
                rows_.push_back({0, 0, 1, last});
            }
    }

    // Appends the atoms of the places [k, end), moved by cell vectors, that may be near a list cell.
    void copy(std::size_t k, std::size_t end, const Shift &shift, const Vector &middle, float limit, Candidates &near) const {
        using namespace simd;
        const Vector offset = cartesian({static_cast<double>(shift[0]), static_cast<double>(shift[1]), static_cast<double>(shift[2])});
        near.reserve(near.size + end - k);
        if (near.images.empty() || near.images.back().shift != shift) near.images.push_back({shift, offset});
        const Int image = broadcast<Int>(static_cast<std::int32_t>(near.images.size() - 1));
        const auto seen = [](const double *from, double offset) { return __builtin_convertvector(load<Vec<double, lanes>>(from) + offset, Float); };
        const auto beyond = [](Float v, float extent) { return greatest(greatest(v, -v) - extent, Float{}); };
        const double ox = offset[0] - middle[0], oy = offset[1] - middle[1], oz = offset[2] - middle[2];
        const Float most = broadcast<Float>(limit);
        std::size_t n = near.size;
        for (; k < end; k += lanes) {
            const Float x = seen(&x_[k], ox), y = seen(&y_[k], oy), z = seen(&z_[k], oz);
            const Float gx = beyond(x, extent_[0]), gy = beyond(y, extent_[1]), gz = beyond(z, extent_[2]);
            const Mask close = both(less(gx * gx + gy * gy + gz * gz, most), first_lanes(static_cast<int>(std::min<std::size_t>(end - k, lanes))));
            const auto keep = [&](float *to, Float v) { compress(reinterpret_cast<std::int32_t *>(to + n), bits_as<Int>(v), close); };
            keep(near.x.data(), x), keep(near.y.data(), y), keep(near.z.data(), z);
            compress(&near.label[n], load<Int>(&label_[k]), close);
            store(&near.image[n], image);
            n += static_cast<std::size_t>(compress(&near.place[n], iota() + static_cast<std::int32_t>(k), close));
        }
        near.size = n;
    }
};

} // namespace glasswright
