"""What every part of an analysis starts from, computed once: configurations, cutoffs, pair counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from .frames import Pair, elements_and_types, frames_of
from .network.bonds import network_formers
from .pairs.cutoffs import bonded_pairs, cutoffs
from .scattering.shells import PairShells, pair_shells

if TYPE_CHECKING:
    from ase import Atoms

Q_MAX = 52.0
"""S(Q) is computed up to here [1/Å]."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Configurations of one glass or melt, with what most analyses of them need."""

    frames: Sequence[Atoms]
    """Configurations to average over; all of one composition."""
    trajectory: Sequence[Atoms] = ()
    """Configurations at equal steps of time at one temperature, unwrapped, with ``info["time"]`` [fs] and, where stored, velocities:
    what dynamics is computed from. Empty where there is none."""
    threads: int = field(default=1, kw_only=True)
    """For the parts that can use several."""
    given_cutoffs: Mapping[Pair, float] | None = field(default=None, kw_only=True)
    """Neighbour cutoffs [Å] to count with, so that several glasses are counted alike; None: measured here."""

    def __post_init__(self) -> None:
        frames_of(self.frames)

    @cached_property
    def cutoffs(self) -> dict[Pair, float]:
        """Neighbour cutoff [Å] of each pair of elements."""
        return cutoffs(self.frames) if self.given_cutoffs is None else dict(self.given_cutoffs)

    @cached_property
    def bonds(self) -> dict[Pair, float]:
        """Cutoffs [Å] of the pairs that bond."""
        return {pair: self.cutoffs[pair] for pair in bonded_pairs(self.frames)}

    @cached_property
    def formers(self) -> tuple[str, ...]:
        """Elements whose bonds to oxygen make the network."""
        return network_formers(elements_and_types(self.frames[0])[0])

    @cached_property
    def shells(self) -> PairShells:
        """Pairs counted at every distance up to half the box."""
        return pair_shells(self.frames, Q_MAX)
