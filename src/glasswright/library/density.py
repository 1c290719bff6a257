"""Density of a glass: given, measured, modelled, or estimated from atomic volumes, in that order."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ..composition import NETWORK_FORMERS, Composition
from ..composition.oxides import read_simple
from ..errors import InputError
from ..units import U_PER_A3, parse

DensityKind = Literal["given", "measured", "model", "atomic volumes"]

_SAME = 5e-4  # Compositions within 0.05 mol% are the same glass.
_GAP = 0.15  # Interpolation never crosses more than 15 mol%.


@dataclass(frozen=True)
class DensityChoice:
    """A density at room temperature and where it comes from."""

    value: float
    """[g/cm³]"""
    kind: DensityKind
    source: str
    """Where the value comes from, as a sentence for a report."""
    warning: str | None = None
    """What to be careful about, or None."""


@dataclass(frozen=True)
class MeasuredDensity:
    """One measured glass of the library."""

    composition: Composition
    value: float
    """[g/cm³]"""
    source: str
    doi: str
    licence: str
    status: str
    """READ (the number stands in the source) or DERIVED (a median of the numbers in the source)."""


def choose_density(composition: Composition | str, density: float | str | None = None) -> DensityChoice:
    """Take the given density, else the best one the library has.

    Parameters
    ----------
    composition
        The glass.
    density
        [g/cm³], a number or a text with a unit; None: a measurement of this glass (or between two in the same binary series at
        most 15 mol% apart), else the model of Fluegel (doi 10.1111/j.1551-2916.2007.01751.x) within its limits, else atomic
        volumes with a warning.

    Raises
    ------
    InputError
        If the density makes no sense, or nothing in the library can estimate one.
    """
    glass = composition if isinstance(composition, Composition) else Composition(composition)
    if density is not None:
        value = parse(density, "density", "density")
        if not 0 < value <= 30:
            raise InputError(f"A density of {value:g} g/cm³ makes no sense.", mend="Give a density in g/cm³, or none to let the library choose.")
        return DensityChoice(value, "given", "Given by the user.")
    return _measured(glass) or model_density(glass) or volume_density(glass)


@cache
def measured_densities() -> tuple[MeasuredDensity, ...]:
    """Every measured density of the library."""
    entries: list[dict[str, Any]] = _table("densities.toml")["measured"]
    return tuple(
        MeasuredDensity(Composition(glass), value, entry["source"], entry["doi"], entry["licence"], entry["status"])
        for entry in entries
        for glass, value in entry["points"]
    )


def _measured(glass: Composition) -> DensityChoice | None:
    asked = glass.components
    series: list[tuple[float, MeasuredDensity]] = []
    for point in measured_densities():
        there = point.composition.components
        if all(abs(asked.get(name, 0.0) - there.get(name, 0.0)) < _SAME for name in {*asked, *there}):
            return DensityChoice(point.value, "measured", f"Measured: {point.source}.")
        if len(asked) == 2 and set(there) <= set(asked):
            series.append((there.get(glass.parts[0][0], 0.0), point))
    x = asked[glass.parts[0][0]]
    below = max((entry for entry in series if entry[0] < x), key=lambda entry: entry[0], default=None)
    above = min((entry for entry in series if entry[0] > x), key=lambda entry: entry[0], default=None)
    if below is None or above is None or above[0] - below[0] > _GAP:
        return None
    (x0, low), (x1, high) = below, above
    value = low.value + (high.value - low.value) * (x - x0) / (x1 - x0)
    between = f"Interpolated between {100 * x0:.3g} and {100 * x1:.3g} mol% {glass.parts[0][0]} ({low.value:g} and {high.value:g} g/cm³)"
    return DensityChoice(value, "measured", f"{between}: {low.source}.")


def model_density(composition: Composition) -> DensityChoice | None:
    """Density of a silicate glass by the polynomial of Fluegel, or None outside its limits.

    ρ = b0 + Σ b_i C_i + Σ b_ij C_i C_j + ... with C in mol% (doi 10.1111/j.1551-2916.2007.01751.x).
    """
    model = _table("fluegel2007.toml")
    percent = {name: 100 * x for name, x in composition.oxides.items()}
    sio2 = percent.pop("SiO2", 0.0)
    low, high = model["sio2_range"]
    limits: dict[str, float] = model["limits"]
    if not low <= sio2 <= high or any(content > limits.get(name, 0.0) + 1e-6 for name, content in percent.items()):
        return None
    value = model["constant"]
    for term, coefficient in model["coefficients"].items():
        for factor in term.split():
            name, _, power = factor.partition("^")
            coefficient *= percent.get(name, 0.0) ** int(power or 1)
        value += coefficient
    source = f"Model of {model['source']}, doi {model['doi']}; standard error {model['standard_error']} g/cm³."
    return DensityChoice(float(value), "model", source)


def volume_density(composition: Composition) -> DensityChoice:
    """Density from ionic volumes (oxides) or from the volumes of the pure elements: a starting point, no more.

    Raises
    ------
    InputError
        If an element has no tabulated volume.
    """
    from ase.data import atomic_masses, atomic_numbers

    fractions = composition.atom_fractions
    mass = sum(x * float(atomic_masses[atomic_numbers[element]]) for element, x in fractions.items())
    if composition.is_oxide:
        how = "Hard ionic spheres (radii of Shannon 1976, doi 10.1107/S0567739476001551) packed as in measured oxide glasses"
        volume = _ionic_volume(composition)
        error = "usually good to 3 %, up to 12 % too light with four-coordinated boron"
    else:
        volume, how = _elemental_volume(composition), "Volumes of the pure elements, added"
        error = "chalcogenides come out 10-18 % too dense"
    warning = f"The density of {composition} is an estimate from atomic volumes ({error}); give density= or let the pressure decide it (NPT)."
    return DensityChoice(mass * U_PER_A3 / volume, "atomic volumes", f"{how}.", warning)


def ionic_packing(composition: Composition) -> tuple[float, float]:
    """Volume of the ions per atom [Å³], and the share of the oxygen charge balanced by cations other than formers and Al.

    Raises
    ------
    InputError
        If an ion has no tabulated radius.
    """
    radii: dict[str, float] = _table("volumes.toml")["radii"]
    volume = atoms = oxygens = modifier_charge = 0.0
    for oxide, x in composition.oxides.items():
        element, valence, n_cations, n_oxygens = read_simple(oxide)
        if f"{element}{valence}" not in radii:
            raise _no_estimate(composition, f"{element}{valence}+")
        volume += x * 4 / 3 * math.pi * (n_cations * radii[f"{element}{valence}"] ** 3 + n_oxygens * radii["O"] ** 3)
        atoms += x * (n_cations + n_oxygens)
        oxygens += x * n_oxygens
        modifier_charge += 0.0 if element in NETWORK_FORMERS | {"Al"} else x * n_cations * valence
    return volume / atoms, modifier_charge / (2 * oxygens)


def _ionic_volume(composition: Composition) -> float:
    """Volume per atom [Å³] of an oxide glass."""
    spheres, modifier_share = ionic_packing(composition)
    constant, slope = (float(number) for number in _table("volumes.toml")["packing"])
    return spheres / (constant + slope * modifier_share)


def _elemental_volume(composition: Composition) -> float:
    """Volume per atom [Å³] of a glass of elements."""
    import periodictable

    volume = 0.0
    for symbol, x in composition.atom_fractions.items():
        element = periodictable.elements.symbol(symbol)
        if not element.density:
            raise _no_estimate(composition, symbol)
        volume += x * float(element.mass) * U_PER_A3 / float(element.density)
    return volume


def _no_estimate(composition: Composition, what: str) -> InputError:
    return InputError(
        f"The density of {composition} is not in the library.", f"There is no volume of {what} to estimate it from either.", "Give density= in g/cm³."
    )


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files("glasswright.library") / "data" / name).read_text(encoding="utf-8"))
