"""Structure of a glass: atoms, or a sequence of configurations, to curves and numbers."""

from .density import density
from .dynamics.displacement import mean_square_displacement, squared_displacement
from .network.angles import bond_angles, bond_cutoffs
from .network.speciation import OxygenSpeciation, network_formers, oxygen_speciation, qn
from .pairs.coordination import BondLength, bond_lengths, coordination, neighbours
from .pairs.cutoffs import bonded_pairs, cutoffs
from .pairs.rdf import partial_rdf, total_rdf, weighted_rdf
from .scattering.real_space import d_of_r, number_density, sine_transform, t_of_r, xray_rdf
from .scattering.structure_factor import partial_structure_factors, structure_factor

__all__ = [
    "BondLength",
    "OxygenSpeciation",
    "bond_angles",
    "bond_cutoffs",
    "bond_lengths",
    "bonded_pairs",
    "coordination",
    "cutoffs",
    "d_of_r",
    "density",
    "mean_square_displacement",
    "neighbours",
    "network_formers",
    "number_density",
    "oxygen_speciation",
    "partial_rdf",
    "partial_structure_factors",
    "qn",
    "sine_transform",
    "squared_displacement",
    "structure_factor",
    "t_of_r",
    "total_rdf",
    "weighted_rdf",
    "xray_rdf",
]
