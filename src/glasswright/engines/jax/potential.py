"""A force field as pure functions of positions, cell and parameters.

An energy is a sum of parts (pairs, far field, triplets, ...), each a function of the same arguments. Everything may be compiled (``jax.jit``),
differentiated (``jax.grad``, ``jax.jvp``, ``jax.hessian``) and mapped over replicas or sets of parameters (``jax.vmap``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError
from ...forcefield import BoundForceField, ForceField
from ...forms.parameters import parameters
from .native_kernel import NativeKernel, native_kernel
from .neighbour_lists import NeighbourLists, stacked
from .neighbours import Neighbours
from .parts import EnergyForcesVirial, Parameters, Part, any_outgrown, total_energy, total_energy_forces_virial

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Potential:
    """A force field made ready for given atoms.

    The functions take positions ``(n_atoms, 3)`` [Å], wrapped or not, a cell ``(3, 3)`` of row vectors [Å] of any shape, neighbours made by
    ``neighbours`` that are not stale, and parameters by the names of ``parameters``; without them, the numbers of the force field.
    """

    bound: BoundForceField
    parts: tuple[Part, ...]
    lists: NeighbourLists
    precision: Literal["single", "double"]
    """``single``: pairs in float32, from differences of positions that are exact; sums in the widest type JAX may use."""

    @cached_property
    def parameters(self) -> dict[str, Array]:
        """Values of all parameters of the force field, differentiable input of the functions."""
        with jax.ensure_compile_time_eval():  # kept, and not to be part of the function that asks first
            return {name: jnp.asarray(value, jnp.result_type(float)) for name, value in parameters(self.bound).items()}

    @property
    def cutoff(self) -> float:
        """The longest reach in real space [Å]."""
        return self.lists.cutoff

    @property
    def skin(self) -> float:
        """How far neighbour lists reach beyond the cutoffs [Å]."""
        return self.lists.skin

    def neighbours(self, positions: ArrayLike, cell: ArrayLike, like: Neighbours | None = None) -> Neighbours:
        """Neighbours of every atom; not for compiled functions (see ``rebuilt``).

        Parameters
        ----------
        positions
            ``(n_atoms, 3)`` [Å], or ``(batch, n_atoms, 3)`` for stacked lists of one layout.
        cell
            ``(3, 3)`` or ``(batch, 3, 3)`` [Å].
        like
            Lists whose room is kept where it suffices, so that nothing is compiled again.
        """
        if np.ndim(positions) == 2:
            return self.lists.made(positions, cell, like)
        points, boxes = np.asarray(positions), np.broadcast_to(np.asarray(cell), (len(np.asarray(positions)), 3, 3))
        while True:
            lists = [like := self.lists.made(p, h, like) for p, h in zip(points, boxes, strict=True)]
            if all(one.layout == lists[0].layout for one in lists):
                return stacked(lists)

    def rebuilt(self, positions: Array, cell: Array, neighbours: Neighbours) -> Neighbours:
        """The same as a pure function: in the room of a list there is, whose ``overflow`` tells whether it sufficed."""
        return self.lists.rebuilt(positions, cell, neighbours)

    def outgrown(self, cell: ArrayLike) -> bool:
        """Whether the cell has grown beyond what a far field was made for: it then takes a new potential to stay accurate."""
        return any_outgrown(self.parts, np.asarray(cell))

    def energy(self, positions: Array, cell: Array, neighbours: Neighbours | None, parameters: Parameters | None = None) -> Array:
        """[eV]"""
        return total_energy(self.parts, self._full(parameters), positions, cell, self._listed(neighbours))

    def energy_forces_virial(self, positions: Array, cell: Array, neighbours: Neighbours | None, parameters: Parameters | None = None) -> EnergyForcesVirial:
        """Energy [eV], forces ``(n_atoms, 3)`` [eV/Å] and virial -dE/dε ``(3, 3)`` [eV]; what is not used costs nothing in a compiled function."""
        return total_energy_forces_virial(self.parts, self._full(parameters), positions, cell, self._listed(neighbours))

    def energy_forces(self, positions: Array, cell: Array, neighbours: Neighbours | None, parameters: Parameters | None = None) -> tuple[Array, Array]:
        """Energy [eV] and forces ``(n_atoms, 3)`` [eV/Å]."""
        return self.energy_forces_virial(positions, cell, neighbours, parameters)[:2]

    def forces(self, positions: Array, cell: Array, neighbours: Neighbours | None, parameters: Parameters | None = None) -> Array:
        """Forces ``(n_atoms, 3)`` [eV/Å] alone: cheaper with the kernel ``native``, without derivatives there."""
        first = self.parts[0]
        if parameters is None and isinstance(first, NativeKernel):
            return first.forces(positions, cell)
        return self.energy_forces_virial(positions, cell, neighbours, parameters)[1]

    def stress(self, positions: Array, cell: Array, neighbours: Neighbours | None, parameters: Parameters | None = None) -> Array:
        """dE/dε over the volume ``(3, 3)`` [eV/Å³], positive in tension."""
        return -self.energy_forces_virial(positions, cell, neighbours, parameters)[2] / jnp.abs(jnp.linalg.det(cell))

    @property
    def lists_itself(self) -> bool:
        """Whether ``neighbours`` may be None: the compiled core keeps its own."""
        return isinstance(self.parts[0], NativeKernel)

    def _listed(self, neighbours: Neighbours | None) -> Neighbours:
        if neighbours is None and not self.lists_itself:
            raise InputError("There are no neighbours.", "This potential sums over a list of them.", "Give what its method neighbours makes.")
        return cast(Neighbours, neighbours)

    def _full(self, given: Parameters | None) -> Parameters | None:
        if given is None:
            return None
        if unknown := sorted(set(given) - set(self.parameters)):
            raise InputError(f"There is no parameter {', '.join(unknown)}.", mend=f"The parameters are {', '.join(self.parameters)}.")
        return {**self.parameters, **given}


def potential(
    forcefield: ForceField,
    atoms: Atoms,
    *,
    precision: Literal["single", "double"] = "single",
    skin: float | None = None,
    accuracy: float = 1e-5,
    kernel: Literal["jax", "native"] = "jax",
) -> Potential:
    """A force field as differentiable functions for given atoms.

    Parameters
    ----------
    forcefield
        Of the library or a file.
    atoms
        Species, and the cell that settings of an Ewald sum are chosen for.
    precision
        ``double`` needs ``jax.enable_x64``.
    skin
        How far neighbour lists reach beyond the cutoffs [Å]; None: 0.7 Å, or 0.5 Å beyond pairs, where every neighbour sees every other.
    accuracy
        Relative force error asked of the far field of an Ewald sum.
    kernel
        ``native``: without parameters, energies, forces and virials are those of the compiled core, on the CPU; it keeps a neighbour list of its
        own, so that ``neighbours`` may be None but for second derivatives and parameters.

    Raises
    ------
    InputError
        If the force field does not fit the atoms, or double precision is asked for and switched off in JAX.
    """
    from .far_field import far_field
    from .many_body import ManyBodyPart, many_body_reach
    from .pairs import PairPart, pair_reach

    if precision not in ("single", "double"):
        raise InputError(f"precision = {precision!r} is unknown.", mend="Use single or double.")
    if kernel not in ("jax", "native"):
        raise InputError(f"kernel = {kernel!r} is unknown.", mend="Use jax or native.")
    if precision == "double" and not jax.config.jax_enable_x64:
        raise InputError("JAX computes in single precision.", "It does unless told otherwise.", "Call jax.config.update('jax_enable_x64', True) first.")
    bound = forcefield.bind(atoms)
    double = precision == "double"
    parts: tuple[Part, ...]
    if forcefield.many_body:
        parts, reach = (ManyBodyPart(bound, double),), many_body_reach(bound)
    else:
        far = [far_field(bound, np.array(atoms.cell), accuracy=accuracy, precision=precision)] if bound.coulomb.method == "ewald" else []
        split = far[0].split if far else None
        parts, reach = (PairPart(bound, split, double), *far), pair_reach(bound, split)
    if kernel == "native":
        parts = (native_kernel(forcefield, atoms, parts, accuracy=accuracy, precision=precision),)
    width = (0.5 if forcefield.many_body else 0.7) if skin is None else skin
    return Potential(bound, parts, NeighbourLists(bound.types, reach, width), precision)
