"""What a report shows of pairs of atoms."""

from __future__ import annotations

import numpy as np

from ...curve import Curve
from ..density import density
from ..findings import Findings, Number, Population
from ..frames import Pair, elements_and_types, fractions_of
from ..sample import Sample
from .coordination import bond_lengths, coordination
from .cutoffs import ANIONS
from .peaks import bond_peaks
from .rdf import partial_rdf, weighted_rdf
from .running_coordination import running_coordination
from .three_body import altbc, alternation

R_MAX, BIN = 10.0, 0.02
"""Of g(r) [Å]."""
IONIC = ANIONS - {"I"}
"""Where one of these is present, bonds are not looked at in line."""
FEW = 0.05
"""Fewer aligned pairs of bonds than this per atom make no map."""


def survey_pairs(sample: Sample) -> Findings:
    """Partial g(r), running coordination, density, bond lengths, first peaks, and the coordination of every element by every other."""
    partials = partial_rdf(sample.frames, R_MAX, BIN)
    curves = {f"rdf_{a}-{b}": curve for (a, b), curve in partials.items()}
    curves["rdf_total_neutron"] = weighted_rdf(partials, fractions_of(sample.frames[0]))
    curves |= {f"n_of_r_{a}-{b}": curve for (a, b), curve in running_coordination(sample.frames, R_MAX, BIN).items()}
    numbers = {"density": Number.over([density(a) for a in sample.frames], "g/cm3")}
    return Findings(curves, numbers | _lengths(sample)) | _peaks(sample) | _coordination(sample) | _alignment(sample)


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


def _peaks(sample: Sample) -> Findings:
    """Gaussians through the first peaks of bonds, seen from what is no anion where there is one."""
    both = [p for a, b in sample.bonds for p in dict.fromkeys(((a, b), (b, a)))]
    curves, numbers = {}, {}
    # Number.spread is that of single configurations, the errors of a fit are those of their mean.
    scale = len(sample.frames) ** 0.5 if len(sample.frames) > 1 else None
    for pair, peak in bond_peaks(sample.frames, [p for p in both if p[0] not in ANIONS]).items():
        name = "-".join(pair)
        for what, value, error, unit in (("neighbours", peak.number, peak.number_error, ""), ("width", peak.width, peak.width_error, "Å")):
            numbers[f"{name} first peak, {what}"] = Number(value, None if scale is None else error * scale, unit)
        curves[f"first_peak_{name}"], curves[f"first_peak_fit_{name}"] = (_radial(c, peak.r_range) for c in (peak.data, peak.fitted))
    return Findings(curves, numbers)


def _radial(t: Curve, r_range: tuple[float, float]) -> Curve:
    """r·t(r), neighbours per Å, over a first peak."""
    kept = (t.x >= r_range[0] - 0.1) & (t.x <= r_range[1] + 0.2)
    about = {"normalisation": "4πr²ρ_b g(r), neighbours per Å", "r_range": list(r_range)}
    return Curve(t.x[kept], t.x[kept] * t.y[kept], None, "RDF(r)", "Å", "1/Å", t.label, about)


def _alignment(sample: Sample) -> Findings:
    """Aligned bonds of a covalent glass, at the elements that have some."""
    elements, _ = elements_and_types(sample.frames[0])
    if IONIC & set(elements):
        return Findings()
    maps, numbers = {}, {}
    for element in elements:
        found = altbc(sample.frames, element)
        lengths = alternation(found)
        if lengths is not None and float(str(found.metadata["aligned"])) > FEW:
            maps[f"altbc_{element}"] = found
            numbers[f"aligned bonds at {element}, long over short"] = Number(lengths[1] / lengths[0])
    return Findings(numbers=numbers, maps=maps)


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
