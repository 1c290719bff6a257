"""What a report shows of scattering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ...curve import Curve
from ...library.scattering import Radiation
from ..findings import Findings, Number
from ..sample import Q_MAX, Sample
from .fsdp import DiffractionPeak, first_sharp_diffraction_peak
from .partials import PartialSamples
from .real_space import real_space
from .structure_factor import sample_partials

Q_STEP, Q_MAX_XRAY = 0.02, 20.0
Q_SHOWN = 25.0
"""S(Q) is kept up to here [1/Å]; T(r) uses it to ``Q_MAX``, the X-ray g(r) to ``Q_MAX_XRAY``."""
DIRECT_Q, DIRECT_STEP, DIRECT_WIDTH = 4.0, 0.05, 0.1
"""The direct sum goes up to here, at such steps, over bins of this width [1/Å]."""
_QUANTITIES = {
    "position": "position",
    "height": "top",
    "height above background": "height",
    "full width at half height": "width",
    "area": "area",
    "asymmetry": "asymmetry",
    "coherence length": "coherence_length",
    "repeat distance": "repeat_distance",
}
"""What a summary calls the attributes of a DiffractionPeak."""
_FEWER = ("position", "height", "full width at half height", "asymmetry")
"""Of the X-ray peak, which is the same one seen with other weights."""
RADIATIONS: tuple[Radiation, ...] = ("neutron", "xray")


def survey_scattering(sample: Sample) -> Findings:
    """Partial and total S(Q), the direct sum at low Q, T(r) and the X-ray g(r), and the first sharp diffraction peak of either radiation.

    Curves: ``sq_neutron``, ``sq_xray``, ``sq_neutron_direct``, ``sq_xray_direct``, ``sq_partial_A-B`` (Faber-Ziman), of two elements
    ``sq_bhatia_NN``, ``_NC``, ``_CC``; ``t_of_r_neutron``, ``rdf_total_xray``; ``fsdp_neutron``, ``fsdp_xray`` (the fit, its uncertainties in the metadata) and
    ``fsdp_neutron_background``, ``fsdp_xray_background``.
    """
    shells = sample.shells
    q = np.arange(Q_STEP * np.ceil(2 * np.pi / shells.r_max / Q_STEP), Q_MAX, Q_STEP)
    samples = shells.partials(q)
    totals = {radiation: samples.total(radiation) for radiation in RADIATIONS}
    r = np.arange(0.02, 10.01, 0.02)
    curves = {f"sq_{radiation}": _up_to(total, Q_SHOWN) for radiation, total in totals.items()}
    curves |= {f"sq_partial_{a}-{b}": _up_to(curve, Q_SHOWN) for (a, b), curve in samples.partials().items()}
    if len(shells.fractions) == 2:
        curves |= {f"sq_bhatia_{a}{b}": _up_to(curve, Q_SHOWN) for (a, b), curve in samples.partials("bhatia-thornton").items()}
    curves["t_of_r_neutron"] = real_space(totals["neutron"], "T(r)", r, shells.density, shells.fractions, "lorch")
    curves["rdf_total_xray"] = real_space(_up_to(totals["xray"], Q_MAX_XRAY), "g(r)", r, shells.density, shells.fractions, "lorch")
    return Findings(curves) | _direct(sample) | _first_peaks(samples)


def _direct(sample: Sample) -> Findings:
    """The sum over reciprocal-lattice vectors, from the shortest one."""
    shortest = min(2 * np.pi * float(np.linalg.norm(np.linalg.inv(np.asarray(a.cell)), axis=0).min()) for a in sample.frames)
    q = np.arange(DIRECT_STEP * np.ceil(shortest / DIRECT_STEP), DIRECT_Q, DIRECT_STEP)
    if not q.size:
        return Findings()
    samples = sample_partials(sample.frames, q, "direct", DIRECT_WIDTH, threads=sample.threads)
    return Findings({f"sq_{radiation}_direct": samples.total(radiation) for radiation in RADIATIONS})


def _first_peaks(samples: PartialSamples) -> Findings:
    found = Findings()
    n_frames = len(next(iter(samples.samples.values())))
    for radiation in RADIATIONS:
        peak = first_sharp_diffraction_peak(samples.total(radiation))
        if peak is None:
            continue
        single = [first_sharp_diffraction_peak(samples.single(i).total(radiation)) for i in range(n_frames if n_frames > 1 else 0)]
        name = f"{'X-ray ' if radiation == 'xray' else ''}first sharp diffraction peak"
        uncertainties = {what: getattr(peak, attribute).spread for what, attribute in _QUANTITIES.items()}
        fit = replace(peak.curve, metadata={**peak.curve.metadata, "uncertainties": uncertainties})
        numbers = _numbers(peak, [p for p in single if p is not None], _QUANTITIES if radiation == "neutron" else _FEWER)
        found |= Findings({f"fsdp_{radiation}": fit, f"fsdp_{radiation}_background": peak.background}, {f"{name}, {what}": n for what, n in numbers.items()})
    return found


def _numbers(peak: DiffractionPeak, single: Sequence[DiffractionPeak], quantities: Iterable[str]) -> dict[str, Number]:
    """The numbers of the peak, with their spread over the peaks of single configurations."""
    found = {}
    for what in quantities:
        attribute = _QUANTITIES[what]
        number: Number = getattr(peak, attribute)
        spread = Number.over([getattr(p, attribute).value for p in single]).spread if len(single) > 1 else None
        found[what] = Number(number.value, spread, number.unit)
    return found


def _up_to(curve: Curve, highest: float) -> Curve:
    kept = curve.x <= highest + 1e-9
    return replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=None if curve.sigma is None else curve.sigma[kept])
