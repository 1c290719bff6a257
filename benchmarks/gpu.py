"""Atom-steps per second on an accelerator: NVT dynamics of BKS silica, from 3000 to 1.5 million atoms and in batches of 64, against jax-md.

Runs anywhere JAX finds a GPU or TPU, and says so where it finds none. The melts are copies of one of 3000 atoms in jax-md's form of BKS at
8 Å; forces in single precision, positions in double; neighbour lists are made under JAX, on the device. jax-md integrates in
single precision, with its fastest list. The time is that of the clock, the median of several turns after everything is compiled.

Run it as ``make bench-gpu``, or as ``python benchmarks/gpu.py --atoms 3000 24000``.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CUTOFF = 8.0
COPIES = {3000: 1, 24000: 2, 192000: 4, 648000: 6, 1536000: 8}
"""Atoms → copies of the melt along an edge."""
BATCH = 64
HOT = 3000.0
RESULTS = Path(__file__).parent / "results"
ADVANCE = Callable[[int], object]


@dataclass(frozen=True)
class Pace:
    """What one contestant reached."""

    name: str
    atoms: int
    batch: int
    seconds: tuple[float, ...]
    """Per step, of each turn."""
    outcome: str = ""
    """Why there is no figure."""

    @property
    def atom_steps(self) -> float:
        """Per second."""
        return self.atoms * self.batch / statistics.median(self.seconds) if self.seconds else np.nan
