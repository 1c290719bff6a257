// Atoms in a periodic cell, sorted so that all within a radius of a point lie in a few runs of memory, and moving one costs little.
//
// The cell is cut into columns along its first vector, and each column into slices whose atoms lie side by side, one slice after
// another. Near a point only a stretch of each of the columns around it counts: which, follows from the place of the point within its
// own column (`Reach`, made once for every radius). Coordinates are fractions of the cell in fixed point, so that nearest images need
// no arithmetic and a pair has the same distance from both sides to the last bit.
#pragma once

#include "fixed_point.hpp"
#include "simd.hpp"
#include "system.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace glasswright {

// Fractions of the cell in units of 2^-32.
struct Point {
    std::int32_t x = 0, y = 0, z = 0;
    bool operator==(const Point &) const = default;
};

using Separation = std::array<double, 3>; // Cartesian [Å]

// From fixed-point differences to distances, with vectors. The order of operations is fixed: one pair, one distance.
struct Metric {
    float xx, yy, zz, yz, xz, xy; // the cell in units of 2^-32
    bool straight;

    explicit Metric(const Cell &cell) : straight(cell.orthogonal()) {
        const auto scaled = [](double edge) { return static_cast<float>(edge / 4294967296.0); };
        xx = scaled(cell.xx), yy = scaled(cell.yy), zz = scaled(cell.zz), yz = scaled(cell.yz), xz = scaled(cell.xz), xy = scaled(cell.xy);
    }
    // Cartesian [Å].
    struct Vectors {
        simd::Float x, y, z;
        simd::Float squared() const { return simd::multiply_add(x, x, simd::multiply_add(y, y, simd::multiply_add(z, z, simd::Float{}))); }
    };
    template <bool orthogonal> Vectors cartesian(simd::Int dx, simd::Int dy, simd::Int dz) const {
        const simd::Float a = simd::to_float(dx), b = simd::to_float(dy), c = simd::to_float(dz);
        if constexpr (orthogonal) return {a * xx, b * yy, c * zz};
        const auto times = [](simd::Float v, float factor, simd::Float plus) { return simd::multiply_add(v, simd::broadcast<simd::Float>(factor), plus); };
        return {times(c, xz, times(b, xy, times(a, xx, simd::Float{}))), times(c, yz, times(b, yy, simd::Float{})), c * zz};
    }
    template <bool orthogonal> simd::Float distance2(simd::Int dx, simd::Int dy, simd::Int dz) const { return cartesian<orthogonal>(dx, dy, dz).squared(); }
};

// The stretches of columns in which atoms within a radius of a point can lie, for every place of the point within its own column.
struct Reach {
    static constexpr int parts = 4; // of a column along each of its two edges
    struct Stretch {
        std::int32_t b, c;        // columns ahead of that of the point, wrapped
        std::uint32_t low, width; // along the first cell vector, from the point
    };
    double radius = 0; // [Å]
    std::vector<Stretch> stretches;
    std::array<std::uint32_t, parts * parts + 1> first{};
};

class Configuration {
public:
    using Slot = std::uint32_t;

    // positions (n, 3), wrapped or not [Å]; atoms of the same column and slice keep their order.
    Configuration(const Cell &cell, const double *positions, std::vector<std::int32_t> types, int n_types, double column_width)
        : cell_(cell), inverse_{1 / cell.xx, 1 / cell.yy, 1 / cell.zz}, metric_(cell), types_(std::move(types)), n_types_(n_types) {
        if (types_.size() >= 1u << 30) throw std::invalid_argument("There are too many atoms.");
        for (const std::int32_t type : types_)
            if (type < 0 || type >= n_types) throw std::invalid_argument("A type of an atom is out of range.");
        const std::size_t n = types_.size();
        std::vector<Point> points(n);
        for (std::size_t i = 0; i < n; ++i) points[i] = point_at(positions + 3 * i);
        choose_grid(column_width);
        std::vector<std::int32_t> order(n);
        for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::int32_t>(i);
        fill(points, order);
    }

