"""Everything there is to say about the structure of one glass: its curves and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..curve import Curve
from .density import density
from .findings import Number
from .frames import Pair, elements_and_types, frames_of
from .network.angles import bond_angles, frame_angles
from .network.bonds import network_formers
from .network.speciation import oxygen_speciation, qn
from .pairs.coordination import Cutoffs, bond_lengths, coordination
from .pairs.cutoffs import ANIONS, bonded_pairs, cutoffs
from .pairs.rdf import partial_rdf, weighted_rdf
from .sample import Q_MAX
from .scattering.fsdp import first_sharp_diffraction_peak
from .scattering.real_space import real_space
from .scattering.shells import PairShells, pair_shells

if TYPE_CHECKING:
    from ase import Atoms

Q_STEP, Q_MAX_XRAY = 0.02, 20.0
Q_SHOWN = 25.0
"""S(Q) is kept up to here [1/Å]; T(r) uses it to ``Q_MAX``, the X-ray g(r) to ``Q_MAX_XRAY``."""


@dataclass(frozen=True)
class Neighbours:
    """Coordination of one kind of atom by another."""

    cutoff: float
    """[Å]"""
    mean: Number
    fractions: Mapping[int, float]
    """Number of neighbours → fraction of the centres."""


@dataclass(frozen=True)
class Survey:
    """Curves by file name, and numbers by what they are called in the summary."""

    curves: Mapping[str, Curve]
    numbers: Mapping[str, Number]
    neighbours: Mapping[Pair, Neighbours] = field(default_factory=dict)
    """(centre, neighbour) → coordination."""
    qn: Mapping[tuple[str, int], Number] = field(default_factory=dict)
    """(network former, bridging oxygens) → fraction."""
    oxygen: Mapping[str, Number] = field(default_factory=dict)
    """Species of oxygen → fraction."""


def survey(source: Atoms | Sequence[Atoms], shells: PairShells | None = None) -> Survey:
    """Compute all curves and numbers of a glass, averaged over configurations; ``shells`` may have been counted before."""
    frames = list(frames_of(source))
    limits = cutoffs(frames)
    bonds = {pair: limits[pair] for pair in bonded_pairs(frames)}
    curves, numbers = _curves(frames, bonds, shells or pair_shells(frames, Q_MAX)), _numbers(frames, limits, bonds)
    peak = first_sharp_diffraction_peak(curves["sq_neutron"])
    if peak is not None:
        numbers["first sharp diffraction peak, position"] = Number(peak[0], None, "1/Å")
        numbers["first sharp diffraction peak, height"] = Number(peak[1])
    populations, oxygen, of_network = _network(frames, limits)
    numbers |= of_network
    return Survey(curves, numbers, _neighbours(frames, limits), populations, oxygen)


def pair_name(pair: Pair) -> str:
    """The pair as the field writes it, anion last: ``Si-O``."""
    return "-".join(sorted(pair, key=lambda element: (element in ANIONS, element)))


def _curves(frames: Sequence[Atoms], bonds: Cutoffs, shells: PairShells) -> dict[str, Curve]:
    partials = partial_rdf(frames, 10.0, 0.02)
    curves = {f"rdf_{a}-{b}": curve for (a, b), curve in partials.items()}
    curves["rdf_total_neutron"] = weighted_rdf(partials, shells.fractions)
    q = np.arange(Q_STEP * np.ceil(2 * np.pi / shells.r_max / Q_STEP), Q_MAX, Q_STEP)
    samples = shells.partials(q)
    neutron, xray = samples.total("neutron"), samples.total("xray")
    curves["sq_neutron"], curves["sq_xray"] = _up_to(neutron, Q_SHOWN), _up_to(xray, Q_SHOWN)
    r = np.arange(0.02, 10.01, 0.02)
    curves["t_of_r_neutron"] = real_space(neutron, "T(r)", r, shells.density, shells.fractions, "lorch")
    curves["rdf_total_xray"] = real_space(_up_to(xray, Q_MAX_XRAY), "g(r)", r, shells.density, shells.fractions, "lorch")
    return curves | {f"angle_{'-'.join(triplet)}": curve for triplet, curve in bond_angles(frames, bonds, 2.0).items()}


def _up_to(curve: Curve, highest: float) -> Curve:
    kept = curve.x <= highest + 1e-9
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return Curve(curve.x[kept], curve.y[kept], sigma, curve.kind, curve.x_unit, curve.y_unit, curve.label, curve.metadata)


def _numbers(frames: Sequence[Atoms], limits: Cutoffs, bonds: Cutoffs) -> dict[str, Number]:
    numbers = {"density": Number.over([density(a) for a in frames], "g/cm3")}
    elements, _ = elements_and_types(frames[0])
    # Like pairs that a diffraction pattern shows beside the bonds: O-O, Si-Si.
    backbone = [(e, e) for e in elements if e in ANIONS or e in network_formers(elements)] if "O" in elements else []
    lengths = bond_lengths(frames, {pair: limits[pair] for pair in [*bonds, *backbone] if pair in limits})
    for pair, length in lengths.items():
        numbers[f"{pair_name(pair)} distance"] = Number(length.peak, None, "Å")
        if pair in bonds:
            numbers[f"{pair_name(pair)} distance, mean"] = Number(length.mean, None, "Å")
    per_frame = [coordination(a, bonds) for a in frames]
    for centre, neighbour in per_frame[0]:
        if centre not in ANIONS:
            numbers[f"{centre}-{neighbour} coordination"] = Number.over([float(c[centre, neighbour].mean()) for c in per_frame])
    angles = [frame_angles(a, bonds) for a in frames]
    # In an oxide the angles of the network only: those at and around modifiers are many, broad and never measured.
    shown = {*network_formers(elements), *ANIONS} if "O" in elements else set(elements)
    for triplet in sorted(t for t in set.intersection(*(set(a) for a in angles)) if set(t) <= shown):
        name = "-".join(triplet)
        numbers[f"{name} angle"] = Number.over([float(a[triplet].mean()) for a in angles], "degree")
        numbers[f"{name} angle, standard deviation"] = Number.over([float(a[triplet].std()) for a in angles], "degree")
    return numbers


def _neighbours(frames: Sequence[Atoms], limits: Cutoffs) -> dict[Pair, Neighbours]:
    per_frame = [coordination(a, limits) for a in frames]
    found = {}
    for centre, neighbour in per_frame[0]:
        values = np.concatenate([c[centre, neighbour] for c in per_frame])
        shares = np.bincount(values) / values.size
        cutoff = limits[(centre, neighbour) if centre <= neighbour else (neighbour, centre)]
        mean = Number.over([float(c[centre, neighbour].mean()) for c in per_frame])
        found[centre, neighbour] = Neighbours(cutoff, mean, {n: float(f) for n, f in enumerate(shares)})
    return found


def _network(frames: Sequence[Atoms], limits: Cutoffs) -> tuple[dict[tuple[str, int], Number], dict[str, Number], dict[str, Number]]:
    """Qn populations, species of oxygen, and the numbers of the summary that follow from either."""
    elements, _ = elements_and_types(frames[0])
    if "O" not in elements or not network_formers(elements):
        return {}, {}, {}
    populations = [qn(a, limits) for a in frames]
    oxygen = [oxygen_speciation(a, limits) for a in frames]
    found = {}
    for former in populations[0]:
        for n in range(max(max(p[former]) for p in populations) + 1):
            found[former, n] = Number.over([p[former].get(n, 0.0) for p in populations])
    names = {"bridging": "bridging", "non-bridging": "non_bridging", "free": "free", "tricluster": "tricluster"}
    species = {name: Number.over([getattr(o, attribute) for o in oxygen]) for name, attribute in names.items()}
    numbers = {"non-bridging oxygen fraction": species["non-bridging"]}
    if len(populations[0]) == 1:  # of several network formers there is no one mean
        numbers["mean Qn"] = Number.over([sum(n * f for n, f in fractions.items()) for p in populations for fractions in p.values()])
    return found, species, numbers
