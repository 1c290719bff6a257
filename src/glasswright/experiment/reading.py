"""From the table in a file to a measured curve: what the file says, what the user says, and what contradicts or looks odd."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from ..composition import Composition
from ..errors import InputError
from .formats import Table
from .kinds import KINDS, Kind, kind_of

_Q_UNITS = {"1/Å": 1.0, "1/A": 1.0, "A^-1": 1.0, "Å^-1": 1.0, "1/nm": 0.1, "nm^-1": 0.1}
HIGHEST_Q = 100.0
"""No diffractometer measures beyond this [1/Å]."""
TAIL = 0.25
"""How far the last fifth of a curve may lie from its limit at large Q or r before it is pointed out."""


@dataclass(frozen=True)
class Sought:
    """What the user says about a file; None or empty where nothing."""

    kind: str | None
    radiation: str | None
    composition: str
    q_range: tuple[float, float] | None
    q_unit: str
    resolution: float | None


@dataclass(frozen=True, eq=False)
class Found:
    """What is known once the file is read."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    sigma: NDArray[np.float64] | None
    kind: str
    radiation: Literal["neutron", "xray"]
    composition: str
    q_range: tuple[float, float] | None
    resolution: float | None
    about: dict[str, object]


def measured_curve(path: Path, table: Table, sought: Sought) -> Found:
    """The curve in a table, in 1/Å or Å, with what was concluded and what looks odd.

    Raises
    ------
    InputError
        If the kind is not known, what the user says contradicts the file, or no row can be used.
    """
    concluded = [f"format: {table.format}"] + ([f"data set: {table.dataset}"] if table.dataset else [])
    kind = _kind(path, table, sought.kind, concluded)
    radiation = _radiation(path, table, sought.radiation, concluded)
    _check_abscissa(path, table, kind, sought.q_unit)
    rows = _in_angstrom(path, table.rows, kind, sought.q_unit)
    rows = _with_data(path, rows, kind, sought, concluded)
    composition, q_range, resolution = sought.composition, sought.q_range, sought.resolution
    if table.format == "pdfget":
        stated = table.keys.get("composition", "")
        if stated and not composition:
            concluded.append(f"composition: {stated}, from the header")
        composition = composition or stated
        if not kind.in_q:
            limits = [_number(table.keys.get(key, "")) for key in ("qmin", "qmax")]
            if q_range is None and 0 <= limits[0] < limits[1]:
                q_range = (limits[0], limits[1])
                concluded.append(f"Q range of the transform: {limits[0]:g} to {limits[1]:g} 1/Å (qmin, qmax)")
            damping = _number(table.keys.get("qdamp", ""))
            if resolution is None and damping > 0:
                resolution = damping
                concluded.append(f"resolution: {damping:g} 1/Å (qdamp)")
    sigma = rows[:, 2] if rows.shape[1] == 3 else None
    if sigma is not None and not np.any(sigma > 0):
        sigma = None
        concluded.append("uncertainty: the column holds zeros, unknown")
    doubts = _doubts(rows[:, 0], rows[:, 1], kind, table) + _other_sample(sought.composition, table.keys.get("composition", ""))
    about: dict[str, object] = {"format": table.format, "concluded": concluded, "doubts": doubts}
    if table.header:
        about["header"] = table.header[:2000]
    return Found(rows[:, 0], rows[:, 1], sigma, kind.name, cast(Literal["neutron", "xray"], radiation), composition, q_range, resolution, about)


def _kind(path: Path, table: Table, asked: str | None, concluded: list[str]) -> Kind:
    if asked is None:
        if not table.kind:
            why = f"A {table.format} file does not say which of the normalisations in use it has."
            raise InputError(f"The kind of curve in {path} is missing.", why, f'Add kind="i(Q)", or another of {", ".join(KINDS)}.')
        concluded.append(f"kind: {table.kind}, defined by the format")
        return kind_of(table.kind)
    kind = kind_of(asked)
    if table.kind and kind.name != table.kind:
        known = {"Q[S(Q)-1]": "its F(Q) is Q[S(Q)-1]", "G(r)": "its G(r) is 4πρr [g(r) - 1]"}.get(table.kind, "its header says so")
        raise InputError(f"{path} holds a {table.kind}, not a {asked}: {known}.", mend=f'Leave kind out, or say kind="{table.kind}".')
    return kind


def _radiation(path: Path, table: Table, asked: str | None, concluded: list[str]) -> str:
    if asked is not None:
        if table.radiation and asked in ("neutron", "xray") and asked != table.radiation:
            raise InputError(f"{path} was measured with {table.radiation}s, not with {asked}s: its header says so.", mend=f'Say radiation="{table.radiation}".')
        return asked
    if table.radiation:
        concluded.append(f"radiation: {table.radiation}, from the header")
        return table.radiation
    concluded.append("radiation: neutron, the default, as nothing else was said")
    return "neutron"


