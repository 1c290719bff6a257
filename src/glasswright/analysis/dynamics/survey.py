"""What a trajectory tells of the motion of its atoms: all curves and numbers of the group ``dynamics``."""

from __future__ import annotations

import numpy as np

from ...curve import Curve
from ...errors import InputError
from ...units import CM2_PER_S, THZ
from ..findings import Findings, Number
from ..pairs.rdf import bin_edges
from ..sample import Sample
from .collective_scattering import intermediate_scattering
from .currents import current_correlations
from .diffusion import diffusion
from .displacement import displacement_curves
from .motion import Motion
from .non_gaussian import non_gaussian_curves, second_and_fourth
from .origins import Averages, Moved, over_origins
from .relaxation import relaxation_time
from .self_scattering import self_scattering, self_scattering_curves
from .susceptibility import OVERLAP, overlap, susceptibility_curves
from .van_hove import distances, van_hove_distinct, van_hove_self_curves
from .velocity import RESOLUTION, autocorrelations, densities, lags_of, velocity_curves

Q = 1.5
"""Wave number of the scattering functions [1/Å]: the first sharp diffraction peak of silicates, where structure relaxes slowest."""
SOUND_Q = 0.5
"""Wave number of the currents [1/Å]: small, where they are sound; the nearest one that the box has."""
R_MAX = 8.0
"""Reach of the van Hove functions [Å]."""
FASTEST = 40.0
"""Vibrations of oxide glasses end below this frequency [THz]: only frames close enough to resolve it make a spectrum."""
FEWEST = 3
"""Frames with which there is anything to say."""


def survey_dynamics(sample: Sample) -> Findings:
    """Displacements, relaxation, van Hove functions and, where velocities are stored closely enough, vibrations of ``sample.trajectory``.

    Curves: ``msd_E``, ``fs_E``, ``alpha2_E``, ``chi4_E``, ``van_hove_self_E_1`` to ``_3`` (at three times), ``van_hove_distinct_A-B``, ``fqt_neutron``,
    ``vacf_E``, ``vdos_E``, ``vdos_total``, ``current_longitudinal`` and ``current_transverse``.
    """
    if len(sample.trajectory) < FEWEST:
        return Findings()
    motion = Motion(sample.trajectory)
    edges = bin_edges(R_MAX, 0.1)
    measures = [_squared, self_scattering(np.array(Q)), second_and_fourth, overlap(OVERLAP), distances(edges)]
    squared, scattered, fourth, overlaps, moved = over_origins(motion, measures)
    msd, fs = displacement_curves(squared, motion.elements), self_scattering_curves(scattered, motion.elements, np.array(Q))
    alpha, chi = non_gaussian_curves(fourth, motion.elements), susceptibility_curves(overlaps, motion.elements, motion.counts, OVERLAP)
    curves: dict[str, Curve] = {}
    for name, family in (("msd", msd), ("fs", fs), ("alpha2", alpha), ("chi4", chi)):
        curves |= {f"{name}_{element}": curve for element, curve in family.items()}
    curves |= _self_parts(moved, motion, edges)
    numbers = _numbers(msd, fs) if motion.unit == "fs" else {}
    found = Findings({k: c for k, c in curves.items() if len(c) > 1}, numbers)
    return found | _of_all_frames(sample, motion, fs) if motion.punctual else found


def _squared(moved: Moved) -> np.ndarray:
    return moved.motion.mean(moved.squared)


def _self_parts(moved: Averages, motion: Motion, edges: np.ndarray) -> dict[str, Curve]:
    """G_s at three times: the last lag, and a tenth and a hundredth of it."""
    last = float(moved.time[-1])
    lags = sorted({int(np.abs(moved.time - last * part).argmin()) for part in (0.01, 0.1, 1.0)} - {0})
    return {
        f"van_hove_self_{element}_{number}": curve
        for number, lag in enumerate(lags, 1)
        for element, curve in van_hove_self_curves(moved, motion.elements, edges, lag).items()
    }


def _numbers(msd: dict[str, Curve], fs: dict[str, Curve]) -> dict[str, Number]:
    numbers = {}
    for element, curve in msd.items():
        try:
            found = diffusion(curve)
        except InputError:  # too few lags for a slope
            continue
        if found.diffusive:
            error = None if found.error is None else found.error * CM2_PER_S
            numbers[f"{element} diffusion coefficient"] = Number(found.coefficient * CM2_PER_S, error, "cm²/s")
        numbers[f"{element} displacement, d ln MSD / d ln t"] = Number(found.exponent)
    for element, curve in fs.items():
        relaxation = relaxation_time(curve)
        if relaxation.time is not None:
            error = None if relaxation.error is None else relaxation.error / 1000
            numbers[f"{element} relaxation time, F_s at {Q:g} 1/Å"] = Number(relaxation.time / 1000, error, "ps")
        if relaxation.beta is not None:
            numbers[f"{element} stretching exponent, F_s at {Q:g} 1/Å"] = Number(*relaxation.beta)
    return numbers


def _of_all_frames(sample: Sample, motion: Motion, fs: dict[str, Curve]) -> Findings:
    """What needs equal steps: collective scattering, the distinct van Hove function at the relaxation time, vibrations."""
    curves: dict[str, Curve] = {}
    total = intermediate_scattering(sample.trajectory, Q, weights="neutron")
    if isinstance(total, Curve):
        curves["fqt_neutron"] = total
    times = [relaxation_time(curve).time for curve in fs.values()]
    known = [time for time in times if time is not None]
    late = min(max(known), float(next(iter(fs.values())).x[-1])) if known else float(next(iter(fs.values())).x[-1])
    distinct = van_hove_distinct(sample.trajectory, late, R_MAX, 0.1)
    curves |= {f"van_hove_distinct_{a}-{b}": curve for (a, b), curve in distinct.items()}
    if motion.unit == "fs" and THZ / (2 * motion.step) >= FASTEST and sample.trajectory[0].has("momenta") and len(motion) > 20:
        correlations = autocorrelations(motion, lags_of(motion, RESOLUTION))
        curves |= {f"vacf_{element}": curve for element, curve in velocity_curves(correlations, normalised=True).items()}
        curves |= {f"vdos_{element}": curve for element, curve in densities(motion, correlations).items()}
        currents = current_correlations(sample.trajectory, SOUND_Q, next(iter(correlations.values())).time)
        curves |= {"current_longitudinal": currents.longitudinal_spectrum, "current_transverse": currents.transverse_spectrum}
    return Findings(curves)
