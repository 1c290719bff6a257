"""A trajectory, read once from its first frame to its last: what all of dynamics starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ...units import MASS_VELOCITY2
from ..frames import check, elements_and_types

if TYPE_CHECKING:
    from ase import Atoms

TOLERANCE = 0.02
"""A frame may miss its time by this part of a step."""
PER_DECADE = 12
"""Logarithmic lags per factor of ten."""
_PEEKED = 11
_EDGE = 1e-6
"""Rounding of wrapped fractional coordinates."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One frame; atoms sorted by element."""

    tick: float
    """Time since the first frame, in steps of the trajectory."""
    fractional: NDArray[np.float64]
    """Unwrapped fractional coordinates, the centre of mass at the origin ``(n_atoms, 3)``. Differences between two frames, times the cell
    of the later one, leave out the affine breathing of the cell in NPT."""
    cell: NDArray[np.float64]
    """Rows are cell vectors ``(3, 3)`` [Å]."""
    stored: NDArray[np.float64] | None
    """Velocities relative to the centre of mass ``(n_atoms, 3)`` [Å/fs], where the frame has them."""

    @property
    def velocities(self) -> NDArray[np.float64]:
        if self.stored is None:
            raise InputError(
                "The frames of this trajectory hold no velocities.",
                "Vibrations and currents are computed from them.",
                "Run glasswright.md again: its trajectories keep velocities; or give Atoms with momenta.",
            )
        return self.stored


