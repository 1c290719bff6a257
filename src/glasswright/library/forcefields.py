"""Force fields as data: the library of published ones, and the reader of a user's TOML file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..forcefield import ForceField
from .forcefield_reader import parse_forcefield

if TYPE_CHECKING:
    from ..composition import Composition


def forcefield_names() -> list[str]:
    """Names of the force fields in the library, in alphabetical order."""
    folder = files("glasswright.library").joinpath("forcefields")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_forcefield(name_or_path: str | Path, coulomb: str | None = None) -> ForceField:
    """A force field of the library by name, or one from a TOML file.

    Parameters
    ----------
    name_or_path
        A name from ``forcefield_names``, such as ``"teter"`` or ``"bks/dsf"`` (with another Coulomb method), or the path of a TOML file.
    coulomb
        None: as published; ``"ewald"``, ``"dsf"`` or ``"wolf"``: the same short range with another Coulomb method, a model of its own.

    Raises
    ------
    InputError
        If there is no such force field, or its file is wrong; names the file and the key.
    """
    text = str(name_or_path)
    name, _, method = text.partition("/")
    if name in forcefield_names() and not isinstance(name_or_path, Path):
        forcefield, coulomb = _shipped(name), coulomb or method or None
    else:
        path = Path(text)
        if not path.is_file():
            raise InputError(
                f"There is no force field {text!r}.", f"The library has {', '.join(forcefield_names())}.", "Use one of these names or the path of a TOML file."
            )
        forcefield = parse_forcefield(_read(path), text)
    return forcefield if coulomb is None else forcefield.with_coulomb(coulomb)  # type: ignore[arg-type]


@cache
def _shipped(name: str) -> ForceField:
    source = files("glasswright.library").joinpath("forcefields", f"{name}.toml")
    return parse_forcefield(source.read_bytes(), f"{name}.toml")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"The force-field file {str(path)!r} cannot be read.", str(error)) from error


def choose_forcefield(composition: Composition) -> tuple[ForceField, str]:
    """The shipped force field whose stated range covers a composition best, and why.

    Among those with parameters for every element, and charges that can balance, the one with the fewest warnings is taken, then the one of
    highest rank.

    Raises
    ------
    InputError
        If none has parameters for every element.
    """
    candidates, unfit = [], []
    for name in forcefield_names():
        forcefield = _shipped(name)
        if reason := _unfit(forcefield, composition):
            unfit.append(f"{name} {reason}")
        else:
            candidates.append((len(check_validity(forcefield, composition)), -forcefield.validity.rank, name))
    if not candidates:
        reasons = "; ".join(unfit)
        raise InputError(
            f"No force field of the library covers {composition.formula}.", f"{reasons[0].upper()}{reasons[1:]}.", "Give one of your own as a TOML file."
        )
    warnings, _, name = min(candidates)
    forcefield = _shipped(name)
    others = [n for _, _, n in sorted(candidates) if n != name]
    reason = f"{name} covers {composition.formula} best: {forcefield.validity.composition}"
    if warnings:
        reason = f"{name} is the nearest to {composition.formula}, though outside its stated range: {forcefield.validity.composition}"
    return forcefield, reason + (f" (also possible: {', '.join(others)})." if others else ".")


def _unfit(forcefield: ForceField, composition: Composition) -> str:
    """Why a force field cannot describe a composition at all; empty where it can."""
    present = set(composition.atom_fractions)
    if lacking := sorted(present - forcefield.validity.elements):
        return f"lacks {', '.join(lacking)}"
    charges = [s.charge for s in forcefield.species if s.element in present]
    one_sign = all(q is not None and q > 0 for q in charges) or all(q is not None and q < 0 for q in charges)
    return "knows these elements with charges of one sign alone" if one_sign else ""


def check_validity(forcefield: ForceField, composition: Composition, temperature: float | None = None) -> list[str]:
    """Warnings where a composition or a temperature [K] leaves the stated range of a force field; each names the range."""
    validity, warnings = forcefield.validity, []
    stated = f"its stated range is {validity.composition}" if validity.composition else "its range is not stated"
    unknown = sorted(set(composition.atom_fractions) - validity.elements)
    if unknown:
        warnings.append(f"Force field {forcefield.name} has no parameters for {', '.join(unknown)}; it knows {', '.join(sorted(validity.elements))}.")
    strange = sorted(composition.formers - validity.formers) if validity.formers else []
    if strange:
        warnings.append(f"{composition.formula} has {' and '.join(strange)} as network former, which {forcefield.name} was not made for; {stated}.")
    fractions = composition.oxides
    for oxide, (low, high) in validity.oxides.items():
        if not low - 1e-6 <= fractions.get(oxide, 0.0) <= high + 1e-6:
            span = f"{100 * low:g} to {100 * high:g} mol%"
            warnings.append(f"{composition.formula} has {100 * fractions.get(oxide, 0.0):.3g} mol% {oxide}, outside {span} of {forcefield.name}; {stated}.")
    if temperature is not None and validity.temperature is not None and not validity.temperature[0] <= temperature <= validity.temperature[1]:
        low, high = validity.temperature
        warnings.append(f"{temperature:g} K is outside the range of {forcefield.name}, {low:g} to {high:g} K.")
    return warnings
