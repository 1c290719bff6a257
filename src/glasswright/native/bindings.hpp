// What the translation units of the core add to its Python module, and the array types they share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "system.hpp"

#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace nb = nanobind;

void bind_histogram(nb::module_ &m);
void bind_neighbours(nb::module_ &m);
void bind_smooth_pairs(nb::module_ &m);
void bind_forces(nb::module_ &m);
void bind_far_field(nb::module_ &m);
void bind_triplets(nb::module_ &m);
void bind_kernel(nb::module_ &m);
void bind_dynamics(nb::module_ &m);
void bind_reciprocal(nb::module_ &m);
void bind_costs(nb::module_ &m);
void bind_rings(nb::module_ &m);
void bind_homology(nb::module_ &m);
void bind_correlations(nb::module_ &m);
void bind_monte_carlo(nb::module_ &m);

namespace glasswright {

using Vectors = nb::ndarray<const double, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<const double, nb::shape<3, 3>, nb::c_contig, nb::device::cpu>;
using Integers = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Rows are cell vectors, lower triangular.
inline Cell to_cell(const Matrix &matrix) {
    const double *h = matrix.data();
    for (int k = 0; k < 9; ++k)
        if (!std::isfinite(h[k])) throw std::invalid_argument("The matrix of the cell must be finite.");
    if (h[1] != 0 || h[2] != 0 || h[5] != 0) throw std::invalid_argument("The matrix of the cell must be lower triangular.");
    const Cell cell{h[0], h[4], h[8], h[7], h[6], h[3]};
    cell.check();
    return cell;
}

// A NumPy array that owns what is given.
template <class T> auto to_numpy(std::unique_ptr<std::vector<T>> values, std::initializer_list<std::size_t> shape) {
    T *data = values->data();
    nb::capsule owner(values.release(), [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return nb::ndarray<nb::numpy, T>(data, shape, owner);
}

} // namespace glasswright
