"""Qn populations from 29Si NMR, found at run time."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...composition import Composition
from .place import VARIABLE, find

_FILE = "na2o_sio2/qn_nmr_sio2_na.csv"
_SOURCE = "29Si NMR, Maekawa et al., J. Non-Cryst. Solids 127, 53 (1991), doi 10.1016/0022-3093(91)90400-Z"
_LAST = 55.6
"""Rows up to here are Maekawa's [mol% Na2O]; the file goes on with others."""


@dataclass(frozen=True)
class MeasuredQn:
    """Fractions of silicon by their number of bridging oxygens."""

    fractions: Mapping[int, float]
    source: str


def measured_qn(composition: Composition) -> MeasuredQn | str:
    """Measured Qn populations of a sodium silicate, interpolated between neighbouring compositions; else why there are none."""
    oxides = composition.oxides
    if set(oxides) == {"SiO2"}:
        return MeasuredQn({4: 1.0, 3: 0.0, 2: 0.0, 1: 0.0, 0: 0.0}, "stoichiometry: pure silica has no non-bridging oxygen")
    if set(oxides) != {"Na2O", "SiO2"}:
        return f"The library knows no measured Qn populations of {composition.formula}."
    path = find(_FILE)
    if path is None:
        return f"Measured Qn populations ({_SOURCE}) do not ship with glasswright: save them as {_FILE} in a folder and set {VARIABLE} to it."
    with open(path, newline="", encoding="utf-8") as file:
        rows = np.array([[float(v) for v in row] for row in csv.reader(file) if row])
    rows = rows[: int(np.flatnonzero(rows[:, 0] == _LAST)[0]) + 1]
    percent = 100 * oxides["Na2O"]
    if not rows[0, 0] <= percent <= rows[-1, 0]:
        return f"Qn populations were measured from {rows[0, 0]:g} to {rows[-1, 0]:g} mol% Na2O only."
    values = np.array([np.interp(percent, rows[:, 0], column) for column in rows[:, 1:].T])
    exact = bool(np.any(np.abs(rows[:, 0] - percent) < 0.05))
    fractions = {n: float(v / values.sum()) for n, v in zip((4, 3, 2, 1, 0), values, strict=True)}
    return MeasuredQn(fractions, _SOURCE if exact else f"{_SOURCE}, interpolated to {percent:.1f} mol%")
