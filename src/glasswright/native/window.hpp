// The window that spreads a charge over P mesh points per axis, as one polynomial per point: all P weights in one pass of Horner.
#pragma once

#include "simd.hpp"

#include <stdexcept>

namespace glasswright {

// Eight numbers that are worked on together: the weights of one axis, eight mesh points in a row, eight transforms.
template <class Real> using Eight = simd::Vec<Real, 8>;

template <class Real> class Window {
public:
    static constexpr int widest = 8;
    // Enough for the precision of each type.
    static constexpr int degree = sizeof(Real) == 4 ? 8 : 14;

    // `polynomials` (degree + 1, points): coefficient d of the weight of point j in z = 2 f - 1, f the fraction of a mesh cell by
    // which the charge lies beyond the point before it.
    Window(const double *polynomials, std::size_t rows, int points) : points_(points) {
        if (points < 4 || points > widest) throw std::invalid_argument("A charge must be spread over 4 to 8 mesh points per axis.");
        if (rows != degree + 1) throw std::invalid_argument("The polynomials of the window must have degree 8, or 14 in double precision.");
        for (int d = 0; d <= degree; ++d)
            for (int j = 0; j < widest; ++j) coefficient_[d][j] = j < points ? static_cast<Real>(polynomials[d * points + j]) : Real(0);
    }

    int points() const { return points_; }

    // The weights along three axes; those beyond P are zero.
    [[gnu::always_inline]] void weights(const Real (&z)[3], Eight<Real> &x, Eight<Real> &y, Eight<Real> &w) const {
        x = y = w = coefficient_[degree];
#pragma GCC unroll 16
        for (int d = degree - 1; d >= 0; --d) {
            const Eight<Real> c = coefficient_[d];
            x = x * z[0] + c, y = y * z[1] + c, w = w * z[2] + c;
        }
    }

private:
    Eight<Real> coefficient_[degree + 1];
    int points_;
};

} // namespace glasswright
