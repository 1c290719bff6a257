// Energies and constraints of the Monte Carlo as Python objects; Stillinger-Weber is made beside its term for dynamics.
#include "bindings.hpp"
#include "constraints.hpp"
#include "reciprocal_energy.hpp"

#include <nanobind/stl/shared_ptr.h>

namespace glasswright {
namespace {

using Indices = nb::ndarray<const std::int64_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu>;

void require(bool sound, const char *what) {
    if (!sound) throw std::invalid_argument(what);
}

// So far from overflow that sums of products are finite.
std::vector<double> sound(const Doubles &values, const char *what) {
    for (std::size_t i = 0; i < values.size(); ++i) require(std::abs(values.data()[i]) < 1e12, what);
    return {values.data(), values.data() + values.size()};
}

std::shared_ptr<Cost> reciprocal(const Doubles &charges, double largest_k, const Doubles &psi, double at_zero) {
    require(charges.size() >= 1 && charges.size() <= 256, "There must be charges of 1 to 256 types of atoms.");
    require(largest_k > 0 && largest_k < 1e3, "The spectrum of the far field must end between 0 and 1000 1/Å.");
    require(psi.size() >= 1 && psi.size() <= 1000 && std::abs(at_zero) < 1e12, "The spectrum must be a polynomial with finite coefficients.");
    return std::make_shared<ReciprocalEnergy>(sound(charges, "Charges must be finite."), largest_k, sound(psi, "The spectrum must be a polynomial with finite coefficients."), at_zero);
}

TypeSet types(const Integers &chosen) {
    require(chosen.size() >= 1 && chosen.size() <= 256, "A constraint must say of 1 to 256 types of atoms whether they are meant.");
    return TypeSet(std::vector<bool>(chosen.data(), chosen.data() + chosen.size()));
}

Range range(double least, double most, const char *what) {
    require(least >= 0 && least <= most && most < 1e6, what);
    return {least, most};
}
constexpr const char *distances = "Distances must be positive and finite, the shortest first.";

double length(double value) {
    require(value > 0 && value < 1e3, distances);
    return value;
}

double checked(double weight) {
    require(weight >= 0 && weight < 1e12, "The weight of a constraint must be finite and not negative.");
    return weight;
}

std::shared_ptr<Constraint> coordination(const Integers &centre, const Integers &neighbour, double shortest, double longest, int least, int most, double share, double tolerance, double weight, bool hard) {
    require(centre.size() == neighbour.size(), "Centres and neighbours must be chosen among the same types.");
    require(least >= 0 && least <= most, "Coordination numbers must not be negative, the least first.");
    require(share <= 1 && tolerance >= 0 && tolerance <= 1, "A share and its tolerance must be at most 1.");
    const Range distance = range(shortest, length(longest), distances);
    return std::make_shared<CoordinationConstraint>(types(centre), types(neighbour), distance, least, most, CoordinationConstraint::Share{share, tolerance}, checked(weight), hard);
}

std::shared_ptr<Constraint> angle(const Integers &centre, const Integers &end, const Integers &other, double cutoff, double other_cutoff, double least, double most, double weight, bool hard) {
    require(centre.size() == end.size() && centre.size() == other.size(), "Centre and ends must be chosen among the same types.");
    require(most <= 180, "Angles must lie between 0 and 180 degrees.");
    const Range angles = range(least, most, "Angles must lie between 0 and 180 degrees.");
    return std::make_shared<AngleConstraint>(types(centre), std::array{AngleConstraint::Ends{types(end), length(cutoff)}, AngleConstraint::Ends{types(other), length(other_cutoff)}}, angles, checked(weight), hard);
}

std::shared_ptr<Constraint> bonds(const Indices &pairs, double shortest, double longest, double weight, bool hard) {
    std::vector<std::array<std::size_t, 2>> atoms;
    for (std::size_t k = 0; k < pairs.shape(0); ++k) {
        const std::int64_t i = pairs.data()[2 * k], j = pairs.data()[2 * k + 1];
        require(i >= 0 && j >= 0 && i != j, "Bonds must be between two different atoms, counted from 0.");
        atoms.push_back({static_cast<std::size_t>(i), static_cast<std::size_t>(j)});
    }
    return std::make_shared<BondConstraint>(std::move(atoms), range(shortest, length(longest), distances), checked(weight), hard);
}

} // namespace
} // namespace glasswright

void bind_costs(nb::module_ &m) {
    using namespace glasswright;
    nb::class_<Constraint, Cost>(m, "Constraint").def_prop_ro("violation", &Constraint::violation, "Of the present atoms, in the unit of the constraint.");
    m.def("reciprocal_energy", &reciprocal, nb::arg("charges"), nb::arg("largest_k"), nb::arg("psi"), nb::arg("at_zero"),
          "The far field of an Ewald sum: charges of each type [e], where the spectrum ends [1/Å], 4π e²/(4πε₀) ψ as a polynomial in 2 (k/largest_k)² - 1, highest "
          "power first, and the far part at r = 0 [eV].");
    m.def("coordination_constraint", &coordination, nb::arg("centre"), nb::arg("neighbour"), nb::arg("shortest"), nb::arg("longest"), nb::arg("least"), nb::arg("most"), nb::arg("share"),
          nb::arg("tolerance"), nb::arg("weight"), nb::arg("hard"),
          "Neighbours within distances [Å]; of each type whether it is a centre and a neighbour; below 0 the share counts every atom.");
    m.def("angle_constraint", &angle, nb::arg("centre"), nb::arg("end"), nb::arg("other_end"), nb::arg("cutoff"), nb::arg("other_cutoff"), nb::arg("least"), nb::arg("most"), nb::arg("weight"),
          nb::arg("hard"), "Angles [degrees] between bonds shorter than the cutoffs [Å].");
    m.def("bond_constraint", &bonds, nb::arg("pairs"), nb::arg("shortest"), nb::arg("longest"), nb::arg("weight"), nb::arg("hard"), "Distances [Å] of given pairs of atoms (n, 2).");
}
