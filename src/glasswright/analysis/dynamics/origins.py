"""Averages of displacements over many origins of time, in one pass over a trajectory, with errors from blocks of origins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...curve import Curve
from ...errors import InputError
from ...native import displacements
from .motion import TOLERANCE, Motion

BLOCKS = 8
"""Parts of the trajectory whose origins are set against each other for the error."""
KEPT = 64
"""Most origins held at a time: memory is 24 bytes × 64 per atom, however long the trajectory."""


@dataclass(frozen=True, eq=False)
class Moved:
    """How far the atoms, sorted by element, have moved between an origin and a later frame."""

    motion: Motion
    rows: NDArray[np.float64]
    """x, y, z [Å] and the squared distance [Å²] of each atom ``(4, n_atoms)``."""

    @property
    def vectors(self) -> NDArray[np.float64]:
        """``(3, n_atoms)`` [Å]"""
        return np.asarray(self.rows[:3])

    @property
    def squared(self) -> NDArray[np.float64]:
        """``(n_atoms,)`` [Å²]"""
        return np.asarray(self.rows[3])


Measure = Callable[[Moved], NDArray[np.float64]]
"""What is averaged over origins: displacements → ``(n_elements, ...)``."""


@dataclass(frozen=True, eq=False)
class Averages:
    """Means over origins at every lag, kept apart by blocks of origins."""

    time: NDArray[np.float64]
    """Lags ``(n_lags,)`` in ``unit``."""
    unit: str
    sums: NDArray[np.float64]
    """``(n_blocks, n_lags, n_elements, ...)``"""
    counts: NDArray[np.float64]
    """Origins ``(n_blocks, n_lags)``."""
    span: float
    """Length of the trajectory, in ``unit``."""

    @property
    def mean(self) -> NDArray[np.float64]:
        """Over all origins ``(n_lags, n_elements, ...)``."""
        return np.asarray(self.sums.sum(axis=0) / self.counts.sum(axis=0).reshape(-1, *(1,) * (self.sums.ndim - 2)))

    def estimate(self, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A function of the means ``(n_lags, n_elements, ...)``, and its standard error by leaving out one block after the other (jackknife).

        Where lags are so long that blocks overlap, the error is that of as many blocks as the trajectory holds such lags. It is NaN
        where all origins lie in one block.
        """
        extra = (1,) * (self.sums.ndim - 2)
        total, number = self.sums.sum(axis=0), self.counts.sum(axis=0)
        value = function(self.mean)
        rest = number - self.counts
        usable = (self.counts > 0) & (rest > 0)
        blocks = usable.sum(axis=0)
        left = np.where(rest > 0, rest, 1)
        with np.errstate(invalid="ignore", divide="ignore"):  # of blocks without which nothing is left, and which are not used
            without = np.array([function((total - s) / n.reshape(-1, *extra)) for s, n in zip(self.sums, left, strict=True)])
        extra = (1,) * (value.ndim - 1)
        weight = usable.reshape(*usable.shape, *extra)
        used = np.where(blocks > 1, blocks, 1).reshape(-1, *extra)
        mean = np.where(weight, without, 0).sum(axis=0) / used
        variance = (used - 1) / used * np.where(weight, (without - mean) ** 2, 0).sum(axis=0)
        independent = np.minimum(blocks, self.span / np.maximum(self.time, self.span / BLOCKS))
        inflation = np.where(blocks > 1, blocks / np.maximum(independent, 1), np.nan).reshape(-1, *extra)
        return value, np.sqrt(variance * inflation)

    def at(self, lags: NDArray[np.int64] | NDArray[np.bool_]) -> Averages:
        """The same at some of the lags."""
        return replace(self, time=self.time[lags], sums=self.sums[:, lags], counts=self.counts[:, lags])

    def curve(
        self,
        value: NDArray[np.float64],
        error: NDArray[np.float64],
        kind: str,
        y_unit: str = "",
        label: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> Curve:
        """A curve against time."""
        sigma = error if np.isfinite(error[self.time > 0]).any() else None
        about: dict[str, object] = {"origins": int(self.counts[:, 0].sum()), **(metadata or {})}
        if sigma is not None:
            about["sigma"] = f"standard error, from blocks of origins ({self.sums.shape[0]})"
        return Curve(self.time, value, sigma, kind, self.unit, y_unit, label, about)


def over_origins(
    motion: Motion, measures: Sequence[Measure], lags: str | ArrayLike = "log", stride: int | None = None, first_only: bool = False
) -> list[Averages]:
    """Average measures of displacement over all origins in one pass.

    Parameters
    ----------
    lags
        See ``Motion.lags``.
    stride
        Every ``stride``-th frame is an origin; None: as many as keep ``KEPT`` at a time.
    first_only
        The first frame is the only origin, every frame a lag.
    """
    wanted = np.arange(round(motion.span) + 1) if first_only else motion.lags(lags)
    place = {int(lag): k for k, lag in enumerate(wanted)}
    longest = int(wanted[-1])
    if stride is not None and stride < 1:
        raise InputError(f"A stride of {stride} between origins is not possible.", mend="Give a whole number of frames, 1 or more.")
    every = stride or -(-(longest + 1) // KEPT)
    sums: list[NDArray[np.float64] | None] = [None] * len(measures)
    counts = np.zeros((BLOCKS, len(wanted)))
    origins: deque[tuple[float, NDArray[np.float64]]] = deque()
    for index, now in enumerate(motion):
        while origins and now.tick - origins[0][0] > longest + TOLERANCE:
            origins.popleft()
        if index == 0 or (index % every == 0 and not first_only):
            origins.append((now.tick, now.fractional))
        for tick, start in origins:
            lag = round(now.tick - tick)
            if lag not in place or abs(now.tick - tick - lag) > TOLERANCE:
                continue
            moved = Moved(motion, displacements(start, now.fractional, now.cell))
            block, k = min(BLOCKS - 1, int(BLOCKS * tick / motion.span)), place[lag]
            counts[block, k] += 1
            for m, measure in enumerate(measures):
                values = measure(moved)
                held = sums[m]
                if held is None:
                    sums[m] = held = np.zeros((BLOCKS, len(wanted), *values.shape))
                held[block, k] += values
    met = counts.sum(axis=0) > 0
    time = wanted[met] * motion.step
    return [Averages(time, motion.unit, held[:, met], counts[:, met], motion.span * motion.step) for held in sums if held is not None]
