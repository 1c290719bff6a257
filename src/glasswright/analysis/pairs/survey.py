"""What a report shows of pairs of atoms."""

from __future__ import annotations

import numpy as np

from ..density import density
from ..findings import Findings, Number, Population
from ..frames import Pair, elements_and_types, fractions_of
from ..sample import Sample
from .coordination import bond_lengths, coordination
from .cutoffs import ANIONS
from .rdf import partial_rdf, weighted_rdf


def survey_pairs(sample: Sample) -> Findings:
    """Partial g(r), density, bond lengths, and the coordination of every element by every other."""
    partials = partial_rdf(sample.frames, 10.0, 0.02)
    curves = {f"rdf_{a}-{b}": curve for (a, b), curve in partials.items()}
    curves["rdf_total_neutron"] = weighted_rdf(partials, fractions_of(sample.frames[0]))
    numbers = {"density": Number.over([density(a) for a in sample.frames], "g/cm3")}
    return Findings(curves, numbers | _lengths(sample)) | _coordination(sample)


def pair_name(pair: Pair) -> str:
    """The pair as the field writes it, anion last: ``Si-O``."""
    return "-".join(sorted(pair, key=lambda element: (element in ANIONS, element)))


def _lengths(sample: Sample) -> dict[str, Number]:
    elements, _ = elements_and_types(sample.frames[0])
    # Like pairs that a diffraction pattern shows beside the bonds: O-O, Si-Si.
    backbone = [(e, e) for e in elements if e in ANIONS or e in sample.formers] if "O" in elements else []
    wanted = {pair: sample.cutoffs[pair] for pair in [*sample.bonds, *backbone]}
    numbers = {}
    for pair, length in bond_lengths(sample.frames, wanted).items():
        numbers[f"{pair_name(pair)} distance"] = Number(length.peak, None, "Å")
        if pair in sample.bonds:
            numbers[f"{pair_name(pair)} distance, mean"] = Number(length.mean, None, "Å")
    return numbers


def _coordination(sample: Sample) -> Findings:
    per_frame = [coordination(a, sample.cutoffs) for a in sample.frames]
    numbers, populations = {}, {}
    for centre, neighbour in per_frame[0]:
        pair: Pair = (centre, neighbour) if centre <= neighbour else (neighbour, centre)
        mean = Number.over([float(c[centre, neighbour].mean()) for c in per_frame])
        if pair in sample.bonds and centre not in ANIONS:
            numbers[f"{centre}-{neighbour} coordination"] = mean
        most = max(int(c[centre, neighbour].max()) for c in per_frame)
        rows = np.array([np.bincount(c[centre, neighbour], minlength=most + 1) / c[centre, neighbour].size for c in per_frame])
        cases = {str(n): Number.over([float(f) for f in rows[:, n]]) for n in range(most + 1) if rows[:, n].any()}
        about = {"cutoff": float(sample.cutoffs[pair]), "mean": mean.value}
        populations[f"coordination_{centre}-{neighbour}"] = Population(
            f"Neighbours {neighbour} of {centre}", cases, "fraction", f"{neighbour} around {centre}", metadata=about
        )
    return Findings({}, numbers, populations)
