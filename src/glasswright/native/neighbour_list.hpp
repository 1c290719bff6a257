// Which atoms may come within reach of which: for every atom its neighbours, grouped by type.
//
// Every pair is listed from both sides: an atom then sums its own force and writes it once, which is faster than to scatter to
// neighbours, and independent of the number of threads.
#pragma once

#include "simd.hpp"
#include "system.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace glasswright {

// Numbers written one list after another; the memory stays and is written again at the next rebuild.
class ListStorage {
public:
    void rewind() { block_ = used_ = 0; }
    // Room for at least n more numbers. What lies behind a list may be read by vectors: always the place of some atom.
    std::int32_t *room(std::size_t n) {
        n += 2 * simd::lanes;
        while (block_ < blocks_.size() && blocks_[block_].size() - used_ < n) ++block_, used_ = 0;
        if (block_ == blocks_.size()) blocks_.emplace_back(std::max(n, block_size));
        return blocks_[block_].data() + used_;
    }
    void take(std::size_t n) { used_ += n; }

private:
    static constexpr std::size_t block_size = 1 << 18;
    std::vector<std::vector<std::int32_t>> blocks_;
    std::size_t block_ = 0, used_ = 0;
};

// The cells of a grid in which neighbours of any atom of a cell can lie: rows of cells along the first axis, so that their atoms
// lie side by side in memory. Every cell once, however few there are.
struct Stencil {
    struct Row {
        int x, y, z, length; // first cell relative to the own, wrapped to 0 ... cells - 1
    };
    std::array<int, 3> cells{1, 1, 1};
    std::vector<Row> rows;

    Stencil() = default;
    Stencil(const Cell &cell, std::array<int, 3> cells, double radius) : cells(cells) {
        const auto width = cell.widths();
        std::array<int, 3> reach, size;
        for (int k = 0; k < 3; ++k) {
            const double steps = radius / width[k] * cells[k];
            reach[k] = steps < cells[k] ? static_cast<int>(steps) + 1 : cells[k];
            size[k] = std::min(cells[k], 2 * reach[k] + 1);
        }
        std::vector<char> within(static_cast<std::size_t>(size[0]) * size[1] * size[2]);
        const auto at = [&](int x, int y, int z) -> char & { return within[(static_cast<std::size_t>(z) * size[1] + y) * size[0] + x]; };
        for (int z = -reach[2]; z <= reach[2]; ++z)
            for (int y = -reach[1]; y <= reach[1]; ++y)
                for (int x = -reach[0]; x <= reach[0]; ++x)
                    if (least_distance2(cell, {x, y, z}) < radius * radius) at((x + reach[0]) % size[0], (y + reach[1]) % size[1], (z + reach[2]) % size[2]) = 1;
        const auto wrapped = [&](int place, int k) { return ((place - reach[k]) % cells[k] + cells[k]) % cells[k]; };
        for (int z = 0; z < size[2]; ++z)
            for (int y = 0; y < size[1]; ++y)
                for (int x = 0; x < size[0]; ++x) {
                    if (!at(x, y, z)) continue;
                    const int first = x;
                    while (x < size[0] && at(x, y, z)) ++x;
                    rows.push_back({wrapped(first, 0), wrapped(y, 1), wrapped(z, 2), x - first});
                }
    }

private:
    // Between any two points of two cells so many cells apart: each Cartesian component lies in an interval.
    double least_distance2(const Cell &cell, std::array<int, 3> steps) const {
        std::array<double, 3> low, high;
        for (int k = 0; k < 3; ++k) low[k] = (steps[k] - 1.0) / cells[k], high[k] = (steps[k] + 1.0) / cells[k];
        const auto part = [&](int k, double h, double &a, double &b) { a += std::min(h * low[k], h * high[k]), b += std::max(h * low[k], h * high[k]); };
        double sum = 0;
        const double matrix[3][3] = {{cell.xx, cell.xy, cell.xz}, {0, cell.yy, cell.yz}, {0, 0, cell.zz}};
        for (const auto &row : matrix) {
            double a = 0, b = 0;
            for (int k = 0; k < 3; ++k) part(k, row[k], a, b);
            const double gap = std::max(0.0, std::max(a, -b));
            sum += gap * gap;
        }
        return sum;
    }
};

