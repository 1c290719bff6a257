// Charges to mesh points and the fields at mesh points back to charges. A row of mesh points along z is one vector, so that an atom
// costs P² short steps instead of P³.
#pragma once

#include "window.hpp"

#include <array>
#include <cmath>
#include <vector>

namespace glasswright {

// Points per axis and where they lie in memory: rows along z have eight points more than the mesh, so that none ever wraps within
// a vector.
class MeshShape {
public:
    explicit MeshShape(const std::array<int, 3> &points)
        : points_(points), row_((static_cast<std::size_t>(points[2]) + 7) / 8 * 8 + 8), plane_(row_ * static_cast<std::size_t>(points[1]) + 16) {
        for (const int n : points)
            if (n < 8 || n > 4096 || n % 2) throw std::invalid_argument("A mesh must have an even number of points along every axis, from 8 to 4096.");
        for (int k = 0; k < points[0] + 8; ++k) plane_of_.push_back(plane_ * static_cast<std::size_t>(k % points[0]));
        for (int k = 0; k < points[1] + 8; ++k) row_of_.push_back(row_ * static_cast<std::size_t>(k % points[1]));
    }

    int points(int axis) const { return points_[static_cast<std::size_t>(axis)]; }
    // Numbers per row, per plane (one odd cache line more than its rows: planes must not fall onto each other in the cache), in all.
    std::size_t row() const { return row_; }
    std::size_t plane() const { return plane_; }
    std::size_t size() const { return plane_ * static_cast<std::size_t>(points_[0]); }
    // Where plane x, row y begins; both may exceed the mesh by up to eight.
    const std::size_t *plane_of() const { return plane_of_.data(); }
    const std::size_t *row_of() const { return row_of_.data(); }

private:
    std::array<int, 3> points_;
    std::size_t row_, plane_;
    std::vector<std::size_t> plane_of_, row_of_;
};

// The mesh points of a charge: the first one along each axis, inside the mesh, and the weights.
template <class Real> struct Place {
    int x, y, z;
    Eight<Real> wx, wy, wz;
};

// `u` in mesh cells: the cell and the fraction in it. Fixed point for float, so that nothing is lost in a large box.
template <int P, class Real> [[gnu::always_inline]] inline void locate(double fraction, int n, int &first, Real &z) {
    const double u = fraction * n + (P % 2 ? 0.5 : 0.0);
    const double cell = std::floor(u);
    z = static_cast<Real>(2 * (u - cell) - 1);
    first = static_cast<int>(cell) + 1 - (P + 1) / 2;
    if (first < 0) first += n;
    if (first >= n) first -= n;
}
template <int P, class Real> [[gnu::always_inline]] inline void locate(std::int32_t fraction, int n, int &first, Real &z) {
    const std::uint64_t u = static_cast<std::uint64_t>(static_cast<std::uint32_t>(fraction)) * static_cast<std::uint64_t>(n) + (P % 2 ? 0x80000000u : 0u);
    z = static_cast<Real>(static_cast<std::int32_t>(static_cast<std::uint32_t>(u) ^ 0x80000000u)) * Real(1 / 2147483648.0);
    first = static_cast<int>(u >> 32) + 1 - (P + 1) / 2;
    if (first < 0) first += n;
    if (first >= n) first -= n;
}

template <int P, class Real, class Fraction>
[[gnu::always_inline]] inline void place(const MeshShape &mesh, const Window<Real> &window, const Fraction (&s)[3], Place<Real> &at) {
    Real z[3];
    locate<P>(s[0], mesh.points(0), at.x, z[0]);
    locate<P>(s[1], mesh.points(1), at.y, z[1]);
    locate<P>(s[2], mesh.points(2), at.z, z[2]);
    window.weights(z, at.wx, at.wy, at.wz);
}

// Adds the charges of atoms [begin, end) to a mesh. `atom(i, s)` puts the fractions of atom i into s and returns its charge.
// Planes are cleared when first touched; which were is noted, so that several threads can have a mesh each.
template <int P, class Fraction, class Real, class Atom>
void spread(const MeshShape &mesh, const Window<Real> &window, std::size_t begin, std::size_t end, const Atom &atom, Real *charge, std::uint8_t *touched) {
    const std::size_t *plane_of = mesh.plane_of(), *row_of = mesh.row_of();
    for (std::size_t i = begin; i < end; ++i) {
        Fraction s[3];
        const Real q = atom(i, s);
        Place<Real> at;
        place<P>(mesh, window, s, at);
        const Eight<Real> w = q * at.wz;
        for (int a = 0; a < P; ++a) {
            const std::size_t x = plane_of[at.x + a];
            std::uint8_t &seen = touched[at.x + a < mesh.points(0) ? at.x + a : at.x + a - mesh.points(0)];
            if (!seen) std::memset(static_cast<void *>(charge + x), 0, mesh.plane() * sizeof(Real)), seen = 1;
            Real *plane = charge + x + at.z;
            const Eight<Real> wa = w * at.wx[a];
#pragma GCC unroll 8
            for (int b = 0; b < P; ++b) {
                Real *row = plane + row_of[at.y + b];
                simd::store(row, simd::load<Eight<Real>>(row) + wa * at.wy[b]);
            }
        }
    }
}

template <class Real> [[gnu::always_inline]] inline Real sum(const Eight<Real> &v) {
    const auto four = __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

// Three fields at the places of atoms [begin, end); `push(i, f)` takes the result.
template <int P, class Fraction, class Real, class Atom, class Push>
void interpolate(const MeshShape &mesh, const Window<Real> &window, std::size_t begin, std::size_t end, const Atom &atom, const Real *const (&field)[3],
                 const Push &push) {
    const std::size_t *plane_of = mesh.plane_of(), *row_of = mesh.row_of();
    for (std::size_t i = begin; i < end; ++i) {
        Fraction s[3];
        const Real q = atom(i, s);
        Place<Real> at;
        place<P>(mesh, window, s, at);
        Eight<Real> f0{}, f1{}, f2{};
        for (int a = 0; a < P; ++a) {
            const std::size_t x = plane_of[at.x + a] + static_cast<std::size_t>(at.z);
            Eight<Real> g0{}, g1{}, g2{};
#pragma GCC unroll 8
            for (int b = 0; b < P; ++b) {
                const std::size_t row = x + row_of[at.y + b];
                const Real w = at.wy[b];
                g0 += w * simd::load<Eight<Real>>(field[0] + row);
                g1 += w * simd::load<Eight<Real>>(field[1] + row);
                g2 += w * simd::load<Eight<Real>>(field[2] + row);
            }
            f0 += at.wx[a] * g0, f1 += at.wx[a] * g1, f2 += at.wx[a] * g2;
        }
        push(i, q * sum<Real>(f0 * at.wz), q * sum<Real>(f1 * at.wz), q * sum<Real>(f2 * at.wz));
    }
}

} // namespace glasswright
