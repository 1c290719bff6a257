"""Measured curves: those that ship, and those that are looked for at run time."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from ...composition import Composition
from ...errors import InputError
from ...experiment import Experiment
from .facts import same_glass
from .place import VARIABLE, find


@dataclass(frozen=True)
class MeasuredCurve:
    """An entry of the catalogue; ``load`` reads it."""

    name: str
    kind: str
    radiation: Literal["neutron", "xray"]
    composition: str
    density: float
    """[g/cm³]"""
    q_range: tuple[float, float]
    """[1/Å]"""
    source: str
    file: str = ""
    """Shipped with the package, or"""
    elsewhere: str = ""
    """looked for in the data folder at run time."""
    obtain: str = ""
    """Where to get it."""
    window: Literal["none", "lorch"] = "none"
    isotopes: Mapping[str, str] = field(default_factory=dict)
    divisor: Literal["<f>2", "<f2>"] = "<f>2"
    """Of X-rays."""

    def load(self) -> Experiment | None:
        """The measured curve; None where it does not ship and is not in the data folder."""
        if self.file:
            with as_file(files(__package__) / self.file) as path:
                return self._read(path)
        found = find(self.elsewhere)
        return None if found is None else self._read(found)

    def where_to_get_it(self) -> str:
        """What to do to have the curve, as a sentence."""
        radiation = "X-ray" if self.radiation == "xray" else self.radiation
        return (
            f"The measured {radiation} {self.kind} of {self.composition} ({self.source}) does not ship with glasswright: take it from {self.obtain}, "
            f"save it as {self.elsewhere} in a folder and set {VARIABLE} to that folder."
        )

    def _read(self, path: Path) -> Experiment:
        sample = (self.composition, self.density, self.q_range, self.window)
        return Experiment.from_file(path, self.kind, self.radiation, *sample, isotopes=self.isotopes, source=self.source, divisor=self.divisor)


def measured_curves(composition: Composition) -> list[MeasuredCurve]:
    """Entries of the catalogue for a glass, whether or not their data are here."""
    return [entry for entry in _catalogue() if same_glass(composition, Composition(entry.composition))]


def shipped_experiment(name: str) -> Experiment:
    """A measured curve that ships: ``geo2-70ge``, ``geo2-73ge``."""
    shipped = {entry.name: entry for entry in _catalogue() if entry.file}
    experiment = shipped[name].load() if name in shipped else None
    if experiment is None:
        raise InputError(f"No measured curve {name!r} ships with glasswright.", mend=f"There are {', '.join(shipped)}.")
    return experiment


def library_experiment(name: str) -> Experiment:
    """A measured curve of the library by name, shipped or found in the data folder: ``geo2-70ge``, ``sio2-isis``, ..."""
    entries = {entry.name: entry for entry in _catalogue()}
    if name not in entries:
        raise InputError(f"There is no measured curve {name!r}, in the library or as a file.", mend=f"The library knows {', '.join(entries)}.")
    experiment = entries[name].load()
    if experiment is None:
        raise InputError(f"The measured curve {name!r} is not here.", entries[name].where_to_get_it())
    return experiment


@cache
def _catalogue() -> tuple[MeasuredCurve, ...]:
    text = (files(__package__) / "curves.toml").read_text(encoding="utf-8")
    return tuple(MeasuredCurve(**{**entry, "q_range": tuple(entry["q_range"])}) for entry in tomllib.loads(text)["curve"])