class NeighbourList {
public:
    // Where the FixedPoints of the neighbours of atom i are that are of type t: places(i, t) ... places(i, t + 1), counted in bytes, which
    // is what the kernels read fastest; index() leads to the atom. Behind the end there may be read, up to two vectors.
    const std::int32_t *places(std::size_t i, int t) const { return groups_[i * (types_ + 1) + t]; }
    static std::size_t index(std::int32_t place) { return static_cast<std::uint32_t>(place) / sizeof(FixedPoint); }
    // Every pair up to here was listed [Å]; infinite where all pairs are.
    double radius() const { return radius_; }
    std::size_t pairs() const {
        std::size_t n = 0;
        for (std::size_t i = 0; i < reference_.size(); ++i) n += static_cast<std::size_t>(places(i, types_) - places(i, 0));
        return n;
    }

    // Whether no pair closer than the cutoff can be missing. A pair that was not listed had |r₀| > radius; moved by δ and deformed it is
    // r = (r₀ + δ) H₀⁻¹ H, so that |r₀| ≤ ‖H⁻¹ H₀‖ |r| + |δ|, and |δ| is at most the sum of the two largest displacements.
    bool covers(const Atoms &atoms, const Cell &cell, double cutoff, Team &team) const {
        if (reference_.size() != atoms.size || groups_.empty()) return false;
        if (radius_ == std::numeric_limits<double>::infinity()) return true;
        const double left = radius_ - cutoff * stretch(cell);
        return left >= 0 && largest_displacements(atoms, team) * (1 + 1e-5) <= left;
    }

    // Sorts the atoms in space and lists all pairs up to the radius.
    void build(Atoms &atoms, const Cell &cell, int types, double radius, Team &team) {
        types_ = types, radius_ = radius, cell_ = cell;
        const auto width = cell.widths();
        std::array<int, 3> cells;
        for (int k = 0; k < 3; ++k) cells[k] = radius < width[k] ? std::clamp(static_cast<int>(width[k] / radius * cells_per_radius), 1, 512) : 1;
        stencil_ = Stencil(cell, cells, radius);
        sort(atoms, team);
        reference_ = atoms.fixed;
        groups_.resize(atoms.size * (types + 1));
        storage_.resize(team.size());
        team.run([&](int thread) {
            const auto [first, last] = team.share(atoms.size, thread);
            search(atoms, cell_at(first), cell_at(last), storage_[thread]);
        });
    }

private:
    // Finer cells fit the sphere better, coarser ones share the candidates among more atoms.
    static constexpr double cells_per_radius = 2.5;

    int cell_of(const FixedPoint &p) const {
        const auto along = [&](std::int32_t x, int k) { return static_cast<int>(std::uint64_t{static_cast<std::uint32_t>(x)} * stencil_.cells[k] >> 32); };
        return (along(p.z, 2) * stencil_.cells[1] + along(p.y, 1)) * stencil_.cells[0] + along(p.x, 0);
    }
    int n_cells() const { return stencil_.cells[0] * stencil_.cells[1] * stencil_.cells[2]; }
    // The first cell whose atoms start at or behind atom i.
    int cell_at(std::size_t i) const { return static_cast<int>(std::lower_bound(cell_start_.begin(), cell_start_.end() - 1, i) - cell_start_.begin()); }

