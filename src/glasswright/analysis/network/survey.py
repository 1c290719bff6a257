"""Everything about the network of a glass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..findings import Findings, Number, Population
from ..frames import elements_and_types
from ..pairs.cutoffs import ANIONS
from ..sample import Sample
from .angles import angles_of, bridge_angles, distributions
from .bonds import Bonds, all_bonds, network_cutoffs, network_formers
from .clusters import Clusters, clusters
from .connectivity import connectivity
from .constraints import FEWEST, Constraints, mean_field_constraints, moving_constraints
from .dihedrals import dihedral_angles
from .environments import coordination_defects, four_coordinated
from .homopolar import homopolar_bonds
from .linkages import linkages, qn_environments
from .modifiers import modifier_surroundings
from .sharing import edge_sharing, polyhedra_sharing
from .speciation import oxygen_speciation, qn

if TYPE_CHECKING:
    from ase import Atoms

RARE = 5e-4
"""Cases below this share are left out of a population (its file and its plot stay legible)."""
MOST_FRAMES = 100
"""Configurations of a trajectory that constraints are followed over."""
SIZES = ((1, 1), (2, 4), (5, 19), (20, 99), (100, np.inf))
"""Sizes of clusters that are counted together."""


def survey_network(sample: Sample) -> Findings:
    """Angles, Qn units, oxygens, polyhedra, bridges, clusters and constraints."""
    bonds = all_bonds(sample.frames, network_cutoffs(sample.bonds, elements_and_types(sample.frames[0])[0]))
    found = _angles(bonds)
    if bonds[0].roles.linkers and bonds[0].roles.formers:
        found = found | _units(bonds) | _polyhedra(sample, bonds) | _modifiers(bonds)
    return found | _constraints(sample, bonds)


def _angles(bonds: Sequence[Bonds]) -> Findings:
    """Angles at every atom, dihedral angles of the network."""
    per_frame, elements = [angles_of(b) for b in bonds], bonds[0].elements
    curves = {f"angle_{'-'.join(triplet)}": curve for triplet, curve in distributions(per_frame, np.linspace(0, 180, 91)).items()}
    curves |= {f"dihedral_{'-'.join(chain)}": curve for chain, curve in dihedral_angles(bonds, bin_width=5.0).items()}
    # In an oxide the angles of the network only: those at and around modifiers are many, broad and never measured.
    shown = {*network_formers(elements), *ANIONS} if "O" in elements else set(elements)
    numbers = {}
    for triplet in sorted(t for t in set.intersection(*(set(a) for a in per_frame)) if set(t) <= shown):
        name = "-".join(triplet)
        numbers[f"{name} angle"] = Number.over([float(a[triplet].mean()) for a in per_frame], "degree")
        numbers[f"{name} angle, standard deviation"] = Number.over([float(a[triplet].std()) for a in per_frame], "degree")
    return Findings(curves, numbers)


def _units(bonds: Sequence[Bonds]) -> Findings:
    """Qn units, species of oxygen, what bridges what."""
    role, numbers = bonds[0].roles, dict[str, Number]()
    populations = {"linkages": Population("What the linkers join", _frequent(linkages(bonds)), "fraction", "linkage")}
    if "O" in role.linkers and network_formers(role.formers):
        each = [qn([b]) for b in bonds]
        for former in each[0]:
            most = max(max(p[former]) for p in each)
            cases = {str(n): Number.over([p[former].get(n, 0.0) for p in each]) for n in range(most + 1)}
            populations[f"qn_{former}"] = Population(f"Qn of {former}", cases, "fraction", f"bridging oxygens around {former}")
        species = [oxygen_speciation([b]) for b in bonds]
        names = {"bridging": "bridging", "non-bridging": "non_bridging", "free": "free", "tricluster": "tricluster"}
        oxygen = {name: Number.over([getattr(o, field) for o in species]) for name, field in names.items()}
        populations["oxygen"] = Population("Oxygen species", oxygen, "fraction", "oxygen")
        numbers["non-bridging oxygen fraction"] = oxygen["non-bridging"]
        if len(each[0]) == 1:  # of several network formers there is no one mean
            numbers["mean Qn"] = Number.over([sum(n * f for n, f in fractions.items()) for p in each for fractions in p.values()])
    curves = {}
    if len(role.formers) > 1:
        for former, cases in qn_environments(bonds).items():
            populations[f"units_{former}"] = Population(f"Qn of {former} by what it is linked to", _frequent(cases), "fraction", "unit")
        bridges = connectivity(bonds)
        for what, attribute in (("connectivity", "share"), ("connectivity_random", "random"), ("connectivity_ratio", "ratio")):
            cases = {"-".join(pair): getattr(b, attribute) for pair, b in bridges.items()}
            populations[what] = Population("Bridges between network formers", cases, _WHAT[attribute], "bridge")
    else:
        curves = {f"bridge_angle_{a.split()[1]}-{b.split()[1]}": c for (a, b), c in bridge_angles(bonds, bin_width=5.0).items() if c.metadata["number"] > 100}  # type: ignore[operator]
    return Findings(curves, numbers, populations)


_WHAT = {"share": "fraction of bridges", "random": "fraction of bridges by chance", "ratio": "over chance"}


def _polyhedra(sample: Sample, bonds: Sequence[Bonds]) -> Findings:
    """Sharing of corners and edges, wrong bonds, coordination of boron, defects, whether the network spans the system."""
    role, numbers, populations = bonds[0].roles, dict[str, Number](), dict[str, Population]()
    for pair, sharing in polyhedra_sharing(bonds).items():
        cases = {"corner": sharing.corner, "edge": sharing.edge, "face": sharing.face}
        populations[f"sharing_{'-'.join(pair)}"] = Population(f"Polyhedra of {' and '.join(dict.fromkeys(pair))}", cases, "fraction of joined pairs", "shared")
    for former, share in edge_sharing(bonds).items():
        numbers[f"{former} in shared edges"] = share
    for pair, wrong in homopolar_bonds(sample.frames, network_cutoffs(sample.bonds, bonds[0].elements, wrong=True)).items():
        if wrong.of_bonds.value > 0:
            numbers[f"{'-'.join(pair)} bonds, share of all bonds"] = wrong.of_bonds
            numbers[f"{'-'.join(pair)} bonds, share of the atoms"] = wrong.of_atoms
    if "B" in role.formers and "O" in role.linkers:
        numbers["four-coordinated boron"] = four_coordinated(bonds)
    for element, defects in coordination_defects(bonds).items():
        populations[f"defects_{element}"] = Population(f"Coordination defects of {element}", _frequent(defects), "fraction", "defect")
    network = clusters(bonds, role.formers, role.linkers)
    numbers["largest part of the network"] = network.largest
    numbers["directions that the network spans"] = network.spanning
    return Findings(numbers=numbers, populations={name: p for name, p in populations.items() if p.cases})


def _modifiers(bonds: Sequence[Bonds]) -> Findings:
    """Where modifiers sit, and their clusters through non-bridging linkers."""
    numbers, populations = dict[str, Number](), dict[str, Population]()
    for element, around in modifier_surroundings(bonds).items():
        linker = "/".join(bonds[0].roles.linkers)
        numbers[f"non-bridging {linker} around {element}"] = around.non_bridging
        numbers[f"bridging {linker} around {element}"] = around.bridging
        numbers[f"{element} with bridging {linker} only"] = around.compensating
        found = clusters(bonds, element, "non-bridging")
        populations[f"clusters_{element}"] = Population(
            f"Clusters of {element} through non-bridging linkers", _sizes(found), f"fraction of {element}", "members"
        )
        numbers[f"largest cluster of {element}"] = found.largest
        numbers[f"directions that {element} spans"] = found.spanning
    return Findings(numbers=numbers, populations=populations)


def _sizes(found: Clusters) -> dict[str, Number]:
    cases = {_range(low, high): found.shares(low, high) for low, high in SIZES}
    return cases | {f"spanning {d} direction{'s' if d > 1 else ''}": found.shares(1, np.inf, d) for d in (1, 2, 3)}


def _range(low: int, high: float) -> str:
    return str(low) if low == high else f"{low} to {high:.0f}" if np.isfinite(high) else f"{low} or more"


def _constraints(sample: Sample, bonds: Sequence[Bonds]) -> Findings:
    counted = {"mean field, all angles": mean_field_constraints(bonds)}
    if bonds[0].roles.linkers:
        counted["mean field, bridging angles broken"] = mean_field_constraints(bonds, bridges=False)
    numbers = {f"constraints per atom, {name}": c.total for name, c in counted.items()}
    for frames in (sample.frames, sample.trajectory):
        if len(frames) >= FEWEST and _in_time(frames):
            every = -(-len(frames) // MOST_FRAMES)
            name = "motion in the melt" if frames[0].info.get("stage") == "melt" else "motion"
            followed = [frames[i] for i in range(0, len(frames), every)]
            counted[name] = moving_constraints(followed, network_cutoffs(sample.bonds, bonds[0].elements))
            numbers[f"constraints per atom, from {name}"] = counted[name].total
    return Findings(numbers=numbers, populations={"constraints": _by_part(counted)})


def _in_time(frames: Sequence[Atoms]) -> bool:
    """Whether configurations follow each other in time, and are not independent ones."""
    times = [frames[i].info.get("time") for i in (0, 1, -1)]
    return None not in times and times[0] < times[1] <= times[2]


def _by_part(counted: Mapping[str, Constraints]) -> Population:
    cases = {f"{part}, {name}": getattr(c, part) for name, c in counted.items() for part in ("stretching", "bending")}
    return Population("Topological constraints", cases, "constraints per atom", "constraint")


def _frequent(cases: Mapping[str, Number]) -> dict[str, Number]:
    return {name: number for name, number in cases.items() if number.value >= RARE}
