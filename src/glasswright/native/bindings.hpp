// What the translation units of the core add to its Python module, and the array types they share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace nb = nanobind;

void bind_histogram(nb::module_ &m);
void bind_forces(nb::module_ &m);
void bind_far_field(nb::module_ &m);
void bind_triplets(nb::module_ &m);
void bind_dynamics(nb::module_ &m);

namespace glasswright {

using Vectors = nb::ndarray<const double, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<const double, nb::shape<3, 3>, nb::c_contig, nb::device::cpu>;
using Integers = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// A NumPy array that owns what is given.
template <class T> auto to_numpy(std::unique_ptr<std::vector<T>> values, std::initializer_list<std::size_t> shape) {
    T *data = values->data();
    nb::capsule owner(values.release(), [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return nb::ndarray<nb::numpy, T>(data, shape, owner);
}

} // namespace glasswright
