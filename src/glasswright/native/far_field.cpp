// The far field as a Python class.
#include "far_field.hpp"
#include "bindings.hpp"
#include "fixed_point.hpp"

#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace {

using namespace glasswright;

void check(const std::vector<double> &values, const char *what) {
    for (const double v : values)
        if (!std::isfinite(v)) throw std::invalid_argument(std::string(what) + " must be finite numbers.");
}

FarField *make(std::vector<double> charges, std::array<int, 3> points, Table window, double largest_k, std::vector<double> psi, double at_zero,
               std::array<std::vector<double>, 3> deconvolution, std::array<std::vector<double>, 3> aliases, bool double_precision) {
    check(charges, "Charges"), check(psi, "Coefficients");
    if (charges.empty() || charges.size() > 1000) throw std::invalid_argument("There must be 1 to 1000 types of atoms.");
    if (psi.size() < 2 || psi.size() > 100) throw std::invalid_argument("The spectrum must be a polynomial of degree 1 to 99.");
    if (!(largest_k > 0 && largest_k < 1e3) || !std::isfinite(at_zero)) throw std::invalid_argument("The spectrum must end at a positive wave vector.");
    for (std::size_t d = 0; d < 3; ++d) {
        check(deconvolution[d], "Deconvolutions"), check(aliases[d], "Aliases");
        if (deconvolution[d].size() != static_cast<std::size_t>(points[d]) || aliases[d].size() != deconvolution[d].size())
            throw std::invalid_argument("Deconvolutions and aliases must have one number per mesh point of an axis.");
    }
    const auto build = [&]<class Real>(Real) -> std::unique_ptr<Term> {
        return std::make_unique<MeshSum<Real>>(charges, points, Window<Real>(window.data(), window.shape(0), static_cast<int>(window.shape(1))),
                                               FarShape{largest_k, psi, deconvolution, aliases}, at_zero);
    };
    return new FarField(double_precision ? build(double{}) : build(float{}));
}

// The far field alone, in the order of the caller.
nb::dict evaluate(FarField &self, Vectors positions, Matrix cell, Integers types, const std::string &need, int threads) {
    const Cell box = to_cell(cell);
    const std::size_t n = positions.shape(0);
    if (types.shape(0) != n) throw std::invalid_argument("There must be one type per atom.");
    if (threads < 1 || threads > 1024) throw std::invalid_argument("The number of threads must be 1 to 1024.");
    if (need != "forces" && need != "pressure" && need != "everything") throw std::invalid_argument("What is needed must be forces, pressure or everything.");
    const Need what = need == "forces" ? Need::forces : need == "pressure" ? Need::pressure : Need::everything;
    Atoms atoms;
    Totals totals;
    {
        nb::gil_scoped_release unlocked;
        atoms.size = n;
        atoms.position.assign(positions.data(), positions.data() + 3 * n);
        for (std::size_t i = 0; i < n; ++i) {
            if (types.data()[i] < 0 || types.data()[i] >= self.types()) throw std::invalid_argument("A type of an atom is out of range.");
            atoms.type.push_back(static_cast<std::int32_t>(types.data()[i]));
        }
        Team team(threads);
        refresh_fixed(atoms, box, team);
        atoms.force.assign(3 * n, 0.0);
        self.add(atoms, box, what, team, totals);
    }
    nb::dict out;
    out["energy"] = totals.energy;
    out["forces"] = to_numpy(std::make_unique<std::vector<double>>(std::move(atoms.force)), {n, 3});
    out["virial"] = to_numpy(std::make_unique<std::vector<double>>(totals.virial.begin(), totals.virial.end()), {6});
    return out;
}

// Eight complex lines of n numbers, transformed; for tests.
template <class Real> nb::tuple transform(Table re, Table im) {
    const std::size_t n = re.shape(0);
    if (re.shape(1) != 8 || im.shape(0) != n || im.shape(1) != 8 || n < 1 || n > 4096) throw std::invalid_argument("There must be eight lines of 1 to 4096 numbers.");
    const Fourier<Real> fourier(static_cast<int>(n));
    Buffer<Real> memory(32 * n);
    auto *line = reinterpret_cast<Eight<Real> *>(memory.data());
    const Lines<Real> x{line, line + n}, spare{line + 2 * n, line + 3 * n};
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t b = 0; b < 8; ++b) x.re[k][b] = static_cast<Real>(re.data()[8 * k + b]), x.im[k][b] = static_cast<Real>(im.data()[8 * k + b]);
    const Lines<Real> result = fourier.forward(x, spare);
    auto out_re = std::make_unique<std::vector<double>>(8 * n), out_im = std::make_unique<std::vector<double>>(8 * n);
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t b = 0; b < 8; ++b) (*out_re)[8 * k + b] = result.re[k][b], (*out_im)[8 * k + b] = result.im[k][b];
    return nb::make_tuple(to_numpy(std::move(out_re), {n, 8}), to_numpy(std::move(out_im), {n, 8}));
}

} // namespace

void bind_far_field(nb::module_ &m) {
    nb::class_<FarField, Term>(m, "FarField")
        .def(nb::new_(&make), nb::arg("charges"), nb::arg("points"), nb::arg("window"), nb::arg("largest_k"), nb::arg("psi"), nb::arg("at_zero"),
             nb::arg("deconvolution"), nb::arg("aliases"), nb::arg("double_precision"))
        .def("evaluate", &evaluate, nb::arg("positions"), nb::arg("cell"), nb::arg("types"), nb::arg("need") = "everything", nb::arg("threads") = 1);
    m.def("transform_single", &transform<float>, nb::arg("re"), nb::arg("im"));
    m.def("transform_double", &transform<double>, nb::arg("re"), nb::arg("im"));
}