def _check_abscissa(path: Path, table: Table, kind: Kind, q_unit: str) -> None:
    """Refuse angles and wave numbers in another unit where the header says what they are."""
    if q_unit not in _Q_UNITS:
        raise InputError(f"The unit of Q {q_unit!r} is unknown.", mend="Use 1/Å or 1/nm.")
    if not kind.in_q:
        return
    names = "\n".join(line for line in table.header.splitlines()[-3:] if "=" not in line)
    if re.search(r"2[ _-]?theta|two[ _-]?theta|\btth\b|2θ|\bdeg(rees?)?\b", names, re.IGNORECASE):
        why = "An angle becomes Q = 4π sin(θ)/λ only with the wavelength, and its intensities are not yet normalised."
        raise InputError(f"The header of {path} says that the first column is an angle.", why, "Give the reduced curve, S(Q) or i(Q).")
    if _Q_UNITS[q_unit] == 1 and re.search(r"nm\s*\^?\{?-1|1/nm|nm⁻¹", names):
        raise InputError(f"The header of {path} says that Q is in 1/nm.", mend='Add q_unit="1/nm".')


def _in_angstrom(path: Path, rows: NDArray[np.float64], kind: Kind, q_unit: str) -> NDArray[np.float64]:
    factor = _Q_UNITS[q_unit]
    if factor == 1:
        return rows
    if kind.name in ("Q[S(Q)-1]", "G(r)", "D(r)", "T(r)", "RDF(r)"):
        raise InputError(f"A {kind.name} in units of nm is not supported.", f"Its values have a unit of their own ({path}).", "Convert the file to Å.")
    out = rows.copy()
    out[:, 0] *= factor if kind.in_q else 1 / factor
    return out


def _with_data(path: Path, rows: NDArray[np.float64], kind: Kind, sought: Sought, concluded: list[str]) -> NDArray[np.float64]:
    """The rows that hold data: inside the range, without the zeros that programs write where nothing was measured."""
    what = "Q" if kind.in_q else "r"
    if kind.in_q and sought.q_range is not None:
        low, high = sought.q_range
        rows = rows[(rows[:, 0] >= low) & (rows[:, 0] <= high)]
        if len(rows) == 0:
            raise InputError(f"{path} holds no row with Q between {low:g} and {high:g} 1/Å.", mend="Check q_range.")
    if kind.in_q:
        empty = (rows[:, 1:] == 0).all(axis=1)
        leading = int(np.argmin(empty)) if not empty.all() else len(rows)
        if leading == len(rows):
            raise InputError(f"{path} holds zeros only.", "No row holds data.", "Give another file.")
        if leading and (leading > 1 or rows[0, 0] == 0):
            concluded.append(f"{leading} leading rows of zeros, to {what} = {rows[leading - 1, 0]:g}, hold no data")
            rows = rows[leading:]
    elif rows[0, 0] == 0 and len(rows) > 1:
        rows = rows[1:]
        concluded.append("the row at r = 0 is left out")
    if rows[0, 0] < 0 or (kind.in_q and rows[0, 0] == 0):
        raise InputError(f"{path} begins at {what} = {rows[0, 0]:g}.", f"{what} must be positive.", "Remove these rows, or give q_range.")
    return rows


def _doubts(x: NDArray[np.float64], y: NDArray[np.float64], kind: Kind, table: Table) -> list[str]:
    """What looks odd: ranges that no instrument has, and limits that belong to another normalisation."""
    found = []
    if kind.in_q and x[-1] > HIGHEST_Q:
        found.append(f'Q reaches {x[-1]:g} 1/Å, which no instrument measures: if it is in 1/nm, add q_unit="1/nm"; if it is an angle, give the reduced curve.')
    if kind.in_q and x[-1] < 3 and len(x) > 20:
        found.append(f"Q ends at {x[-1]:g} 1/Å, hardly beyond the first peak of a glass: check its unit.")
    if not kind.in_q and x[-1] < 2 and len(x) > 20:
        found.append(f'r ends at {x[-1]:g} Å, hardly beyond the first bond: if it is in nm, add q_unit="1/nm".')
    tail = float(np.mean(y[-max(1, len(y) // 5) :]))
    other = {"S(Q)": (1.0, "S(Q)-1 or i(Q)"), "S(Q)-1": (0.0, "S(Q)"), "i(Q)": (0.0, "S(Q)"), "F(Q)": (0.0, "S(Q)"), "g(r)": (1.0, "G(r) or GK(r)")}
    if kind.name in other and len(y) > 20 and abs(tail - other[kind.name][0]) > TAIL and abs(tail - (1 - other[kind.name][0])) < TAIL:
        limit, name = other[kind.name]
        found.append(f"The curve ends near {tail:.2f}, but a {kind.name} ends at {limit:g}: is it a {name}?")
    if table.format == "rmc" and kind.name == "G(r)":
        found.append('RMCProfile calls ⟨b⟩² [g(r) - 1] G(r), which is kind="GK(r)" here; G(r) is 4πρr [g(r) - 1].')
    return found


def _other_sample(said: str, header: str) -> list[str]:
    """Where the header names another composition than the user."""
    try:
        a, b = (Composition(text).atom_fractions for text in (said, header)) if said and header else ({}, {})
    except InputError:  # a header may hold anything
        return []
    off = max((abs(a.get(e, 0.0) - b.get(e, 0.0)) for e in {*a, *b}), default=0.0)
    return [f"The header says that the sample is {header}, not {said}."] if off > 0.005 else []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
