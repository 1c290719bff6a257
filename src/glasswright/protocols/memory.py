"""Has the melt forgotten where it started? Measured, not assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..analysis.dynamics.displacement import displacement

DECAYED = 0.1
"""Self intermediate scattering below which a species has lost its memory."""
FORMER_MSD = 10.0
"""Mean-square displacement that network formers must exceed [Å²]."""
FSDP_Q = 1.5
"""Wave number of the first sharp diffraction peak of silicates [1/Å]."""


@dataclass(frozen=True)
class Memory:
    """What the melt remembers of its first configuration."""

    scattering: Mapping[str, float]
    """F_s(Q, t) of each species at Q = 1.5 1/Å: 1 at the start, 0 when all memory is lost."""
    msd: Mapping[str, float]
    """Mean-square displacement of each species [Å²]."""
    half_box: float
    """Half the shortest box edge [Å]: the review's rule of thumb for the root of the displacement."""

    def is_lost(self, formers: Sequence[str]) -> bool:
        """True where every F_s has decayed and the network formers have moved far enough."""
        return all(f < DECAYED for f in self.scattering.values()) and all(self.msd[s] > FORMER_MSD for s in formers if s in self.msd)

    def sentence(self) -> str:
        worst = max(self.scattering, key=lambda s: self.scattering[s])
        slowest = min(self.msd, key=lambda s: self.msd[s])
        return (
            f"F_s(1.5 1/Å) is at most {self.scattering[worst]:.2f} ({worst}); the smallest mean-square displacement is {self.msd[slowest]:.1f} Å² "
            f"({slowest}, root {self.msd[slowest] ** 0.5:.1f} Å; half box {self.half_box:.1f} Å)"
        )


def memory(
    start: NDArray[np.float64], now: NDArray[np.float64], cell: NDArray[np.float64], species: NDArray[np.str_], masses: NDArray[np.float64], q: float = FSDP_Q
) -> Memory:
    """Compare two configurations of unwrapped *fractional* coordinates ``(n_atoms, 3)`` in the present cell.

    The displacement is that of ``analysis.squared_displacement``: without the affine breathing of the cell and the motion of the centre of mass.
    F_s(Q, t) = ⟨sin(Qd)/(Qd)⟩, the average over directions of ⟨exp(iQ·d)⟩ (Hansen & McDonald, Theory of Simple Liquids).
    """
    distance = np.linalg.norm(displacement(start, now, cell, masses), axis=1)
    names = [str(s) for s in np.unique(species)]
    scattering = {s: float(np.sinc(q * distance[species == s] / np.pi).mean()) for s in names}
    msd = {s: float((distance[species == s] ** 2).mean()) for s in names}
    return Memory(scattering, msd, float(np.linalg.norm(cell, axis=1).min() / 2))
