"""Experiment: a measured curve and everything needed to compare a model with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .composition import Composition
from .curve import Curve
from .errors import InputError
from .units import U_PER_A3, parse

KINDS = {
    "S(Q)": "Faber-Ziman structure factor, 1 at large Q",
    "i(Q)": "distinct scattering: neutrons ⟨b⟩² (S - 1) [barn/sr/atom], X-rays S - 1",
    "F(Q)": "the same as i(Q)",
    "g(r)": "pair distribution function, 1 at large r",
    "T(r)": "total correlation function 4πρr⟨b⟩² + D(r) [barn/Å²]",
    "D(r)": "differential correlation function [barn/Å²]",
}
"""Kinds of curve a model is compared with, and their normalisation."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A measured curve with radiation, sample, range, window, resolution and source."""

    curve: Curve
    radiation: Literal["neutron", "xray"]
    composition: Composition
    density: float | None = None
    """[g/cm³], with the natural isotopes of the elements; None: that of the model it is compared with."""
    q_range: tuple[float, float] | None = None
    """Part of Q that was measured [1/Å]: limits the comparison in Q, and the transform of the model for curves in r."""
    window: Literal["none", "lorch"] = "none"
    """Window of the transform that made a curve in r."""
    resolution: float | None = None
    """Standard deviation of the instrument's Gaussian resolution [1/Å]; None: not applied."""
    isotopes: Mapping[str, str] = field(default_factory=dict)
    """Element → isotope, such as ``{"Ge": "73Ge"}``."""
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.curve.kind not in KINDS:
            raise InputError(f"The kind of curve {self.curve.kind!r} is unknown.", mend=f"Use one of {', '.join(KINDS)}.")
        if self.radiation not in ("neutron", "xray"):
            raise InputError(f"The radiation {self.radiation!r} is unknown.", mend="Use neutron or xray.")
        if self.window not in ("none", "lorch"):
            raise InputError(f"The window {self.window!r} is unknown.", mend="Use none or lorch.")
        if self.radiation == "xray" and self.curve.kind in ("T(r)", "D(r)"):
            raise InputError(f"An X-ray {self.curve.kind} is not supported.", "Its normalisation differs between instruments.", "Compare S(Q) or g(r).")
        if self.resolution is not None and not self.resolution > 0:
            raise InputError(f"resolution = {self.resolution!r} is not possible.", mend="Give a standard deviation in 1/Å, or leave it out.")
        if self.density is not None and not 0 < self.density < np.inf:
            raise InputError(f"density = {self.density!r} is not possible.", mend="Give the density of the sample in g/cm³, or leave it out.")
        if self.q_range is not None:
            object.__setattr__(self, "q_range", _checked_range(self.q_range))
        object.__setattr__(self, "isotopes", MappingProxyType(dict(self.isotopes)))

    @property
    def in_q(self) -> bool:
        """Whether the curve is a function of Q, not of r."""
        return self.curve.kind.endswith("(Q)")

    @property
    def number_density(self) -> float | None:
        """Atoms of the sample per volume [1/Å³]; None where its density is not given."""
        if self.density is None:
            return None
        from ase.data import atomic_masses, atomic_numbers

        mass = sum(x * float(atomic_masses[atomic_numbers[e]]) for e, x in self.composition.atom_fractions.items())
        return self.density / (U_PER_A3 * mass)

    @classmethod
    def from_file(  # noqa: PLR0913 (a public call)
        cls,
        path: str | Path,
        kind: str,
        radiation: Literal["neutron", "xray"] = "neutron",
        composition: str | Composition = "",
        density: float | str | None = None,
        q_range: tuple[float, float] | None = None,
        window: Literal["none", "lorch"] = "none",
        resolution: float | None = None,
        isotopes: Mapping[str, str] | None = None,
        source: str = "",
    ) -> Experiment:
        """Read text of two or three columns: Q or r, value, and optionally its standard uncertainty.

        Lines before the first row of numbers are a header; ``#`` starts a comment. Columns are separated by blanks, commas or semicolons.

        Parameters
        ----------
        path
            The file.
        kind
            ``"i(Q)"``, ``"S(Q)"``, ``"F(Q)"``, ``"g(r)"``, ``"T(r)"`` or ``"D(r)"``; see ``KINDS`` for normalisations.
        composition
            Of the sample: ``"SiO2"``.
        density
            [g/cm³] or text with a unit.
        q_range
            (lowest, highest) Q that holds data [1/Å]; rows outside are dropped.

        Raises
        ------
        InputError
            If the file is no such text, a number is not finite, Q is negative or not increasing, or nothing is left.
        """
        if not composition:
            raise InputError("The composition of the sample is missing.", mend='Add composition="SiO2".')
        rows = read_columns(Path(path))
        in_q = kind.endswith("(Q)")
        q_range = None if q_range is None else _checked_range(q_range)
        if in_q and q_range is not None:
            rows = rows[(rows[:, 0] >= q_range[0]) & (rows[:, 0] <= q_range[1])]
            if len(rows) == 0:
                raise InputError(f"{path} holds no row with Q between {q_range[0]:g} and {q_range[1]:g} 1/Å.", mend="Check q_range.")
        if rows[0, 0] < 0 or (in_q and rows[0, 0] == 0):
            what = "Q" if in_q else "r"
            raise InputError(f"{path} begins at {what} = {rows[0, 0]:g}.", f"{what} must be positive.", "Remove these rows, or give q_range.")
        sigma = rows[:, 2] if rows.shape[1] == 3 else None
        barn = {"T(r)": "barn/Å²", "D(r)": "barn/Å²"} | ({"i(Q)": "barn/sr/atom", "F(Q)": "barn/sr/atom"} if radiation == "neutron" else {})
        name = Path(path).stem
        about = {"normalisation": KINDS.get(kind, ""), "source": source}
        curve = Curve(rows[:, 0], rows[:, 1], sigma, kind, "1/Å" if in_q else "Å", barn.get(kind, ""), f"{name}, {radiation}", about)
        value = None if density is None else parse(density, "density", "density")
        return cls(curve, radiation, Composition(composition), value, q_range, window, resolution, isotopes or {}, name, source)