    std::size_t size() const { return types_.size(); }
    int n_types() const { return n_types_; }
    const Cell &cell() const { return cell_; }
    const Metric &metric() const { return metric_; }

    std::int32_t type(std::size_t atom) const { return types_[atom]; }
    Point point(std::size_t atom) const { return at(slot_[atom]); }
    // In the cell [Å].
    Separation position(std::size_t atom) const {
        const Point p = point(atom);
        const auto f = [](std::int32_t v) { return static_cast<std::uint32_t>(v) / 4294967296.0; };
        return cell_.cartesian(f(p.x), f(p.y), f(p.z));
    }

    // A Cartesian position, which may lie in any image of the cell.
    Point point_at(const double *r) const {
        const auto f = cell_.fractional(r[0], r[1], r[2]);
        for (const double x : f)
            if (!(std::abs(x) < farthest)) throw std::invalid_argument("A position is not finite, or very far from the cell.");
        return {fixed_fraction(f[0]), fixed_fraction(f[1]), fixed_fraction(f[2])};
    }
    // By less than 2^18 cells [Å].
    Point moved(Point p, const Separation &by) const {
        const double c = by[2] * inverse_[2], b = (by[1] - c * cell_.yz) * inverse_[1], a = (by[0] - b * cell_.xy - c * cell_.xz) * inverse_[0];
        const auto plus = [](std::int32_t v, double fraction) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(v) + static_cast<std::uint32_t>(fixed_fraction(fraction))); };
        return {plus(p.x, a), plus(p.y, b), plus(p.z, c)};
    }
    // From one point to the nearest image of another [Å].
    Separation separation(Point from, Point to) const {
        const auto f = [](std::int32_t a, std::int32_t b) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(b) - static_cast<std::uint32_t>(a)) / 4294967296.0; };
        return cell_.cartesian(f(from.x, to.x), f(from.y, to.y), f(from.z, to.z));
    }

    // What atoms within the radius of a point are looked up with; at most half the narrowest width of the cell, so that each atom has
    // one image there.
    Reach reach(double radius) const;

    // Calls visit(atom, separation from the point [Å]) for every atom at rest within the reach of a point, itself included if it is one.
    template <class Visit> void each_within(const Reach &reach, Point p, Visit &&visit) const {
        using namespace simd;
        const Float limit = broadcast<Float>(static_cast<float>(reach.radius * reach.radius));
        const Int lifted = broadcast<Int>(n_types_);
        each_run(reach, p, [&](Slot begin, Slot end) {
            for (Slot k = begin; k < end; k += lanes) {
                const Float r2 = metric_.straight ? distance2<true>(k, p) : distance2<false>(k, p);
                const Mask near = both(both(less(r2, limit), first_lanes(static_cast<int>(end - k))), differ(load<Int>(&label_[k]), lifted));
                for (unsigned left = bits(near); left; left &= left - 1) {
                    const Slot slot = k + static_cast<Slot>(std::countr_zero(left));
                    visit(static_cast<std::size_t>(id_[slot]), separation(p, at(slot)));
                }
            }
        });
    }

    // Calls run(begin, end) for the slots of all atoms that can be within reach of a point, each slot once. Vectors may be read across
    // the end.
    template <class Run> void each_run(const Reach &reach, Point p, Run &&run) const {
        // In registers, whatever `run` writes.
        const std::uint32_t columns_b = columns_b_, columns_c = columns_c_, slices = slices_;
        const Slot *const starts = start_.data();
        const auto part = [](std::int32_t v, std::uint32_t columns) { return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(v)} * (columns * Reach::parts)) >> 32); };
        const auto slice = [&](std::uint32_t x) { return static_cast<std::uint32_t>(std::uint64_t{x} * slices >> 32); };
        const std::uint32_t pb = part(p.y, columns_b), pc = part(p.z, columns_c);
        const std::uint32_t b = pb / Reach::parts, c = pc / Reach::parts, which = pb % Reach::parts * Reach::parts + pc % Reach::parts;
        const Reach::Stretch *stretch = reach.stretches.data() + reach.first[which], *const last = reach.stretches.data() + reach.first[which + 1];
        const auto starts_of = [&](const Reach::Stretch &ahead) {
            std::uint32_t cb = b + static_cast<std::uint32_t>(ahead.b), cc = c + static_cast<std::uint32_t>(ahead.c);
            cb -= cb >= columns_b ? columns_b : 0, cc -= cc >= columns_c ? columns_c : 0;
            return starts + std::size_t{cb * columns_c + cc} * (slices + 1);
        };
        const bool out_of_cache = size() > beyond_cache;
        for (; stretch != last; ++stretch) {
            const Slot *start = starts_of(*stretch);
            const std::uint32_t low = static_cast<std::uint32_t>(p.x) + stretch->low, high = low + stretch->width;
            const std::uint32_t from = slice(low), to = slice(high) + 1;
            if (out_of_cache && last - stretch > 2) fetch(starts_of(stretch[2])[slice(static_cast<std::uint32_t>(p.x) + stretch[2].low)]);
            if (low <= high) run(start[from], start[to]);
            else if (from < to) run(start[0], start[slices]);
            else run(start[from], start[slices]), run(start[0], start[to]);
        }
    }

    // By slot: the type of an atom at rest, n_types() of a lifted one; coordinates; which atom.
    const std::int32_t *labels() const { return label_.data(); }
    const std::int32_t *x() const { return x_.data(); }
    const std::int32_t *y() const { return y_.data(); }
    const std::int32_t *z() const { return z_.data(); }
    const std::int32_t *ids() const { return id_.data(); }
    Point at(Slot slot) const { return {x_[slot], y_[slot], z_[slot]}; }

    template <bool orthogonal> simd::Float distance2(Slot k, Point p) const {
        using namespace simd;
        return metric_.distance2<orthogonal>(wrapping_difference(load<Int>(&x_[k]), broadcast<Int>(p.x)), wrapping_difference(load<Int>(&y_[k]), broadcast<Int>(p.y)),
                                             wrapping_difference(load<Int>(&z_[k]), broadcast<Int>(p.z)));
    }

    // A lifted atom stays where it is, but is not met until it has settled.
    void lift(std::size_t atom) { label_[slot_[atom]] = n_types_; }
    void settle(std::size_t atom) { label_[slot_[atom]] = types_[atom]; }

    void move(std::size_t atom, Point to) {
        const Slot slot = slot_[atom];
        const Point from = at(slot);
        const std::uint32_t column = column_of(from), target = column_of(to), left = slice(static_cast<std::uint32_t>(from.x)), entered = slice(static_cast<std::uint32_t>(to.x));
        const std::int32_t label = label_[slot];
        if (column == target) return put(shift_gap(column, slot, left, entered), static_cast<std::int32_t>(atom), to, label);
        shift_gap(column, slot, left, slices_);
        if (starts(target)[slices_] == end_[target]) make_room();
        put(shift_gap(target, starts(target)[slices_], slices_, entered), static_cast<std::int32_t>(atom), to, label);
    }

    // All atoms, in the order in which they are met, and the configuration that meets them so again.
    std::vector<std::int32_t> order() const {
        std::vector<std::int32_t> atoms;
        for (std::uint32_t column = 0; column < columns(); ++column)
            for (Slot slot = start_[std::size_t{column} * (slices_ + 1)]; slot < start_[std::size_t{column} * (slices_ + 1) + slices_]; ++slot) atoms.push_back(id_[slot]);
        return atoms;
    }
    std::vector<Point> points() const {
        std::vector<Point> all(size());
        for (std::size_t i = 0; i < size(); ++i) all[i] = point(i);
        return all;
    }
    // points (n) of all atoms, and an order of them.
    void fill(const std::vector<Point> &points, const std::vector<std::int32_t> &order) { lay_out(points, types_, order); }

