"""Energy functions written elsewhere as potentials: those of jax-md, and any that are called like them.

Such a function is called as ``energy(R, **kwargs)``, or with the list of its neighbours as ``energy(R, neighbor=list, **kwargs)``. Of the
spaces of jax-md, ``space.periodic_general(box)`` takes fractional coordinates and the present cell as ``box``; ``space.periodic`` knows one
cell, and takes a strain of it as ``perturbation``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from ...errors import InputError
from .neighbours import complete_within, reciprocal
from .parts import EnergyForcesVirial, Parameters, by_gradient

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@partial(jax.tree_util.register_dataclass, data_fields=["found", "positions", "cell", "overflow"], meta_fields=["cutoff", "skin"])
@dataclass(frozen=True)
class ForeignNeighbours:
    """A neighbour list of another library; None where an energy needs none."""

    found: Any
    """As that library made it."""
    positions: Array
    """Where the atoms were ``(n_atoms, 3)`` [Å]."""
    cell: Array
    """What the cell was ``(3, 3)`` [Å]."""
    overflow: Array
    """True where the list is not complete."""
    cutoff: float
    """[Å]"""
    skin: float
    """[Å]"""

    def stale(self, positions: Array, cell: Array) -> Array:
        """Whether a pair within the cutoff could be missing by now."""
        if self.found is None:
            return self.overflow
        return ~(complete_within(self.positions, self.cell, positions, cell, self.cutoff + self.skin, any_image=True) >= self.cutoff) | self.overflow


@dataclass(frozen=True, eq=False)
class ForeignPotential:
    """An energy function of jax-md as a potential: the same functions as those of ``Potential``.

    For ``energy.bks_neighbor_list`` of jax-md, for example::

        lists, energy = jax_md.energy.bks_neighbor_list(displacement, lengths, species, cutoff=8.0, dr_threshold=0.5, **constants)
        p = ForeignPotential(energy, cell, lists=lists, cutoff=8.0, skin=0.5, unit=0.0433641153)
    """

    function: Callable[..., Array]
    """``energy(R, **kwargs)``"""
    cell: NDArray[np.float64]
    """That the displacements of the function are made for ``(3, 3)`` [Å]."""
    lists: Any = None
    """Makes neighbour lists, with ``allocate`` and ``update`` as in jax-md; None for an energy that sums over all pairs."""
    cutoff: float = 0.0
    """Within which its neighbours are [Å]."""
    skin: float = 0.0
    """How far its lists reach beyond [Å]; ``dr_threshold`` of jax-md."""
    fractional: bool = False
    """It takes fractional coordinates and a ``box`` (whose columns are the cell vectors), so that the cell may change."""
    unit: float = 1.0
    """What it counts energy in [eV]; lengths are Å."""
    parameters: Mapping[str, Array] = field(default_factory=dict)
    """Arguments that derivatives may be taken of, with their values."""

    def __post_init__(self) -> None:
        if self.lists is not None and not (self.cutoff > 0 and self.skin > 0):
            raise InputError(
                "The neighbour list of the energy function has no cutoff or no skin.", mend="Give cutoff and skin (dr_threshold) as it was made with."
            )

    def neighbours(self, positions: ArrayLike, cell: ArrayLike, like: ForeignNeighbours | None = None) -> ForeignNeighbours:
        """Neighbours of every atom; not for compiled functions (see ``rebuilt``).

        Raises
        ------
        InputError
            If the cell is not the one that the energy function was made for, and it cannot be told.
        """
        points, box = jnp.asarray(positions), jnp.asarray(cell)
        if not self.fractional and not np.allclose(box, self.cell, rtol=0, atol=1e-6):
            raise InputError(
                "The energy function was made for another cell.",
                "Its displacements know one cell only.",
                "Make it with space.periodic_general and fractional coordinates, and give fractional=True.",
            )
        if self.lists is None:
            return ForeignNeighbours(None, points, box, jnp.asarray(False), 0.0, 0.0)
        if like is not None and not bool((again := self.rebuilt(points, box, like)).overflow):
            return again
        at, said = self._said(points, box)
        found = self.lists.allocate(at, **({"box": said["box"]} if self.fractional else {}))
        return ForeignNeighbours(found, points, box, jnp.asarray(found.did_buffer_overflow), self.cutoff, self.skin)

    def rebuilt(self, positions: Array, cell: Array, neighbours: ForeignNeighbours) -> ForeignNeighbours:
        """The same as a pure function: in the room of a list there is, whose ``overflow`` tells whether it sufficed."""
        if neighbours.found is None:
            return neighbours
        at, said = self._said(positions, cell)
        # From a list whose atoms are far away, so that it is made anew and not kept.
        elsewhere = neighbours.found.set(reference_position=neighbours.found.reference_position + 1e6)
        found = elsewhere.update(at, **({"box": said["box"]} if self.fractional else {}))
        return ForeignNeighbours(found, positions, cell, jnp.asarray(found.did_buffer_overflow), self.cutoff, self.skin)

    def energy(self, positions: Array, cell: Array, neighbours: ForeignNeighbours, parameters: Parameters | None = None) -> Array:
        """[eV]"""
        at, said = self._said(positions, cell)
        listed = {} if neighbours.found is None else {"neighbor": neighbours.found}
        return self.unit * self.function(at, **listed, **said, **{**self.parameters, **(parameters or {})})

    def energy_forces_virial(self, positions: Array, cell: Array, neighbours: ForeignNeighbours, parameters: Parameters | None = None) -> EnergyForcesVirial:
        """Energy [eV], forces ``(n_atoms, 3)`` [eV/Å] and virial -dE/dε ``(3, 3)`` [eV]."""
        return by_gradient(lambda theta, x, h, near: self.energy(x, h, near, theta), parameters, positions, cell, neighbours)

    def energy_forces(self, positions: Array, cell: Array, neighbours: ForeignNeighbours, parameters: Parameters | None = None) -> tuple[Array, Array]:
        """Energy [eV] and forces ``(n_atoms, 3)`` [eV/Å]."""
        return self.energy_forces_virial(positions, cell, neighbours, parameters)[:2]

    def forces(self, positions: Array, cell: Array, neighbours: ForeignNeighbours, parameters: Parameters | None = None) -> Array:
        """Forces ``(n_atoms, 3)`` [eV/Å] alone."""
        return self.energy_forces(positions, cell, neighbours, parameters)[1]

    def outgrown(self, cell: ArrayLike) -> bool:
        """Never: there is no far field."""
        return False

    def stress(self, positions: Array, cell: Array, neighbours: ForeignNeighbours, parameters: Parameters | None = None) -> Array:
        """dE/dε over the volume ``(3, 3)`` [eV/Å³], positive in tension."""
        return -self.energy_forces_virial(positions, cell, neighbours, parameters)[2] / jnp.abs(jnp.linalg.det(cell))

    def _said(self, positions: Array, cell: Array) -> tuple[Array, dict[str, Array]]:
        """Coordinates as the function wants them, and how it is told the cell."""
        if self.fractional:
            return positions @ reciprocal(cell), {"box": cell.T}
        home = jnp.asarray(self.cell, cell.dtype)
        return positions @ (reciprocal(cell) @ home), {"perturbation": (reciprocal(home) @ cell).T}
