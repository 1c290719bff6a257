"""What a part of an energy is: a pure function of parameters, positions, cell and neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from .neighbours import Neighbours

Listed = TypeVar("Listed")
Parameters = Mapping[str, Array]
"""Values by the names of ``forms.parameters.parameters``."""
EnergyForcesVirial = tuple[Array, Array, Array]
"""Energy [eV], forces ``(n_atoms, 3)`` [eV/Å] and virial -dE/dε ``(3, 3)`` [eV]."""


class Part(Protocol):
    """One of the parts whose sum is the energy. ``theta`` is None for the numbers that the force field comes with."""

    def energy(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> Array:
        """[eV]"""

    def energy_forces_virial(self, theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
        """In closed form where there is one, else ``by_gradient``."""


def by_gradient(
    energy: Callable[[Parameters | None, Array, Array, Listed], Array],
    theta: Parameters | None,
    positions: Array,
    cell: Array,
    neighbours: Listed,
) -> EnergyForcesVirial:
    """Forces and virial as derivatives of an energy."""

    def strained(moved: Array, strain: Array) -> Array:
        deformation = jnp.eye(3, dtype=strain.dtype) + strain
        return energy(theta, moved @ deformation, cell @ deformation, neighbours)

    value, (slope, virial) = jax.value_and_grad(strained, argnums=(0, 1))(positions, jnp.zeros((3, 3), cell.dtype))
    return value, -slope, -0.5 * (virial + virial.T)


def total_energy(parts: Sequence[Part], theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> Array:
    """Of all parts [eV]."""
    return sum((part.energy(theta, positions, cell, neighbours) for part in parts), start=jnp.zeros(()))


def total_energy_forces_virial(parts: Sequence[Part], theta: Parameters | None, positions: Array, cell: Array, neighbours: Neighbours) -> EnergyForcesVirial:
    """Of all parts."""
    found = [part.energy_forces_virial(theta, positions, cell, neighbours) for part in parts]
    energy, forces, virial = (sum(values[1:], start=values[0]) for values in zip(*found, strict=True))
    return energy, forces, virial


def any_outgrown(parts: Sequence[Part], cell: NDArray[np.float64]) -> bool:
    """Whether the cell has grown beyond what one of the parts was made for."""
    return any(part.outgrown(cell) for part in parts if hasattr(part, "outgrown"))