private:
    static constexpr double slice_width = 2; // [Å]
    static constexpr std::uint32_t most = 1024;
    static constexpr std::size_t beyond_cache = 50000; // atoms from which on those near a point are asked for ahead

    std::uint32_t columns() const { return columns_b_ * columns_c_; }
    Slot *starts(std::uint32_t column) { return &start_[std::size_t{column} * (slices_ + 1)]; }
    std::uint32_t slice(std::uint32_t x) const { return static_cast<std::uint32_t>(std::uint64_t{x} * slices_ >> 32); }
    std::uint32_t column_of(Point p) const {
        const auto along = [](std::int32_t v, std::uint32_t n) { return static_cast<std::uint32_t>(std::uint64_t{static_cast<std::uint32_t>(v)} * n >> 32); };
        return along(p.y, columns_b_) * columns_c_ + along(p.z, columns_c_);
    }

    // Three lines of memory, as many as a stretch of 8 Å fills.
    void fetch(Slot slot) const {
        for (Slot k = slot; k < slot + 48; k += 16)
            for (const auto *values : {&x_, &y_, &z_, &label_}) __builtin_prefetch(values->data() + k);
    }

    void choose_grid(double column_width) {
        const auto widths = cell_.widths();
        const auto cut = [](double width, double into) { return static_cast<std::uint32_t>(std::clamp(std::round(width / into), 1.0, static_cast<double>(most))); };
        slices_ = cut(widths[0], slice_width), columns_b_ = cut(widths[1], column_width), columns_c_ = cut(widths[2], column_width);
        // An almost empty cell needs no fine grid.
        while (std::uint64_t{slices_} * columns() > 16 * size() + 64)
            for (auto *n : {&slices_, &columns_b_, &columns_c_}) *n = (*n + 1) / 2;
    }

    void put(Slot slot, std::int32_t atom, Point p, std::int32_t label) {
        x_[slot] = p.x, y_[slot] = p.y, z_[slot] = p.z, label_[slot] = label, id_[slot] = atom;
        slot_[static_cast<std::size_t>(atom)] = slot;
    }
    void copy(Slot from, Slot to) {
        if (from != to) put(to, id_[from], at(from), label_[from]);
    }
    // Brings a gap from one slice of a column into another; slice `slices_` is what lies behind the column.
    Slot shift_gap(std::uint32_t column, Slot gap, std::uint32_t from, std::uint32_t to) {
        Slot *start = starts(column);
        for (; from < to; ++from) copy(--start[from + 1], gap), gap = start[from + 1];
        for (; from > to; --from) copy(start[from], gap), gap = start[from]++;
        return gap;
    }

    void make_room() {
        std::vector<Point> points(size());
        std::vector<std::int32_t> labels(size());
        const auto present = order();
        for (const std::int32_t atom : present) {
            const Slot slot = slot_[static_cast<std::size_t>(atom)];
            points[static_cast<std::size_t>(atom)] = at(slot), labels[static_cast<std::size_t>(atom)] = label_[slot];
        }
        lay_out(points, labels, present);
    }

    // Every column has room for a quarter more than it holds.
    void lay_out(const std::vector<Point> &points, const std::vector<std::int32_t> &labels, const std::vector<std::int32_t> &order) {
        const std::size_t row = slices_ + 1;
        const auto place = [&](std::int32_t atom) {
            const Point p = points[static_cast<std::size_t>(atom)];
            return column_of(p) * row + slice(static_cast<std::uint32_t>(p.x));
        };
        slot_.resize(size());
        start_.assign(columns() * row, 0), end_.assign(columns(), 0);
        for (const std::int32_t atom : order) ++start_[place(atom) + 1];
        Slot slots = 0;
        for (std::uint32_t column = 0; column < columns(); ++column) {
            Slot *start = starts(column);
            start[0] = slots;
            for (std::uint32_t s = 0; s < slices_; ++s) start[s + 1] += start[s];
            end_[column] = slots = start[slices_] + (start[slices_] - start[0]) / 4 + 8;
        }
        for (auto *values : {&x_, &y_, &z_, &id_}) values->assign(slots + simd::lanes, 0);
        label_.assign(slots + simd::lanes, n_types_);
        std::vector<Slot> next = start_;
        for (const std::int32_t atom : order) put(next[place(atom)]++, atom, points[static_cast<std::size_t>(atom)], labels[static_cast<std::size_t>(atom)]);
    }

    Cell cell_;
    std::array<double, 3> inverse_; // of the edges along x, y and z
    Metric metric_;
    std::vector<std::int32_t> types_; // of every atom
    int n_types_;
    std::uint32_t slices_ = 1, columns_b_ = 1, columns_c_ = 1;
    std::vector<std::int32_t> x_, y_, z_, label_, id_; // by slot
    std::vector<Slot> start_;                          // (columns, slices + 1): the first slot of a slice
    std::vector<Slot> end_;                            // (columns): of the room of a column
    std::vector<Slot> slot_;                           // of every atom
};

