"""What a Monte Carlo tries, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Moves:
    """What trials try. Every trial is as probable as its reverse, or its acceptance corrects for what it is not."""

    step: float | tuple[float, ...] = 0.2
    """An atom goes to anywhere in a cube of twice this edge around it; one number, or one for every type [Å]."""
    swaps: float = 0.0
    """Share of the trials in which two atoms of different types change places."""
    clusters: float = 0.0
    """Share of the trials in which a group of atoms is shifted and turned as a rigid body."""
    swapped: tuple[tuple[int, int], ...] = ()
    """Types whose atoms change places; all that differ if empty."""
    cluster_step: float = 0.1
    """Largest shift of a group along each axis [Å]."""
    cluster_angle: float = 5.0
    """Largest rotation of a group about its middle [degrees]."""
    biased: float = 0.0
    """Share of the trials in which an atom steps along the force of ``set_bias``, and to all sides at random."""
    biased_step: float = 0.05
    """Standard deviation of such a step along each axis [Å]; the force moves its mean by up to twice as much."""


@dataclass(frozen=True)
class Trials:
    """How often something was tried and what became of it."""

    tried: int
    accepted: int
    too_close: int
    """Rejected because atoms would have come closer than their minimum distance."""
    refused: int
    """Rejected by another constraint that allows no exception."""

    @property
    def acceptance(self) -> float:
        """Accepted over tried; 0 where none were."""
        return self.accepted / self.tried if self.tried else 0.0


@dataclass(frozen=True)
class Counts:
    """What a run tried."""

    displacements: Trials
    swaps: Trials
    clusters: Trials
    biased: Trials
    evaluated: int
    """Trials that came to be weighed by data and energy."""
    energy_change: float
    """Sum of ``|ΔU|`` over the accepted trials [eV]."""
    data_change: tuple[float, ...]
    """Sum of ``n_atoms |ΔR_k²|`` over the accepted trials, for every set of data."""
    drift: float
    """Largest relative difference between a total that was added up trial by trial and its recount at the end."""

    @property
    def tried(self) -> int:
        return sum(kind.tried for kind in self._kinds)

    @property
    def accepted(self) -> int:
        return sum(kind.accepted for kind in self._kinds)

    @property
    def acceptance(self) -> float:
        """Accepted over tried; 0 where none were."""
        return self.accepted / self.tried if self.tried else 0.0

    @property
    def _kinds(self) -> tuple[Trials, ...]:
        return self.displacements, self.swaps, self.clusters, self.biased
