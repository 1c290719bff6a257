// Which atoms may come within reach of which: for every atom its neighbours, grouped by type.
//
// Every pair is listed from both sides: an atom then sums its own force and writes it once, which is faster than to scatter to
// neighbours, and independent of the number of threads.
#pragma once

#include "fixed_point.hpp"
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

// The cells of a grid in which neighbours of any atom of a cell can lie: rows of cells along the last axis, so that their atoms
// lie side by side in memory, in the order of the mesh of the far field. Every cell once, however few there are.
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
        for (int x = 0; x < size[0]; ++x)
            for (int y = 0; y < size[1]; ++y)
                for (int z = 0; z < size[2]; ++z) {
                    if (!at(x, y, z)) continue;
                    const int first = z;
                    while (z < size[2] && at(x, y, z)) ++z;
                    rows.push_back({wrapped(x, 0), wrapped(y, 1), wrapped(first, 2), z - first});
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
    // Finer cells leave fewer candidates, coarser ones share them among more atoms.
    static constexpr double cells_per_radius = 1.7;

    int cell_of(const FixedPoint &p) const {
        const auto along = [&](std::int32_t x, int k) { return static_cast<int>(std::uint64_t{static_cast<std::uint32_t>(x)} * stencil_.cells[k] >> 32); };
        return (along(p.x, 0) * stencil_.cells[1] + along(p.y, 1)) * stencil_.cells[2] + along(p.z, 2);
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

    // What may be near some atoms: Cartesian positions relative to a common centre, and places, by type.
    struct Candidates {
        std::vector<float> x, y, z;
        std::vector<std::int32_t> place;
        std::vector<std::size_t> start; // of every type, and the end

        Candidates(std::size_t n, int types) : x(n + 2 * simd::lanes), y(x.size()), z(x.size()), place(x.size()), start(types + 1) {}
    };

    // Differences of fixed-point fractions [Å], and where half a cell of the grid reaches.
    struct Metric {
        float xx, xy, xz, yy, yz, zz, reach_x, reach_y, reach_z, limit;

        Metric(const Cell &cell, const std::array<int, 3> &cells, double radius) {
            const double s = 1 / 4294967296.0, a = 0.5 / cells[0], b = 0.5 / cells[1], c = 0.5 / cells[2];
            const auto set = [](float &to, double value) { to = static_cast<float>(value); };
            set(xx, cell.xx * s), set(xy, cell.xy * s), set(xz, cell.xz * s), set(yy, cell.yy * s), set(yz, cell.yz * s), set(zz, cell.zz * s);
            set(reach_x, cell.xx * a + std::abs(cell.xy) * b + std::abs(cell.xz) * c), set(reach_y, cell.yy * b + std::abs(cell.yz) * c), set(reach_z, cell.zz * c);
            // With a margin for rounding; all pairs of a cell of any size stay below 1e30 Å².
            set(limit, std::min(radius * radius * (1 + 1e-5), 1e30));
        }
        template <class V> std::array<V, 3> cartesian(V a, V b, V c) const { return {a * xx + b * xy + c * xz, b * yy + c * yz, c * zz}; }
        std::array<float, 3> between(const FixedPoint &p, const FixedPoint &centre) const {
            const auto apart = [](std::int32_t u, std::int32_t v) {
                return static_cast<float>(static_cast<std::int32_t>(static_cast<std::uint32_t>(u) - static_cast<std::uint32_t>(v)));
            };
            return cartesian(apart(p.x, centre.x), apart(p.y, centre.y), apart(p.z, centre.z));
        }
    };

    // Lists the neighbours of all atoms of some cells. Candidates are collected once for all atoms of a cell where the cell is wide enough
    // for one image of a pair to be the nearest seen from the middle and from the atom, otherwise for every atom anew.
    void search(const Atoms &atoms, int first, int last, ListStorage &storage) {
        storage.rewind();
        Candidates near(atoms.size, types_);
        Metric metric(cell_, stencil_.cells, radius_);
        bool wide = radius_ < std::numeric_limits<double>::infinity();
        const auto width = cell_.widths();
        for (int k = 0; k < 3; ++k) wide = wide && radius_ / width[k] + 0.5 / stencil_.cells[k] < 0.5;
        if (!wide) metric.reach_x = metric.reach_y = metric.reach_z = 0;
        for (int c = first; c < last; ++c) {
            const std::uint32_t begin = cell_start_[c], end = cell_start_[c + 1];
            if (begin == end) continue;
            const FixedPoint centre = middle(c);
            if (wide) collect(c, centre, metric, near);
            for (std::uint32_t i = begin; i < end; ++i) {
                if (!wide) collect(c, atoms.fixed[i], metric, near);
                list(i, metric.between(atoms.fixed[i], wide ? centre : atoms.fixed[i]), metric.limit, near, storage);
            }
        }
    }

    FixedPoint middle(int c) const {
        const auto [nx, ny, nz] = stencil_.cells;
        const auto at = [](int place, int cells) { return fixed_fraction((place + 0.5) / cells); };
        return {at(c / nz / ny, nx), at(c / nz % ny, ny), at(c % nz, nz), 0};
    }

    void collect(int c, const FixedPoint &centre, const Metric &m, Candidates &near) const {
        using namespace simd;
        const auto [nx, ny, nz] = stencil_.cells;
        const int cx = c / nz / ny, cy = c / nz % ny, cz = c % nz;
        const Int ox = broadcast<Int>(centre.x), oy = broadcast<Int>(centre.y), oz = broadcast<Int>(centre.z);
        const Float limit = broadcast<Float>(m.limit);
        float *const to_x = near.x.data(), *const to_y = near.y.data(), *const to_z = near.z.data();
        std::int32_t *const to = near.place.data();
        const std::int32_t *const from_x = x_.data(), *const from_y = y_.data(), *const from_z = z_.data(), *const from = place_.data();
        std::size_t n = 0;
        const auto copy = [&](std::uint32_t k, const std::uint32_t end) {
            for (; k < end; k += lanes) {
                const auto [x, y, z] = m.cartesian(to_float(wrapping_difference(load<Int>(from_x + k), ox)), to_float(wrapping_difference(load<Int>(from_y + k), oy)),
                                                   to_float(wrapping_difference(load<Int>(from_z + k), oz)));
                const auto beyond = [](Float v, float reach) { return greatest(greatest(v, -v) - reach, Float{}); };
                const Float gx = beyond(x, m.reach_x), gy = beyond(y, m.reach_y), gz = beyond(z, m.reach_z);
                const Mask close = both(less(gx * gx + gy * gy + gz * gz, limit), first_lanes(static_cast<int>(end - k)));
                const auto keep = [&](float *out, Float v) { compress(reinterpret_cast<std::int32_t *>(out + n), bits_as<Int>(v), close); };
                keep(to_x, x), keep(to_y, y), keep(to_z, z);
                n += static_cast<std::size_t>(compress(to + n, load<Int>(from + k), close));
            }
        };
        for (int t = 0; t < types_; ++t) {
            near.start[t] = n;
            const std::uint32_t *start = &type_start_[static_cast<std::size_t>(t) * nx * ny * nz];
            for (const Stencil::Row &row : stencil_.rows) {
                const int x = cx + row.x, y = cy + row.y, begin = cz + row.z < nz ? cz + row.z : cz + row.z - nz;
                const int base = ((x < nx ? x : x - nx) * ny + (y < ny ? y : y - ny)) * nz, over = begin + row.length - nz;
                copy(start[base + begin], start[base + std::min(begin + row.length, nz)]);
                if (over > 0) copy(start[base], start[base + over]);
            }
        }
        near.start[types_] = n;
    }

    void list(std::size_t i, const std::array<float, 3> &own, float limit, const Candidates &near, ListStorage &storage) {
        using namespace simd;
        const Int self = broadcast<Int>(static_cast<std::int32_t>(i * sizeof(FixedPoint)));
        const float *const from_x = near.x.data(), *const from_y = near.y.data(), *const from_z = near.z.data();
        const std::int32_t *const from = near.place.data();
        std::int32_t *out = storage.room(near.start[types_]), *const begin = out;
        for (int t = 0; t < types_; ++t) {
            groups_[i * (types_ + 1) + t] = out;
            const std::size_t end = near.start[t + 1];
            for (std::size_t k = near.start[t]; k < end; k += lanes) {
                const Float x = load<Float>(from_x + k) - own[0], y = load<Float>(from_y + k) - own[1], z = load<Float>(from_z + k) - own[2];
                const Int place = load<Int>(from + k);
                const Mask close = both(less(x * x + y * y + z * z, broadcast<Float>(limit)), differ(place, self));
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
