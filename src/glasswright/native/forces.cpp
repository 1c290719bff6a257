// Pair tables and the composite of all forces, as Python classes.
#include "forces.hpp"
#include "bindings.hpp"
#include "pair_forces.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>

#include <optional>

namespace glasswright {
namespace {

// The kernel for a table: in registers where 8 octaves of 4 segments and degree 5 to 7 can be looked up there, gathered cubics, or double precision.
std::shared_ptr<Term> pair_term(const PairTable &table, bool double_precision) {
    table.check();
    if (double_precision) return std::make_shared<PairForces<InDouble, DoubleDifferences>>(table);
#if defined(GLASSWRIGHT_AVX512)
    if (InRegisters<5>::fits(table)) return std::make_shared<PairForces<InRegisters<5>, FixedDifferences>>(table);
    if (InRegisters<6>::fits(table)) return std::make_shared<PairForces<InRegisters<6>, FixedDifferences>>(table);
    if (InRegisters<7>::fits(table)) return std::make_shared<PairForces<InRegisters<7>, FixedDifferences>>(table);
#endif
    if (table.degree > 3) throw std::invalid_argument("In single precision a pair table must be cubic, or have 8 octaves of 4 segments and degree 5 to 7 with AVX-512.");
    return std::make_shared<PairForces<GatheredCubics, FixedDifferences>>(table);
}

using Tables = nb::ndarray<const double, nb::ndim<4>, nb::c_contig, nb::device::cpu>;

std::vector<double> copied(const double *from, std::size_t n) { return {from, from + n}; }

std::shared_ptr<Term> make_pairs(Table cutoff, Table scale, Doubles self_energy, Tables force, Tables energy, std::optional<Tables> trace, int per_octave, bool double_precision) {
    PairTable table;
    table.types = static_cast<int>(std::min<std::size_t>(cutoff.shape(0), 1000));
    table.per_octave = per_octave;
    table.degree = static_cast<int>(std::min<std::size_t>(force.shape(3), 100)) - 1;
    table.octaves = per_octave > 0 ? static_cast<int>(std::min<std::size_t>(force.shape(2) / per_octave, 1000)) : 0;
    table.cutoff = copied(cutoff.data(), cutoff.size()), table.scale = copied(scale.data(), scale.size());
    table.self_energy = copied(self_energy.data(), self_energy.size());
    table.force = copied(force.data(), force.size()), table.energy = copied(energy.data(), energy.size());
    if (trace) table.trace = copied(trace->data(), trace->size());
    return pair_term(table, double_precision);
}

nb::dict evaluate(Forces &self, const Vectors &positions, const Matrix &cell) {
    const std::size_t n = self.types().size();
    if (positions.shape(0) != n) throw std::invalid_argument("Positions and types must be of the same number of atoms.");
    const Cell box = to_cell(cell);
    auto forces = std::make_unique<std::vector<double>>(3 * n);
    Totals totals;
    {
        nb::gil_scoped_release release;
        totals = self.evaluate(positions.data(), box, forces->data());
    }
    nb::dict result;
    result["energy"] = totals.energy;
    result["forces"] = to_numpy(std::move(forces), {n, 3});
    result["virial"] = to_numpy(std::make_unique<std::vector<double>>(totals.virial.begin(), totals.virial.end()), {6});
    return result;
}

std::vector<std::int32_t> copied_types(const Integers &types) {
    std::vector<std::int32_t> copy;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types.data()[i] < 0 || types.data()[i] > 255) throw std::invalid_argument("Types of atoms must be 0 to 255.");
        copy.push_back(static_cast<std::int32_t>(types.data()[i]));
    }
    return copy;
}

} // namespace
} // namespace glasswright

void bind_forces(nb::module_ &m) {
    using namespace glasswright;
#if defined(GLASSWRIGHT_AVX512)
    m.attr("tables_in_registers") = true;
#else
    m.attr("tables_in_registers") = false;
#endif
    nb::class_<Term>(m, "Term", "One part of the energy.");
    m.def("pair_term", &make_pairs, nb::arg("cutoff"), nb::arg("scale"), nb::arg("self_energy"), nb::arg("force"), nb::arg("energy"), nb::arg("trace").none(),
          nb::arg("per_octave"), nb::arg("double_precision") = false,
          "Pairs from piecewise polynomials in r²: cutoff and scale (types, types), tables (types, types, segments, degree + 1).");
    nb::class_<Forces>(m, "Forces", "Everything that acts on the atoms.")
        .def(
            "__init__",
            [](Forces *self, const Integers &types, std::shared_ptr<Term> pairs, std::shared_ptr<Term> far_field, std::shared_ptr<Term> triplets, double skin, int threads) {
                std::vector<std::shared_ptr<Term>> terms;
                for (auto &term : {pairs, far_field, triplets})
                    if (term) terms.push_back(term);
                new (self) Forces(copied_types(types), std::move(terms), skin, threads);
            },
            nb::arg("types"), nb::kw_only(), nb::arg("pairs").none() = nb::none(), nb::arg("far_field").none() = nb::none(), nb::arg("triplets").none() = nb::none(),
            nb::arg("skin") = 1.0, nb::arg("threads") = 1)
        .def("evaluate", &evaluate, nb::arg("positions"), nb::arg("cell"), "Energy [eV], forces (n, 3) [eV/Å] and virial -dE/dε (xx, yy, zz, yz, xz, xy) [eV].")
        .def_prop_ro("cutoff", &Forces::cutoff)
        .def_prop_ro("evaluations", &Forces::evaluations)
        .def_prop_ro("rebuilds", &Forces::rebuilds)
        .def_prop_ro("pairs", [](const Forces &self) { return self.list().pairs(); }, "Ordered pairs in the neighbour list.")
        .def_prop_ro("list_radius", [](const Forces &self) { return self.list().radius(); });
}