inline Reach Configuration::reach(double radius) const {
    if (!(radius > 0 && radius < 1e6)) throw std::invalid_argument("A radius must be positive and finite.");
    Reach reach;
    reach.radius = radius;
    radius *= 1 + 1e-5; // beyond what single precision can err by
    const auto widths = cell_.widths();
    const auto ahead = [&](std::uint32_t columns, double width) { return static_cast<int>(std::ceil(radius / width * columns)) + 1; };
    const int far_b = ahead(columns_b_, widths[1]), far_c = ahead(columns_c_, widths[2]);
    if (far_b > 1 << 14 || far_c > 1 << 14) throw std::invalid_argument("A radius must not exceed the cell by far.");
    // From a part of a column to another column, in fractions of the cell.
    using Range = std::pair<double, double>;
    const auto between = [](int steps, int part, std::uint32_t columns) {
        return Range{(steps - (part + 1.0) / Reach::parts) / columns, (steps + 1 - static_cast<double>(part) / Reach::parts) / columns};
    };
    const auto scaled = [](Range r, double by) { return Range{std::min(r.first * by, r.second * by), std::max(r.first * by, r.second * by)}; };
    const auto plus = [](Range a, Range b) { return Range{a.first + b.first, a.second + b.second}; };
    const auto gap = [](Range r) { return std::max(0.0, std::max(r.first, -r.second)); };
    const auto wrapped = [](int steps, std::uint32_t columns) {
        const int n = static_cast<int>(columns);
        return (steps % n + n) % n;
    };
    for (int part = 0; part < Reach::parts * Reach::parts; ++part) {
        reach.first[static_cast<std::size_t>(part)] = static_cast<std::uint32_t>(reach.stretches.size());
        std::map<std::pair<int, int>, Range> found; // where a column is met in several images: one stretch over all of them
        for (int sb = -far_b; sb <= far_b; ++sb)
            for (int sc = -far_c; sc <= far_c; ++sc) {
                const Range b = between(sb, part / Reach::parts, columns_b_), c = between(sc, part % Reach::parts, columns_c_);
                const double z = gap(scaled(c, cell_.zz)), y = gap(plus(scaled(b, cell_.yy), scaled(c, cell_.yz))), left = radius * radius - z * z - y * y;
                if (left < 0) continue;
                const Range shift = plus(scaled(b, cell_.xy), scaled(c, cell_.xz));
                const Range stretch{(-std::sqrt(left) - shift.second) / cell_.xx, (std::sqrt(left) - shift.first) / cell_.xx};
                const auto [place, fresh] = found.try_emplace({wrapped(sb, columns_b_), wrapped(sc, columns_c_)}, stretch);
                if (!fresh) place->second = {std::min(place->second.first, stretch.first), std::max(place->second.second, stretch.second)};
            }
        for (const auto &[column, stretch] : found) {
            constexpr double unit = 4294967296.0, margin = 256;
            const double width = (stretch.second - stretch.first) * unit + 2 * margin;
            const auto low = static_cast<std::int64_t>(std::floor(stretch.first * unit - margin));
            reach.stretches.push_back({column.first, column.second, static_cast<std::uint32_t>(low),
                                       width < unit - 1 ? static_cast<std::uint32_t>(std::ceil(width)) : std::numeric_limits<std::uint32_t>::max()});
        }
    }
    reach.first.back() = static_cast<std::uint32_t>(reach.stretches.size());
    return reach;
}

} // namespace glasswright
