"""The one unit system, and the only file with conversion factors.

Inside: Å, fs, eV, K, u, e, GPa, g/cm³. Strings with units are parsed at the border only.
Constants are CODATA 2018 where not exact (doi 10.1103/RevModPhys.93.025010).
"""

from __future__ import annotations

import math
import re
from numbers import Real

from .errors import InputError

COULOMB = 14.399645
"""e²/(4πε₀) [eV Å], the same in every engine (PHYSICS: one Coulomb constant everywhere)."""
BOLTZMANN = 8.617333262e-5
"""Boltzmann constant [eV/K]."""
U_PER_A3 = 1.66053906660
"""Density of one atomic mass unit per Å³ [g/cm³]."""
PASCAL_SECOND = 6241.509074
"""One Pa s in eV fs/Å³."""
THZ = 1e3
"""One cycle per fs in THz."""
CM2_PER_S = 0.1
"""One Å²/fs in cm²/s."""
GPA = 160.2176634
"""One eV/Å³ in GPa."""
MASS_VELOCITY2 = 103.6426965268
"""One u (Å/fs)² in eV."""

# Each dimension: unit → factor to the inner unit.
_UNITS: dict[str, dict[str, float]] = {
    "temperature": {"K": 1.0},
    "time": {"as": 1e-3, "fs": 1.0, "ps": 1e3, "ns": 1e6, "us": 1e9, "µs": 1e9},
    "pressure": {"Pa": 1e-9, "kPa": 1e-6, "MPa": 1e-3, "GPa": 1.0, "bar": 1e-4, "kbar": 0.1, "atm": 1.01325e-4},
    "density": {"g/cm3": 1.0, "g/cm^3": 1.0, "g/cm³": 1.0, "kg/m3": 1e-3, "kg/m^3": 1e-3, "kg/m³": 1e-3},
    "length": {"Å": 1.0, "A": 1.0, "angstrom": 1.0, "nm": 10.0, "pm": 0.01},
    "energy": {"eV": 1.0, "meV": 1e-3, "kJ/mol": 0.01036426966, "kcal/mol": 0.04336410390},
    "cooling_rate": {
        "K/fs": 1.0,
        "K/ps": 1e-3,
        "K/ns": 1e-6,
        "K/us": 1e-9,
        "K/µs": 1e-9,
        "K/s": 1e-15,
    },
}
_INNER = {
    "temperature": "K",
    "time": "fs",
    "pressure": "GPa",
    "density": "g/cm3",
    "length": "Å",
    "energy": "eV",
    "cooling_rate": "K/fs",
}
_QUANTITY = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*$", re.ASCII)


def parse(value: str | float, dimension: str, name: str = "value") -> float:
    """Return a quantity as a plain number in the inner unit of its dimension.

    Parameters
    ----------
    value
        A number (taken to be in the inner unit) or a string such as ``"10 K/ps"``.
    dimension
        One of ``temperature``, ``time``, ``pressure``, ``density``, ``length``, ``energy``, ``cooling_rate``.
    name
        What the quantity is called in an error message.

    Raises
    ------
    InputError
        If the text is no number with a unit of this dimension, or is not finite.
    """
    units = _UNITS[dimension]
    known = ", ".join(units)
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number, unit = float(value), ""
        except OverflowError:
            number, unit = math.inf, ""
    elif isinstance(value, str):
        found = _QUANTITY.match(value)
        if not found:
            raise InputError(f"{name} {value!r} is not a number with a unit.", mend=f"Write it like '5 {_INNER[dimension]}'; units known: {known}.")
        number, unit = float(found[1]), found[2]
    else:
        raise InputError(f"{name} must be a number or a text with a unit, not {value!r}.", mend=f"Units known: {known}.")
    if not math.isfinite(number):
        raise InputError(f"{name} {value!r} is not finite.", mend=f"Give a finite number in {_INNER[dimension]}.")
    if unit and unit not in units:
        raise InputError(f"{name} {value!r} has the unit {unit!r}, which is not one of {dimension.replace('_', ' ')}.", mend=f"Units known: {known}.")
    return number * units[unit] if unit else number


def inner_unit(dimension: str) -> str:
    """Name of the unit used inside for a dimension."""
    return _INNER[dimension]


def density(mass: float, volume: float) -> float:
    """Mass density [g/cm³] of ``mass`` [u] in ``volume`` [Å³]."""
    return mass * U_PER_A3 / volume
