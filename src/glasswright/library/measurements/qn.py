"""Qn populations from 29Si NMR, found at run time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...composition import Composition
from ...errors import InputError
from .place import VARIABLE, find

_FILE = "na2o_sio2/qn_nmr_sio2_na.csv"
_SOURCE = "29Si NMR, Maekawa et al., J. Non-Cryst. Solids 127, 53 (1991), doi 10.1016/0022-3093(91)90400-Z"
_LAST = 55.6
"""Rows up to here are Maekawa's [mol% Na2O]; the file goes on with others."""
_COLUMNS = "mol% Na2O, then Q4, Q3, Q2, Q1 and Q0 in %"


@dataclass(frozen=True)
class MeasuredQn:
    """Fractions of silicon by their number of bridging oxygens."""

    fractions: Mapping[int, float]
    source: str


def measured_qn(composition: Composition) -> MeasuredQn | str:
    """Measured Qn populations of a sodium silicate, interpolated between neighbouring compositions; else why there are none.

    Raises
    ------
    InputError
        If the file in the data folder is no such table.
    """
    oxides = composition.oxides
    if set(oxides) == {"SiO2"}:
        return MeasuredQn({4: 1.0, 3: 0.0, 2: 0.0, 1: 0.0, 0: 0.0}, "stoichiometry: pure silica has no non-bridging oxygen")
    if set(oxides) != {"Na2O", "SiO2"}:
        return f"The library knows no measured Qn populations of {composition.formula}."
    path = find(_FILE)
    if path is None:
        return (
            f"Measured Qn populations ({_SOURCE}) do not ship with glasswright: save them, with the columns {_COLUMNS}, "
            f"as {_FILE} in a folder and set {VARIABLE} to it."
        )
    rows = _rows(path)
    percent = 100 * oxides["Na2O"]
    if not rows[0, 0] <= percent <= rows[-1, 0]:
        return f"Qn populations were measured from {rows[0, 0]:g} to {rows[-1, 0]:g} mol% Na2O only."
    values = np.array([np.interp(percent, rows[:, 0], column) for column in rows[:, 1:].T])
    exact = bool(np.any(np.abs(rows[:, 0] - percent) < 0.05))
    fractions = {n: float(v / values.sum()) for n, v in zip((4, 3, 2, 1, 0), values, strict=True)}
    return MeasuredQn(fractions, _SOURCE if exact else f"{_SOURCE}, interpolated to {percent:.1f} mol%")


def _rows(path: Path) -> NDArray[np.float64]:
    """Maekawa's rows ``(n, 6)``: those that increase, up to ``_LAST``."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read.", str(error), f"Give text with the columns {_COLUMNS}.") from None
    rows: list[list[float]] = []
    for number, line in enumerate(lines, 1):
        words = re.split(r"[\s,;]+", line.split("#")[0].strip(" \t,;"))
        first = _number(words[0])
        if words == [""] or (not rows and np.isnan(first)):
            continue  # blank, or header
        if rows and (first <= rows[-1][0] or first > _LAST + 0.05):
            break
        row = [first, *(_number(word) for word in words[1:])]
        if len(row) != 6 or not np.all(np.isfinite(row)) or min(row) < 0 or sum(row[1:]) == 0:
            raise InputError(f"Line {number} of {path} is no row of Qn populations: {line.strip()[:60]!r}.", mend=f"Give the columns {_COLUMNS}.")
        rows.append(row)
    if not rows:
        raise InputError(f"{path} holds no row of Qn populations.", mend=f"Give the columns {_COLUMNS}.")
    return np.array(rows)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")