class Motion:
    """Frames at equal steps of time, one at a time; memory does not grow with their number."""

    def __init__(self, frames: Sequence[Atoms]) -> None:
        if hasattr(frames, "get_positions") or len(frames) < 2:
            raise InputError("Dynamics needs at least two configurations.", mend="Give the frames of a run.")
        self._frames = frames
        first = frames[0]
        check(first)
        self.elements, types = elements_and_types(first)
        self._numbers = first.numbers
        self._order = np.argsort(types, kind="stable")
        self.counts = np.bincount(types)
        """Atoms of each element ``(n_elements,)``."""
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.masses: NDArray[np.float64] = first.get_masses()[self._order]
        """[u]"""
        self.cell = np.asarray(first.cell)
        """Of the first frame [Å]."""
        self.punctual = True
        """Whether every frame of the last pass was at its time."""
        self.unit = "fs" if "time" in first.info else "configuration"

    def __len__(self) -> int:
        return len(self._frames)

    def _time(self, index: int, atoms: Atoms) -> float:
        if self.unit == "configuration":
            return float(index)
        if "time" not in atoms.info:
            raise InputError(f"Configuration {index + 1} has no time, the first one has.", mend="Give info['time'] in fs to all or to none.")
        return float(atoms.info["time"])

    @cached_property
    def start(self) -> float:
        """Time of the first frame, in ``unit``."""
        return self._time(0, self._frames[0])

    @cached_property
    def step(self) -> float:
        """Time between two frames, in ``unit``: the usual one among the first."""
        times = [self._time(i, self._frames[i]) for i in range(min(_PEEKED, len(self)))]
        steps = np.diff(times)
        if not np.all(steps > 0):
            raise InputError("The times of the configurations do not increase.", mend="Sort them by info['time'] and remove repeated ones.")
        return float(np.sort(steps)[steps.size // 2])

    @cached_property
    def span(self) -> float:
        """From the first frame to the last, in steps."""
        return (self._time(len(self) - 1, self._frames[-1]) - self.start) / self.step

    def __iter__(self) -> Iterator[Snapshot]:
        last, unwrap, self.punctual = -1.0, _Unwrap(), True
        for index in range(len(self)):
            atoms = self._frames[index]
            if len(atoms) != len(self.masses) or not np.array_equal(atoms.numbers, self._numbers):
                raise InputError(f"Configuration {index + 1} has other atoms than the first, or in another order.", mend="Give the frames of one run.")
            tick = (self._time(index, atoms) - self.start) / self.step
            if tick <= last:
                raise InputError("The times of the configurations do not increase.", mend="Sort them by info['time'] and remove repeated ones.")
            last = tick
            self.punctual = self.punctual and abs(tick - index) <= TOLERANCE
            yield self._snapshot(tick, atoms, unwrap)

    def regular(self) -> Iterator[Snapshot]:
        """The same, refused where a frame is not at its time: for what compares every frame with every other."""
        for index, snapshot in enumerate(self):
            if abs(snapshot.tick - index) > TOLERANCE:
                raise InputError(
                    f"The configurations are not at equal steps of time: number {index + 1} is {snapshot.tick:.2f} steps after the first.",
                    mend="Save them at equal steps: glasswright.md(..., n_frames=...) does.",
                )
            yield snapshot

    def _snapshot(self, tick: float, atoms: Atoms, unwrap: _Unwrap) -> Snapshot:
        cell = np.asarray(atoms.cell)
        if not np.isfinite(atoms.positions).all() or not abs(np.linalg.det(cell)) > 0:
            raise InputError("A configuration has no cell, or positions that are not finite.", mend="Leave it out.")
        fractional = unwrap(atoms.positions[self._order] @ np.linalg.inv(cell))
        velocities = None
        if atoms.has("momenta"):
            velocities = atoms.get_velocities()[self._order] / MASS_VELOCITY2**0.5  # ASE counts time in Å sqrt(u/eV)
            velocities = velocities - self.mean_by_mass(velocities)
        return Snapshot(tick, fractional - self.mean_by_mass(fractional), cell, velocities)

    def mean_by_mass(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(self.masses @ vectors / self.masses.sum())

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over the atoms of each element: ``(n_atoms, ...)`` → ``(n_elements, ...)``."""
        sums = np.add.reduceat(values, self.starts, axis=0)
        return np.asarray(sums / self.counts.reshape(-1, *[1] * (values.ndim - 1)))

    def lags(self, wanted: str | ArrayLike) -> NDArray[np.int64]:
        """Lags in steps of the trajectory, 0 first.

        ``"log"`` (twelve per decade) or ``"linear"``, both up to half the trajectory, or times in ``unit``, each rounded to a whole step.
        """
        longest = max(1, int((self.span + TOLERANCE) / 2))
        if isinstance(wanted, str):
            if wanted not in ("log", "linear"):
                raise InputError(f"Lags {wanted!r} are unknown.", mend="Use log, linear or times in fs.")
            if wanted == "linear":
                return np.arange(longest + 1)
            n = int(np.ceil(PER_DECADE * np.log10(max(longest, 2)))) + 1
            return np.unique(np.concatenate([[0], np.round(np.geomspace(1, longest, n)).astype(np.int64)]))
        try:
            times = np.atleast_1d(np.asarray(wanted, dtype=float))
        except (TypeError, ValueError):
            times = np.array([np.nan])
        if times.ndim != 1 or times.size == 0 or not np.all(np.isfinite(times)) or times.min() < 0 or times.max() > (self.span + 0.5) * self.step:
            span = f"{self.span * self.step:g} {self.unit}"
            raise InputError("Lags must be times between 0 and the length of the trajectory.", f"It is {span} long.", 'Use "log", "linear" or such times.')
        return np.unique(np.concatenate([[0], np.round(times / self.step).astype(np.int64)]))

    def lag(self, time: float) -> int:
        """One time as a number of steps."""
        return int(self.lags([time])[-1])


class _Unwrap:
    """Fractional coordinates followed through the boundaries, where a file keeps all of them between 0 and 1: from one frame to the next each
    atom takes the shortest way. Coordinates that are unwrapped already stay as they are."""

    def __init__(self) -> None:
        self._last: NDArray[np.float64] | None = None
        self._shift: NDArray[np.float64] | float = 0.0

    def __call__(self, fractional: NDArray[np.float64]) -> NDArray[np.float64]:
        wrapped = bool(fractional.min() > -_EDGE and fractional.max() < 1 + _EDGE)
        if wrapped and self._last is not None:
            self._shift = self._shift - np.round(fractional - self._last)
        self._last = fractional if wrapped else None
        return fractional + self._shift
