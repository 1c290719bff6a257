"""How many pairs there are at every distance up to half the box, and the S(Q) that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...experiment import Window
from ...experiment.transform import window_values
from ...native import pair_histogram
from ..density import number_density
from ..frames import Pair, elements_and_types, fractions_of, half_box, pairs_of, shell_volumes
from .partials import PartialSamples

if TYPE_CHECKING:
    from ase import Atoms

WIDEST = 0.02
"""Width of a shell at low Q [Å]."""


@dataclass(frozen=True, eq=False)
class PairShells:
    """Pairs in thin shells up to half the box: one pass over the atoms serves every radiation and every Q."""

    r: NDArray[np.float64]
    """Middle of the shells ``(n_r,)`` [Å]."""
    excess: Mapping[Pair, NDArray[np.float64]]
    """4πr² ρ [g_ab(r) - 1] dr of every configuration ``(n_frames, n_r)``."""
    fractions: Mapping[str, float]
    """Element → atom fraction."""
    density: float
    """Atoms per volume [1/Å³]."""
    r_max: float
    """Half the shortest height of the box [Å]."""
    q_max: float
    """Largest Q for which the shells are thin enough [1/Å]."""

    def partials(self, q: NDArray[np.float64], window: Window = "none") -> PartialSamples:
        """S_ab(Q) - 1 = 4πρ ∫ r² [g_ab(r) - 1] M(r) sin(Qr)/(Qr) dr at increasing, positive ``q`` [1/Å]."""
        if q[-1] > self.q_max * (1 + 1e-9):
            raise InputError(f"Q = {q[-1]:g} 1/Å is beyond the {self.q_max:g} 1/Å that the pairs were counted for.")
        phase = np.outer(self.r, q)
        kernel = window_values(window, self.r, self.r_max)[:, None] * np.sin(phase) / phase
        n_frames = len(next(iter(self.excess.values())))
        limit = f"g(r) ends at half the box, {self.r_max:.1f} Å: unreliable below Q = {2 * np.pi / self.r_max:.2f} 1/Å"
        about = {"method": "transform", "frames": n_frames, "r_max": self.r_max, "window": window, "finite_size": limit}
        return PartialSamples(q, {pair: 1 + excess @ kernel for pair, excess in self.excess.items()}, self.fractions, about)


def pair_shells(frames: Sequence[Atoms], q_max: float, width: float | None = None) -> PairShells:
    """Count pairs in shells thin enough for S(Q) up to ``q_max`` [1/Å]; ``width`` [Å]: in equal parts of shells of this width."""
    r_max = half_box(frames)
    # Averaging over a shell damps by sinc(Q·width/2): at most 0.2 % here.
    thin = min(WIDEST, 0.2 / q_max)
    n_bins = int(np.ceil(r_max / thin))
    if width is not None:
        parts = int(np.ceil(width / thin))
        n_bins = parts * int(r_max / width)
        r_max = n_bins // parts * width
    edges = np.linspace(0, r_max, n_bins + 1)
    volumes = shell_volumes(edges)
    elements, _ = elements_and_types(frames[0])
    excess: dict[Pair, list[NDArray[np.float64]]] = {pair: [] for pair in pairs_of(elements)}
    for atoms in frames:
        _, types = elements_and_types(atoms)
        n = np.bincount(types).astype(float)
        counts = pair_histogram(atoms.positions, atoms.cell, types, len(elements), r_max, n_bins)
        for a, b in excess:
            i, j = elements.index(a), elements.index(b)
            excess[a, b].append(len(atoms) * counts[i, j] / (n[i] * n[j]) - len(atoms) / atoms.cell.volume * volumes)
    return PairShells(
        0.5 * (edges[1:] + edges[:-1]), {p: np.array(e) for p, e in excess.items()}, fractions_of(frames[0]), number_density(frames), r_max, q_max
    )
