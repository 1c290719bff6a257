"""Simulated numbers beside measured ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..analysis.density import density as mass_density
from ..analysis.findings import Findings, Number
from ..analysis.frames import Pair
from ..analysis.pairs.cutoffs import ANIONS
from ..analysis.pairs.peaks import fit_first_peak
from ..analysis.sample import Sample
from ..analysis.scattering.conversion import convert
from ..composition import Composition
from ..curve import Curve
from ..errors import InputError
from ..experiment import Experiment, kind_of
from ..library.density import choose_density
from ..library.measurements import Fact, facts, measured_curves, measured_qn
from .compare import compare_shells


@dataclass(frozen=True)
class SummaryRow:
    """One line of the table simulated / measured / source."""

    quantity: str
    simulated: Number
    measured: float | None = None
    measured_low: float | None = None
    measured_high: float | None = None
    source: str = ""
    note: str = ""


def summary_rows(found: Findings, known: Mapping[str, Fact], spread_over: str) -> list[SummaryRow]:
    """Every number that was found, with what is known about it."""
    rows = []
    for quantity, number in found.numbers.items():
        spread = f"spread over {spread_over}" if number.spread is not None else ""
        fact = known.get(quantity)
        if fact is None:
            rows.append(SummaryRow(quantity, number, note=spread))
        else:
            note = "; ".join(part for part in (fact.note, spread) if part)
            rows.append(SummaryRow(quantity, number, fact.value, fact.low, fact.high, fact.source, note))
    return rows


def beside_measured(found: Findings, composition: Composition, absent: list[str]) -> Findings:
    """The populations with what was measured, or must be by stoichiometry: Qn of silicon, species of oxygen.

    A file of the user's that cannot be used is named in ``absent``.
    """
    populations = dict(found.populations)
    if "qn_Si" in populations:
        try:
            known = measured_qn(composition)
            measured = {} if isinstance(known, str) else {str(n): fraction for n, fraction in known.fractions.items()}
            populations["qn_Si"] = replace(populations["qn_Si"], measured=measured, source=known if isinstance(known, str) else known.source)
        except InputError as error:  # no reason to refuse the analysis
            populations["qn_Si"] = replace(populations["qn_Si"], source=str(error))
            absent.append(str(error))
    if "oxygen" in populations and (nbo := composition.nbo_per_oxygen) is not None:
        populations["oxygen"] = replace(populations["oxygen"], measured={"bridging": 1 - nbo, "non-bridging": nbo}, source=STOICHIOMETRY)
    return replace(found, populations=populations)


STOICHIOMETRY = "stoichiometry (every oxygen bonded to one or two network formers)"


def comparison(sample: Sample, composition: Composition, absent: list[str], but: Sequence[Experiment] = ()) -> Findings:
    """Measured curves of this glass, the simulated ones as the instruments would have seen them, their residuals and first peaks.

    Curves that are not here, or of no use, are named in ``absent`` with the reason; those in ``but`` are left out.
    """
    found = Findings()
    entries = measured_curves(composition)
    in_r = {entry.radiation for entry in entries if not kind_of(entry.kind).in_q}
    for entry in entries:
        radiation, isotopes = "X-ray" if entry.radiation == "xray" else "neutron", "".join(f" {i}" for i in entry.isotopes.values())
        try:
            experiment = entry.load()
            if experiment is None:
                absent.append(entry.where_to_get_it())
                continue
            if any(_same_measurement(experiment, other) for other in but):
                continue
            score = compare_shells(sample.shells, experiment)
        except InputError as error:  # the file is no such curve, or the box is too small for it
            absent.append(f"The measured {radiation} {entry.kind} of {entry.composition}{isotopes} is left out: {error}")
            continue
        label = f"{radiation} {entry.kind}{isotopes}"
        numbers = {f"R_chi, {label}": Number(score.r_chi), f"R_chi, {label}, scaled": Number(score.r_chi_scaled)}
        peaks: dict[str, tuple[float, float]] = {}
        if entry.radiation == "neutron" and (not experiment.in_q or "neutron" not in in_r):
            model = replace(experiment, density=mass_density(sample.frames))
            of_peaks, peaks = _first_peaks((experiment, score.curves["measured"]), (model, score.curves["simulated"]), sample.bonds, label)
            numbers |= of_peaks
        measured = score.curves["measured"]
        name = f"{entry.kind.lower().replace('(', '_of_').replace(')', '')}_{entry.radiation}{isotopes.replace(' ', '_')}"
        about = {**measured.metadata, "measured": True, "first_peaks": peaks}
        found |= Findings({f"measured_{name}": replace(measured, metadata=about), f"compared_{name}": score.curves["simulated"]}, numbers)
    return found


def _same_measurement(a: Experiment, b: Experiment) -> bool:
    """Whether two experiments hold the same measured points, one perhaps over a shorter range."""
    if (a.radiation, a.kind.name) != (b.radiation, b.kind.name) or not a.curve.x[0] <= b.curve.x[len(b.curve) // 2] <= a.curve.x[-1]:
        return False
    shared = (b.curve.x >= a.curve.x[0]) & (b.curve.x <= a.curve.x[-1])
    y = np.interp(b.curve.x[shared], a.curve.x, a.curve.y)
    return bool(np.allclose(y, b.curve.y[shared], rtol=1e-5, atol=1e-6 * float(np.ptp(a.curve.y))))


def _first_peaks(
    measured: tuple[Experiment, Curve], simulated: tuple[Experiment, Curve], bonds: Iterable[Pair], label: str
) -> tuple[dict[str, Number], dict[str, tuple[float, float]]]:
    """First peaks of bonds in the simulated curve, and in the measured one with their errors: one fit over one range."""
    numbers, found = {}, {}
    for pair in (p for a, b in bonds for p in dict.fromkeys(((a, b), (b, a))) if p[0] not in ANIONS):
        try:
            seen = fit_first_peak(_in_r(*measured), pair)
            model = fit_first_peak(_in_r(*simulated), pair, seen.r_range)
        except InputError:  # the pair makes no peak of its own
            continue
        for what, unit in (("number", ""), ("position", "Å"), ("width", "Å")):
            name = f"{'-'.join(pair)} first peak, {label}, {'neighbours' if what == 'number' else what}"
            numbers[name] = Number(getattr(model, what), None, unit)
            found[name] = getattr(seen, what), getattr(seen, f"{what}_error")
    return numbers, found


def _in_r(experiment: Experiment, curve: Curve) -> Experiment:
    """A curve as it stands, or the T(r) of one in Q."""
    if not experiment.in_q:
        return replace(experiment, curve=curve)
    t = convert(curve, "T(r)", experiment.composition, experiment.density, isotopes=experiment.isotopes, window="lorch")
    return replace(experiment, curve=t, window="lorch", q_range=(float(curve.x[0]), float(curve.x[-1])))


def known_facts(composition: Composition, curves: Mapping[str, Curve]) -> dict[str, Fact]:
    """What the library knows about a glass, by the names of the summary, and first peaks of the measured ``curves``."""
    known = facts(composition)
    try:
        choice = choose_density(composition)
    except InputError:  # an element the library has no volume of
        choice = None
    if choice is not None and choice.kind == "measured":
        known["density"] = Fact("density", choice.value, choice.source, "READ", "g/cm3")
    if composition.nbo_per_oxygen is not None:
        known["non-bridging oxygen fraction"] = Fact("", composition.nbo_per_oxygen, STOICHIOMETRY, "EXPECTED")
    if composition.mean_qn is not None:
        known["mean Qn"] = Fact("", composition.mean_qn, STOICHIOMETRY, "EXPECTED")
    for curve in curves.values():
        peaks, source = curve.metadata.get("first_peaks"), str(curve.metadata.get("source", ""))
        for name, (value, error) in peaks.items() if isinstance(peaks, Mapping) else ():
            unit = "" if name.endswith("neighbours") else "Å"
            known[name] = Fact(name, value, source, "DERIVED", unit, value - error, value + error, "our fit, with its standard error")
    return known
