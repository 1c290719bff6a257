"""Measured facts: one number, its range, unit, source and status."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ...composition import Composition

SAME = 2e-3
"""Largest difference of a mole fraction between two compositions that count as one glass."""


@dataclass(frozen=True)
class Fact:
    """One measured number."""

    quantity: str
    """As in the summary of an analysis: ``Si-O distance``."""
    value: float
    source: str
    status: str
    """``READ`` (stands in the source), ``DERIVED`` (computed from data of the source) or ``EXPECTED`` (``is_expected``)."""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    """Range over the sources, or of the stated uncertainty."""
    note: str = ""
    glass: str = ""
    """The one composition it holds for."""
    series: str = ""
    """Or the oxides of every composition it is shown for."""

    def holds_for(self, composition: Composition) -> bool:
        if self.glass:
            return same_glass(composition, Composition(self.glass))
        return set(composition.oxides) <= set(self.series.split("-")) and "SiO2" in composition.oxides


def facts(composition: Composition) -> dict[str, Fact]:
    """What is known about a glass: quantity → fact."""
    return {fact.quantity: fact for fact in _all() if fact.holds_for(composition)}


def is_expected(source: str) -> bool:
    """Whether a number follows from stoichiometry or geometry and was not measured: the first word of its source says so."""
    return source.startswith(("stoichiometry", "geometry"))


def same_glass(a: Composition, b: Composition) -> bool:
    """Whether two compositions agree within the rounding to whole atoms."""
    x, y = _fractions(a), _fractions(b)
    return all(abs(x.get(name, 0.0) - y.get(name, 0.0)) < SAME for name in {*x, *y})


def _fractions(composition: Composition) -> Mapping[str, float]:
    return composition.atom_fractions


@cache
def _all() -> tuple[Fact, ...]:
    text = (files(__package__) / "facts.toml").read_text(encoding="utf-8")
    return tuple(Fact(**entry) for entry in tomllib.loads(text)["fact"])