    // Atoms by cell, then type. Copies of their positions by type, then cell: what the search reads.
    void sort(Atoms &atoms, Team &) {
        const std::size_t n = atoms.size, cells = n_cells(), types = types_;
        std::vector<std::uint32_t> key(n), start(cells * types + 1), order(n);
        for (std::size_t i = 0; i < n; ++i) ++start[(key[i] = static_cast<std::uint32_t>(cell_of(atoms.fixed[i]) * types + atoms.type[i])) + 1];
        for (std::size_t k = 0; k < cells * types; ++k) start[k + 1] += start[k];
        cell_start_.resize(cells + 1);
        for (std::size_t c = 0; c <= cells; ++c) cell_start_[c] = start[c * types];
        type_start_.resize(cells * types + 1);
        std::uint32_t place = 0;
        for (std::size_t t = 0; t < types; ++t)
            for (std::size_t c = 0; c < cells; ++c) type_start_[t * cells + c] = place, place += start[c * types + t + 1] - start[c * types + t];
        type_start_[cells * types] = place;
        // Where the atoms of a cell and type go in the second order, less where they are in the first.
        std::vector<std::uint32_t> shift(cells * types);
        for (std::size_t c = 0; c < cells; ++c)
            for (std::size_t t = 0; t < types; ++t) shift[c * types + t] = type_start_[t * cells + c] - start[c * types + t];
        for (auto *v : {&x_, &y_, &z_, &place_}) v->resize(n + simd::lanes);
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint32_t to = start[key[i]]++, copy = to + shift[key[i]];
            order[to] = static_cast<std::uint32_t>(i);
            x_[copy] = atoms.fixed[i].x, y_[copy] = atoms.fixed[i].y, z_[copy] = atoms.fixed[i].z, place_[copy] = static_cast<std::int32_t>(to * sizeof(FixedPoint));
        }
        atoms.reorder(order);
    }

    // What may be near the atoms of one cell: positions and places, by type.
    struct Candidates {
        std::vector<std::int32_t> x, y, z, place;
        std::vector<std::size_t> start; // of every type, and the end
        std::size_t size = 0;

        Candidates(std::size_t n, int types) : start(types + 1) {
            for (auto *v : {&x, &y, &z, &place}) v->resize(n + 2 * simd::lanes);
        }
    };

    void search(const Atoms &atoms, int first, int last, ListStorage &storage) {
        storage.rewind();
        Candidates near(atoms.size, types_);
        for (int c = first; c < last; ++c) {
            if (cell_start_[c] == cell_start_[c + 1]) continue;
            collect(c, near);
            for (std::size_t i = cell_start_[c]; i < cell_start_[c + 1]; ++i) list(atoms.fixed[i], i, near, storage);
        }
    }

    void collect(int c, Candidates &near) const {
        const auto [nx, ny, nz] = stencil_.cells;
        const int cx = c % nx, cy = c / nx % ny, cz = c / nx / ny;
        std::size_t n = 0;
        for (int t = 0; t < types_; ++t) {
            near.start[t] = n;
            const std::uint32_t *start = &type_start_[static_cast<std::size_t>(t) * nx * ny * nz];
            const auto copy = [&](int begin, int end) {
                for (std::uint32_t k = start[begin]; k < start[end]; k += simd::lanes) {
                    const std::size_t to = n + (k - start[begin]);
                    for (auto [from, into] : {std::pair{&x_, &near.x}, {&y_, &near.y}, {&z_, &near.z}, {&place_, &near.place}})
                        simd::store(into->data() + to, simd::load<simd::Int>(from->data() + k));
                }
                n += start[end] - start[begin];
            };
            for (const Stencil::Row &row : stencil_.rows) {
                const int y = cy + row.y, z = cz + row.z, begin = cx + row.x < nx ? cx + row.x : cx + row.x - nx;
                const int base = ((z < nz ? z : z - nz) * ny + (y < ny ? y : y - ny)) * nx, over = begin + row.length - nx;
                copy(base + begin, base + std::min(begin + row.length, nx));
                if (over > 0) copy(base, base + over);
            }
        }
        near.start[types_] = n;
    }

    void list(const FixedPoint &p, std::size_t i, const Candidates &near, ListStorage &storage) {
        using namespace simd;
        const float s = 1.0f / 4294967296.0f;
        const float xx = static_cast<float>(cell_.xx) * s, xy = static_cast<float>(cell_.xy) * s, xz = static_cast<float>(cell_.xz) * s;
        const float yy = static_cast<float>(cell_.yy) * s, yz = static_cast<float>(cell_.yz) * s, zz = static_cast<float>(cell_.zz) * s;
        // A margin for rounding.
        const Float limit = broadcast<Float>(static_cast<float>(std::min(radius_ * radius_ * (1 + 1e-5), 1e30)));
        const Int self = broadcast<Int>(static_cast<std::int32_t>(i * sizeof(FixedPoint)));
        std::int32_t *out = storage.room(near.start[types_]), *const begin = out;
        for (int t = 0; t < types_; ++t) {
            groups_[i * (types_ + 1) + t] = out;
            for (std::size_t k = near.start[t], end = near.start[t + 1]; k < end; k += lanes) {
                const auto along = [&](const std::vector<std::int32_t> &v, std::int32_t own) {
                    return to_float(wrapping_difference(load<Int>(&v[k]), broadcast<Int>(own)));
                };
                const Float a = along(near.x, p.x), b = along(near.y, p.y), c = along(near.z, p.z);
                const Float x = a * xx + b * xy + c * xz, y = b * yy + c * yz, z = c * zz;
                const Int place = load<Int>(&near.place[k]);
                const Mask close = both(less(x * x + y * y + z * z, limit), differ(place, self));
                out += compress(out, place, both(close, first_lanes(static_cast<int>(std::min<std::size_t>(end - k, lanes)))));
            }
        }
        groups_[i * (types_ + 1) + types_] = out;
        storage.take(static_cast<std::size_t>(out - begin));
    }

    // Bound on ‖H⁻¹ H₀‖: the root of the largest row sum of M Mᵀ, M = H⁻¹ H₀.
    double stretch(const Cell &cell) const {
        std::array<std::array<double, 3>, 3> m;
        const std::array<double, 3> e[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
        for (int k = 0; k < 3; ++k) {
            const auto f = cell.fractional(e[k][0], e[k][1], e[k][2]);
            m[k] = cell_.cartesian(f[0], f[1], f[2]);
        }
        double largest = 0;
        for (int a = 0; a < 3; ++a) {
            double sum = 0;
            for (int b = 0; b < 3; ++b) sum += std::abs(m[a][0] * m[b][0] + m[a][1] * m[b][1] + m[a][2] * m[b][2]);
            largest = std::max(largest, sum);
        }
        return std::sqrt(largest);
    }

    // The sum of the two largest displacements since the list was made [Å].
    double largest_displacements(const Atoms &atoms, Team &team) const {
        std::vector<std::array<float, 2>> found(team.size());
        team.run([&](int thread) {
            const auto [begin, end] = team.share(atoms.size, thread);
            const float s = 1.0f / 4294967296.0f;
            const float xx = static_cast<float>(cell_.xx) * s, xy = static_cast<float>(cell_.xy) * s, xz = static_cast<float>(cell_.xz) * s;
            const float yy = static_cast<float>(cell_.yy) * s, yz = static_cast<float>(cell_.yz) * s, zz = static_cast<float>(cell_.zz) * s;
            float first = 0, second = 0;
            for (std::size_t i = begin; i < end; ++i) {
                const FixedPoint &p = atoms.fixed[i], &q = reference_[i];
                const auto moved = [](std::int32_t a, std::int32_t b) {
                    return static_cast<float>(static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b)));
                };
                const float a = moved(p.x, q.x), b = moved(p.y, q.y), c = moved(p.z, q.z);
                const float x = a * xx + b * xy + c * xz, y = b * yy + c * yz, z = c * zz, d = x * x + y * y + z * z;
                second = std::max(second, std::min(first, d)), first = std::max(first, d);
            }
            found[thread] = {first, second};
        });
        float first = 0, second = 0;
        for (const auto &pair : found)
            for (float d : pair) second = std::max(second, std::min(first, d)), first = std::max(first, d);
        return std::sqrt(static_cast<double>(first)) + std::sqrt(static_cast<double>(second));
    }

    int types_ = 0;
    double radius_ = 0;
    Cell cell_;
    Stencil stencil_;
    std::vector<std::uint32_t> cell_start_, type_start_;
    std::vector<std::int32_t> x_, y_, z_, place_;
    std::vector<FixedPoint> reference_;
    std::vector<const std::int32_t *> groups_;
    std::vector<ListStorage> storage_;
};

} // namespace glasswright
