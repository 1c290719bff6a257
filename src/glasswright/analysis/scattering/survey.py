"""What a report shows of scattering."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...curve import Curve
from ..findings import Findings, Number
from ..sample import Q_MAX, Sample
from .fsdp import first_sharp_diffraction_peak
from .real_space import real_space

Q_STEP, Q_MAX_XRAY = 0.02, 20.0
Q_SHOWN = 25.0
"""S(Q) is kept up to here [1/Å]; T(r) uses it to ``Q_MAX``, the X-ray g(r) to ``Q_MAX_XRAY``."""


def survey_scattering(sample: Sample) -> Findings:
    """S(Q) of neutrons and X-rays, their transforms, and the first sharp diffraction peak."""
    shells = sample.shells
    q = np.arange(Q_STEP * np.ceil(2 * np.pi / shells.r_max / Q_STEP), Q_MAX, Q_STEP)
    samples = shells.partials(q)
    neutron, xray = samples.total("neutron"), samples.total("xray")
    r = np.arange(0.02, 10.01, 0.02)
    curves = {
        "sq_neutron": _up_to(neutron, Q_SHOWN),
        "sq_xray": _up_to(xray, Q_SHOWN),
        "t_of_r_neutron": real_space(neutron, "T(r)", r, shells.density, shells.fractions, "lorch"),
        "rdf_total_xray": real_space(_up_to(xray, Q_MAX_XRAY), "g(r)", r, shells.density, shells.fractions, "lorch"),
    }
    peak = first_sharp_diffraction_peak(curves["sq_neutron"])
    numbers = {}
    if peak is not None:
        numbers["first sharp diffraction peak, position"] = Number(peak[0], None, "1/Å")
        numbers["first sharp diffraction peak, height"] = Number(peak[1])
    return Findings(curves, numbers)


def _up_to(curve: Curve, highest: float) -> Curve:
    kept = curve.x <= highest + 1e-9
    return replace(curve, x=curve.x[kept], y=curve.y[kept], sigma=None if curve.sigma is None else curve.sigma[kept])
