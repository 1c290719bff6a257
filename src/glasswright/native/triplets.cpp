// Stillinger-Weber as a Python object: a term of the forces, and a cost of Monte Carlo moves.
#include "triplets.hpp"
#include "bindings.hpp"
#include "triplet_energy.hpp"

#include <nanobind/stl/shared_ptr.h>

namespace glasswright {
namespace {

using Pairs = nb::ndarray<const double, nb::shape<-1, -1, 7>, nb::c_contig, nb::device::cpu>;
using Triplets = nb::ndarray<const double, nb::shape<-1, -1, -1, 2>, nb::c_contig, nb::device::cpu>;

std::vector<BondParameters> checked_bonds(const Pairs &pairs, std::size_t types) {
    std::vector<BondParameters> bonds;
    for (std::size_t k = 0; k < types * types; ++k) {
        const double *v = pairs.data() + 7 * k, *mirror = pairs.data() + 7 * (k % types * types + k / types);
        for (int m = 0; m < 7; ++m) {
            if (!(v[m] >= 0 && v[m] <= 1e6)) throw std::invalid_argument("Parameters of pairs must be 0 to 1e6.");
            if (v[m] != mirror[m]) throw std::invalid_argument("Parameters of pairs must not depend on the order of their types.");
        }
        const BondParameters b{v[0], v[1], v[2], v[3], v[4], v[5], v[6]};
        if (!(b.sigma > 0 && b.gamma > 0 && b.cutoff >= 0.5 && b.cutoff <= 100)) throw std::invalid_argument("sigma and gamma of pairs must be positive, the cutoff 0.5 to 100 Å.");
        if (b.p > 64 || b.q > 64) throw std::invalid_argument("Powers of pairs must be at most 64.");
        bonds.push_back(b);
    }
    return bonds;
}

std::vector<AngleParameters> checked_angles(const Triplets &triplets, std::size_t types) {
    std::vector<AngleParameters> angles;
    for (std::size_t k = 0; k < types * types * types; ++k) {
        const double *v = triplets.data() + 2 * k;
        if (!(std::abs(v[0]) <= 1e9 && std::abs(v[1]) <= 1)) throw std::invalid_argument("Triplets need finite strengths and cosines from -1 to 1.");
        const std::size_t centre = k / types / types, a = k / types % types, b = k % types;
        const double *mirror = triplets.data() + 2 * ((centre * types + b) * types + a);
        if (v[0] != mirror[0] || v[1] != mirror[1]) throw std::invalid_argument("Parameters of triplets must not depend on the order of their ends.");
        angles.push_back({v[0], v[1]});
    }
    return angles;
}

int checked_types(const Pairs &pairs, const Triplets &triplets) {
    const std::size_t types = pairs.shape(0);
    if (types < 1 || types > 64) throw std::invalid_argument("Stillinger-Weber takes 1 to 64 types.");
    if (pairs.shape(1) != types || triplets.shape(0) != types || triplets.shape(1) != types || triplets.shape(2) != types)
        throw std::invalid_argument("Pairs must be (types, types, 7) and triplets (types, types, types, 2).");
    return static_cast<int>(types);
}

std::shared_ptr<Term> make_term(const Pairs &pairs, const Triplets &triplets, bool double_precision) {
    const int types = checked_types(pairs, triplets);
    auto bonds = checked_bonds(pairs, pairs.shape(0));
    auto angles = checked_angles(triplets, pairs.shape(0));
    if (double_precision) return std::make_shared<StillingerWeber<DoubleDifferences>>(types, bonds, angles);
    return std::make_shared<StillingerWeber<FixedDifferences>>(types, bonds, angles);
}

std::shared_ptr<Cost> make_energy(const Pairs &pairs, const Triplets &triplets) {
    const int types = checked_types(pairs, triplets);
    return std::make_shared<StillingerWeberEnergy>(types, checked_bonds(pairs, pairs.shape(0)), checked_angles(triplets, pairs.shape(0)));
}

} // namespace
} // namespace glasswright

void bind_triplets(nb::module_ &m) {
    m.def("triplet_term", &glasswright::make_term, nb::arg("pairs"), nb::arg("triplets"), nb::arg("double_precision") = false,
          "Stillinger-Weber: of every two types strength [eV], sigma [Å], cutoff [Å], gamma, B, p, q (types, types, 7); of every centre and two ends strength "
          "[eV] and cosine (types, types, types, 2).");
    m.def("triplet_energy", &glasswright::make_energy, nb::arg("pairs"), nb::arg("triplets"), "The same for the Monte Carlo.");
}
