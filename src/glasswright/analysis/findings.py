"""What an analysis finds: curves, numbers, populations and maps, each with its uncertainty, under the names of the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

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
    measured: Mapping[str, float] = field(default_factory=dict)
    """Case → how often it was found in an experiment, or must be by stoichiometry."""
    source: str = ""
    """Of ``measured``; or why there is nothing measured."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Cutoff, definition: anything a reader must know."""


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
    metadata: Mapping[str, object] = field(default_factory=dict)


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

    def __bool__(self) -> bool:
        return bool(self.curves or self.numbers or self.populations or self.maps)


def pool(samples: Sequence[Findings]) -> Findings:
    """Mean over replicas of what all of them have; ``spread`` and ``sigma`` become the sample standard deviation over replicas.

    Populations are pooled case by case (a case that a replica lacks counts 0), curves and maps on the range they share.
    """
    first = samples[0]
    if len(samples) == 1:
        return first
    return Findings(
        {n: _pooled_curve([s.curves[n] for s in samples]) for n in first.curves if all(n in s.curves for s in samples)},
        {n: _pooled_number([s.numbers[n] for s in samples]) for n in first.numbers if all(n in s.numbers for s in samples)},
        {n: _pooled_population([s.populations[n] for s in samples]) for n in first.populations if all(n in s.populations for s in samples)},
        {n: _pooled_map([s.maps[n] for s in samples]) for n in first.maps if all(n in s.maps for s in samples)},
    )


def _pooled_number(numbers: Sequence[Number]) -> Number:
    return Number.over([n.value for n in numbers], numbers[0].unit)


def _pooled_population(parts: Sequence[Population]) -> Population:
    cases = dict.fromkeys(case for part in parts for case in part.cases)
    if all(case.lstrip("-").isdigit() for case in cases):
        cases = dict.fromkeys(sorted(cases, key=int))
    unit = next((n.unit for part in parts for n in part.cases.values()), "")
    nothing = Number(0.0, None, unit)
    pooled = {case: _pooled_number([part.cases.get(case, nothing) for part in parts]) for case in cases}
    return replace(parts[0], cases=pooled, metadata=_pooled_metadata([part.metadata for part in parts]))


def _pooled_curve(curves: Sequence[Curve]) -> Curve:
    first = curves[0]
    if first.metadata.get("measured"):
        return first
    # Replicas in NPT differ a little in box size, and so in where S(Q) begins, and in the times of their melts.
    x = _shared([c.x for c in curves])
    rows = np.array([np.interp(x, c.x, c.y) for c in curves])
    about = {**_pooled_metadata([c.metadata for c in curves]), "replicas": len(curves), "sigma": "sample standard deviation over replicas"}
    return replace(first, x=x, y=rows.mean(axis=0), sigma=rows.std(axis=0, ddof=1), metadata=about)


def _pooled_map(maps: Sequence[Map]) -> Map:
    x, y = _shared([m.x for m in maps]), _shared([m.y for m in maps])
    values = np.mean([_interpolated(m, x, y) for m in maps], axis=0)
    return replace(maps[0], x=x, y=y, values=values, metadata=_pooled_metadata([m.metadata for m in maps]))


def _interpolated(m: Map, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    if np.array_equal(m.x, x) and np.array_equal(m.y, y):
        return m.values
    along_y = np.array([np.interp(y, m.y, row) for row in m.values])
    return np.array([np.interp(x, m.x, column) for column in along_y.T]).T


def _shared(grids: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The part of the first grid that lies within all of them."""
    low, high = max(g[0] for g in grids), min(g[-1] for g in grids)
    return np.asarray(grids[0][(grids[0] >= low - 1e-9) & (grids[0] <= high + 1e-9)])


def _pooled_metadata(parts: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """That of the first replica, its measured numbers averaged."""
    about = dict(parts[0])
    for key, value in about.items():
        values = [part.get(key) for part in parts]
        if isinstance(value, float) and all(isinstance(v, float) for v in values):
            about[key] = float(np.mean(values))  # type: ignore[arg-type]
    return about
