"""Structure of a glass: atoms, or a sequence of configurations, to curves and numbers."""

from ..experiment.transform import sine_transform
from .density import density, number_density
from .dynamics.collective_scattering import intermediate_scattering
from .dynamics.currents import CurrentCorrelations, current_correlations
from .dynamics.diffusion import Diffusion, diffusion
from .dynamics.displacement import mean_square_displacement, squared_displacement
from .dynamics.non_gaussian import non_gaussian_parameter
from .dynamics.relaxation import Relaxation, relaxation_time
from .dynamics.self_scattering import self_intermediate_scattering
from .dynamics.susceptibility import four_point_susceptibility
from .dynamics.van_hove import van_hove_distinct, van_hove_self
from .dynamics.velocity import velocity_autocorrelation, vibrational_density_of_states
from .network.angles import bond_angles, bridge_angles
from .network.bonds import bond_cutoffs, network_formers
from .network.clusters import Clusters, clusters
from .network.connectivity import Bridges, connectivity
from .network.constraints import Constraints, mean_field_constraints, moving_constraints
from .network.dihedrals import dihedral_angles
from .network.environments import coordination_defects, coordination_fractions, environments, four_coordinated
from .network.homopolar import WrongBonds, homopolar_bonds
from .network.linkages import linkages, qn_environments
from .network.modifiers import Surroundings, modifier_surroundings
from .network.rings import Ring, RingStatistics, ring_members, ring_statistics, rings
from .network.sharing import Sharing, edge_sharing, polyhedra_sharing
from .network.speciation import OxygenSpeciation, oxygen_speciation, qn
from .pairs.coordination import BondLength, bond_lengths, coordination, neighbours
from .pairs.cutoffs import bonded_pairs, cutoffs
from .pairs.peaks import PeakFit, bond_peaks, fit_first_peak
from .pairs.rdf import partial_rdf, total_rdf, weighted_rdf
from .pairs.running_coordination import running_coordination
from .pairs.three_body import altbc, alternation
from .scattering.contrast import Combination, ContrastPartials, IsotopicDifference, isotopic_difference, partials_by_contrast
from .scattering.conversion import convert
from .scattering.ensemble import CurveSpread, Ensemble, PartialSpread, ensemble
from .scattering.formalisms import convert_partials
from .scattering.fsdp import DiffractionPeak, first_sharp_diffraction_peak
from .scattering.real_space import d_of_r, t_of_r, xray_rdf
from .scattering.resolution import broaden
from .scattering.structure_factor import partial_structure_factors, structure_factor
from .space.bond_order import BondOrder, bond_order
from .space.cavities import Cavities, cavities, limiting_radius
from .space.fingerprints import Fingerprints, fingerprints
from .space.homology import PersistenceDiagram, persistence_diagrams
from .space.loops import accumulated_persistence, loop_spectrum
from .space.radii import contact_radii
from .space.tetrahedrality import tetrahedrality
from .space.voronoi import VoronoiCells, voronoi_cells

__all__ = [
    "BondLength",
    "BondOrder",
    "Bridges",
    "Cavities",
    "Clusters",
    "Combination",
    "Constraints",
    "ContrastPartials",
    "CurrentCorrelations",
    "CurveSpread",
    "DiffractionPeak",
    "Diffusion",
    "Ensemble",
    "Fingerprints",
    "IsotopicDifference",
    "OxygenSpeciation",
    "PartialSpread",
    "PeakFit",
    "PersistenceDiagram",
    "Relaxation",
    "Ring",
    "RingStatistics",
    "Sharing",
    "Surroundings",
    "VoronoiCells",
    "WrongBonds",
    "accumulated_persistence",
    "altbc",
    "alternation",
    "bond_angles",
    "bond_cutoffs",
    "bond_lengths",
    "bond_order",
    "bond_peaks",
    "bonded_pairs",
    "bridge_angles",
    "broaden",
    "cavities",
    "clusters",
    "connectivity",
    "contact_radii",
    "convert",
    "convert_partials",
    "coordination",
    "coordination_defects",
    "coordination_fractions",
    "current_correlations",
    "cutoffs",
    "d_of_r",
    "density",
    "diffusion",
    "dihedral_angles",
    "edge_sharing",
    "ensemble",
    "environments",
    "fingerprints",
    "first_sharp_diffraction_peak",
    "fit_first_peak",
    "four_coordinated",
    "four_point_susceptibility",
    "homopolar_bonds",
    "intermediate_scattering",
    "isotopic_difference",
    "limiting_radius",
    "linkages",
    "loop_spectrum",
    "mean_field_constraints",
    "mean_square_displacement",
    "modifier_surroundings",
    "moving_constraints",
    "neighbours",
    "network_formers",
    "non_gaussian_parameter",
    "number_density",
    "oxygen_speciation",
    "partial_rdf",
    "partial_structure_factors",
    "partials_by_contrast",
    "persistence_diagrams",
    "polyhedra_sharing",
    "qn",
    "qn_environments",
    "relaxation_time",
    "ring_members",
    "ring_statistics",
    "rings",
    "running_coordination",
    "self_intermediate_scattering",
    "sine_transform",
    "squared_displacement",
    "structure_factor",
    "t_of_r",
    "tetrahedrality",
    "total_rdf",
    "van_hove_distinct",
    "van_hove_self",
    "velocity_autocorrelation",
    "vibrational_density_of_states",
    "voronoi_cells",
    "weighted_rdf",
    "xray_rdf",
]