def _checked_range(q_range: object) -> tuple[float, float]:
    try:
        low, high = (float(q) for q in q_range)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        low = high = np.nan
    if not 0 <= low < high < np.inf:
        raise InputError(f"q_range = {q_range!r} is not possible.", mend="Give (lowest, highest) in 1/Å.")
    return low, high


def read_columns(path: Path) -> NDArray[np.float64]:
    """Rows of a text file of two or three columns of finite numbers ``(n, 2 or 3)``, the first strictly increasing."""
    try:
        text = path.read_text(encoding="utf-8", errors="strict")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read.", str(error), "Give a text file of two or three columns.") from None
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = re.split(r"[\s,;]+", line.split("#")[0].strip(" \t,;"))
        if words == [""]:
            continue
        values = _numbers(words)
        if not rows and (values is None or len(values) < 2):
            continue  # header
        if values is None or not 2 <= len(values) <= 3 or (rows and len(values) != len(rows[0])):
            raise InputError(f"Line {number} of {path} is not a row of {len(rows[0]) if rows else 'two or three'} numbers: {line.strip()[:60]!r}.")
        if not np.all(np.isfinite(values)):
            raise InputError(f"Line {number} of {path} holds a number that is not finite: {line.strip()[:60]!r}.", mend="Remove the row.")
        if rows and values[0] <= rows[-1][0]:
            raise InputError(f"Line {number} of {path} does not increase: {values[0]:g} after {rows[-1][0]:g}.", mend="Sort the rows and remove repeated ones.")
        rows.append(values)
    if not rows:
        raise InputError(f"{path} holds no row of numbers.", mend="Give a text file of two or three columns.")
    return np.array(rows)


def _numbers(words: list[str]) -> list[float] | None:
    try:
        return [float(w) for w in words]
    except ValueError:
        return None
