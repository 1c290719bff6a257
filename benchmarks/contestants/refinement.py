"""What every contestant of ``make bench-rmc`` does: moves single atoms from the same start towards the same curves.

The cost is that of reverse-monte-carlo 1.0.3, whose definitions cannot be changed from outside, because the others can be told to follow it:

- bins ``[k w, (k + 1) w)`` with ``w = r_max / n``, their counts divided by shells of width ``r_max / (n - 1)``: g(r) comes out low by
  three parts in n;
- S(Q) = 1 + Σ_j G_j sin(Q r_j) d / Q over 398 bins of width ``19.85 / 398`` from 0.075 Å, divided by shells of width d = 0.05 Å, with
  G_j = 4π ρ (r_j + d/2) (g_j - 1) and r_j = 0.075 Å + j d; cut at ``r_max`` by its shape function;
- R² = Σ (s y - y_target)² with the scale s that fits best. It fits s at every move, glasswright between blocks of moves: here at the start.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

import numpy as np

from .worker import Served, Taken

FIRST, STEP, BINS = 0.075, 0.05, 398
"""Of the S(Q) of reverse-monte-carlo: first edge [Å], width of its shells [Å], number of bins."""
WIDTH = (BINS - 1) * STEP / BINS
"""What its bins really span [Å]."""
LEAST = 0.05
"""Seconds of the processor that a turn takes at least: the same moves again, from the same start."""


class Refinement(Served):
    """``spec``: ``r_max``, ``n_bins``, ``q`` (whether S(Q) counts), ``minimum`` (whether minimum distances are kept), ``step`` [Å]."""

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        self.atoms, self.spec = atoms, spec
        self.elements = [str(e) for e in atoms["elements"]]
        self.symbols = [str(e) for e in atoms["symbols"]]
        self.density = len(self.symbols) / float(np.prod(atoms["lengths"]))
        self.restart()
        self.fresh = True

    @abstractmethod
    def restart(self) -> None:
        """Back to the start."""

    @abstractmethod
    def accepted(self) -> int:
        """Moves accepted since the start."""

    def run(self, n_steps: int) -> Taken:
        """Moves from the start; where they take next to no time, again and again."""
        taken, turns = np.zeros(2), 0
        while taken[1] < LEAST:
            if not self.fresh:
                self.restart()
            self.fresh = False
            wall, cpu = time.perf_counter(), time.process_time()
            self.steps(n_steps)
            taken += time.perf_counter() - wall, time.process_time() - cpu
            turns += 1
        return float(taken[0] / turns), float(taken[1] / turns)


def shells(width: float, n: int, first: float = 0.0) -> np.ndarray:
    """Volumes of ``n`` shells [Å³]."""
    edges = first + width * np.arange(n + 1)
    return 4 / 3 * np.pi * np.diff(edges**3)


def transform(q: np.ndarray, density: float, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """``(n_bins, n_q)`` and ``(n_q,)``: S(Q) = constant + Σ_j matrix[j] n_j, n_j being the mean number of atoms seen in bin j, weighted."""
    r = FIRST + STEP * np.arange(BINS)
    scale = 4 * np.pi * density * (r + STEP / 2) * (r + STEP / 2 < cut)
    kernel = scale[:, None] * STEP * np.sin(np.outer(r, q)) / q
    return kernel / (shells(STEP, BINS, FIRST) * density)[:, None], 1 - kernel.sum(axis=0)


def fitted_scale(y: np.ndarray, target: np.ndarray) -> float:
    return float(y @ target / (y @ y))
