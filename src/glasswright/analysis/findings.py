"""What an analysis finds: curves, numbers, populations and maps, each with its uncertainty, under the names of the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..curve import Curve


@dataclass(frozen=True)
class Number:
    """A simulated number with its spread over configurations or replicas."""

    value: float
    spread: float | None = None
    """Sample standard deviation; None where there is one sample only."""
    unit: str = ""

    @classmethod
    def over(cls, values: Sequence[float], unit: str = "") -> Number:
        """Mean and sample standard deviation of what single configurations gave, rounded so that equal values have no spread."""
        spread = round(float(np.std(values, ddof=1)), 12) if len(values) > 1 else None
        return cls(float(np.mean(values)), spread, unit)


@dataclass(frozen=True)
class Population:
    """How often each of several cases occurs: coordination numbers, ring sizes, kinds of polyhedra."""

    title: str
    """For a table or a plot: ``"Qn of Si"``."""
    cases: Mapping[str, Number]
    """Case, as the field writes it (``"4"``, ``"corner-sharing"``) → how often, in the order to show them."""
    what: str = "fraction"
    """What is counted: ``"fraction"``, ``"rings per Si"``."""
    axis: str = ""
    """Name of the cases: ``"oxygens around Si"``."""


@dataclass(frozen=True, eq=False)
class Map:
    """A function of two variables on a grid."""

    x: NDArray[np.float64]
    """``(n_x,)``"""
    y: NDArray[np.float64]
    """``(n_y,)``"""
    values: NDArray[np.float64]
    """``(n_x, n_y)``"""
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    label: str = ""
    """What the values are, with their unit."""


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything an analysis found, by name: names of curves, populations and maps are file names, those of numbers are what a summary calls them."""

    curves: Mapping[str, Curve] = field(default_factory=dict)
    numbers: Mapping[str, Number] = field(default_factory=dict)
    populations: Mapping[str, Population] = field(default_factory=dict)
    maps: Mapping[str, Map] = field(default_factory=dict)

    def __or__(self, other: Findings) -> Findings:
        return Findings(
            {**self.curves, **other.curves}, {**self.numbers, **other.numbers}, {**self.populations, **other.populations}, {**self.maps, **other.maps}
        )
