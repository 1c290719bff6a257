"""How a structure at rest answers: Hessian, vibrations, elastic constants, and how the structure itself follows the parameters.

Everything is a function of a ``Potential`` (in double precision, please) and of positions that are a minimum of its energy for the parameters
given. The Hessian is applied, not stored, but for ``hessian`` and ``modes``: elastic constants of thousands of atoms need no more memory than forces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...units import GPA, MASS_VELOCITY2, THZ
from .neighbours import Neighbours, reciprocal
from .parts import Parameters
from .potential import Potential

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""xx, yy, zz, yz, xz, xy"""
BATCH = 16
"""Columns of a Hessian that are computed side by side."""
TOLERANCE = 1e-10
"""Relative residual at which the displacements that answer a strain are found."""

Move = tuple[Array, Array]
"""Displacements of the atoms ``(n_atoms, 3)`` [Å] and Lagrangian strain ``(6,)``, shears doubled."""
T = TypeVar("T", Array, Move)


class Modes(NamedTuple):
    """Vibrations of a structure with one cell as unit (wave vector zero)."""

    frequencies: Array
    """Ascending ``(3 n_atoms,)`` [THz]; negative where imaginary; three are zero."""
    vectors: Array
    """Displacements times the square root of the mass, each of length 1 ``(3 n_atoms, n_atoms, 3)``."""
    participation: Array
    """Share of the atoms that take part, between 1/n_atoms and 1 ``(3 n_atoms,)``: (Σ e²)² / (n Σ e⁴), doi 10.1039/DF9705000055."""


def hessian(potential: Potential, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters | None = None) -> Array:
    """Second derivatives of the energy ``(3 n_atoms, 3 n_atoms)`` [eV/Å²]; differentiable, for small systems."""
    slope = _slope(potential, cell, neighbours, parameters)
    units = jnp.eye(positions.size, dtype=positions.dtype).reshape(-1, *positions.shape)
    rows = jax.lax.map(lambda v: jax.jvp(slope, (positions,), (v,))[1], units, batch_size=BATCH).reshape(positions.size, -1)
    return 0.5 * (rows + rows.T)


def modes(potential: Potential, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters | None = None) -> Modes:
    """All vibrations, from the eigenvalues of the Hessian weighted by masses; for derivatives see ``frequencies``."""
    weight = jnp.repeat(1 / jnp.sqrt(_masses(potential)), 3)
    stiffness = hessian(potential, positions, cell, neighbours, parameters)
    squared, vectors = jnp.linalg.eigh(stiffness * weight[:, None] * weight)
    shaped = vectors.T.reshape(-1, *positions.shape)
    amplitude = jnp.sum(shaped**2, axis=-1)
    return Modes(_terahertz(squared), shaped, 1 / (positions.shape[0] * jnp.sum(amplitude**2, axis=-1)))


def frequencies(potential: Potential, vectors: Array, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters | None = None) -> Array:
    """Frequencies of some modes ``(n,)`` [THz] from their vectors ``(n, n_atoms, 3)``, which are held fixed.

    To first order a frequency depends on positions, cell and parameters through the Hessian alone, not through its own vector, so that
    derivatives of the result are those of the modes. Each costs one application of the Hessian. Modes of equal frequency share theirs:
    a sum over them is what has a derivative.
    """
    slope = _slope(potential, cell, neighbours, parameters)
    weighted = jax.lax.stop_gradient(vectors) / jnp.sqrt(_masses(potential))[:, None]
    return _terahertz(jax.lax.map(lambda e: jnp.sum(e * jax.jvp(slope, (positions,), (e,))[1]), weighted))


def elastic_constants(potential: Potential, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters | None = None) -> Array:
    """Elastic constants at 0 K ``(6, 6)`` [GPa], order xx, yy, zz, yz, xz, xy.

    Second derivatives of the energy by Lagrangian strain over the volume, of which the first part (Born) strains all atoms alike and the
    second takes off what they gain by moving to where forces vanish again (doi 10.1063/1.342716). In a structure
    under stress these are the thermodynamic constants, not the slopes of stress.

    NaN where no such displacements are found: the structure is no minimum.
    """

    def answer(move: Move) -> Move:
        return _curvature(potential, positions, cell, neighbours, parameters, move)

    resting, unstrained = jnp.zeros_like(positions), jnp.zeros(6, positions.dtype)
    forces, born = jax.vmap(lambda strain: answer((resting, strain)))(jnp.eye(6, dtype=positions.dtype))
    moved = jax.vmap(lambda force: _solved(lambda u: answer((u, unstrained))[0], force))(forces)
    relaxation = jnp.einsum("ian,jan->ij", forces, moved)
    constants = (born - 0.5 * (relaxation + relaxation.T)) / jnp.abs(jnp.linalg.det(cell))
    return GPA * constants


def hill_moduli(constants: Array) -> tuple[Array, Array]:
    """Bulk and shear modulus [GPa] of a body without texture, or a glass: the mean of the bounds of Voigt and Reuss, doi 10.1088/0370-1298/65/5/307."""

    def parts(c: Array) -> tuple[Array, Array, Array]:
        return jnp.trace(c[:3, :3]), c[0, 1] + c[0, 2] + c[1, 2], jnp.trace(c[3:, 3:])

    (along, beside, across), (soft_along, soft_beside, soft_across) = parts(constants), parts(jnp.linalg.inv(constants))
    bulk = (along + 2 * beside) / 9, 1 / (soft_along + 2 * soft_beside)
    shear = (along - beside + 3 * across) / 15, 15 / (4 * (soft_along - soft_beside) + 3 * soft_across)
    return 0.5 * (bulk[0] + bulk[1]), 0.5 * (shear[0] + shear[1])


def minimum(
    potential: Potential, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters, *, strained: bool = False
) -> tuple[Array, Array]:
    """Positions and cell as they are, but with the derivatives in the parameters that a minimum has (implicit function theorem).

    ``parameters`` move the forces, and the atoms move to where forces vanish again; with ``strained`` the cell does too, at constant stress. What is
    computed from the result, such as ``elastic_constants`` or ``frequencies``, has the derivatives of the structure that follows. First
    derivatives are right, forwards and backwards; second ones are not.

    Parameters
    ----------
    positions, cell
        A minimum of the energy for these parameters ``(n_atoms, 3)``, ``(3, 3)`` [Å].
    strained
        Let the cell follow as well.
    """
    fixed_positions, fixed_cell, fixed = jax.lax.stop_gradient((positions, cell, parameters))
    here = jnp.zeros_like(positions), jnp.zeros(6, positions.dtype)

    def answer(move: Move) -> Move:
        atoms, stress = _curvature(potential, fixed_positions, fixed_cell, neighbours, fixed, move)
        return (atoms, stress) if strained else (atoms, move[1])

    def slopes(theta: Parameters) -> Move:
        atoms, stress = _slopes(potential, fixed_positions, fixed_cell, neighbours, theta, here)
        return (atoms, stress) if strained else (atoms, jnp.zeros_like(stress))

    arisen = jax.tree.map(lambda new, old: jax.lax.stop_gradient(old) - new, *(slopes(parameters),) * 2)
    move, strain = _solved(answer, arisen)
    deformation = _deformation(strain)
    return (positions + move) @ deformation, cell @ deformation


def _slope(potential: Potential, cell: Array, neighbours: Neighbours, parameters: Parameters | None) -> Callable[[Array], Array]:
    """The gradient of the energy as a function of positions [eV/Å]."""
    return lambda positions: -potential.energy_forces(positions, cell, neighbours, parameters)[1]


def _slopes(potential: Potential, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters | None, move: Move) -> Move:
    """The gradient of the energy in displacements and a strain of what was displaced, from forces and virial [eV/Å, eV]."""
    deformation, back = jax.vjp(_deformation, move[1])
    _, forces, virial = potential.energy_forces_virial((positions + move[0]) @ deformation, cell @ deformation, neighbours, parameters)
    return -forces @ deformation.T, back(-reciprocal(deformation).T @ virial)[0]


def _curvature(potential: Potential, positions: Array, cell: Array, neighbours: Neighbours, parameters: Parameters | None, move: Move) -> Move:
    """The Hessian in displacements and strain, applied to a move."""
    here = jnp.zeros_like(positions), jnp.zeros(6, positions.dtype)
    return jax.jvp(lambda at: _slopes(potential, positions, cell, neighbours, parameters, at), (here,), (move,))[1]  # type: ignore[no-any-return]


def _deformation(strain: Array) -> Array:
    """The symmetric matrix that makes a Lagrangian strain η, √(1 + 2η), to second order."""
    eta = jnp.zeros((3, 3), strain.dtype)
    for k, (i, j) in enumerate(VOIGT):
        eta = eta.at[i, j].add(0.5 * strain[k]).at[j, i].add(0.5 * strain[k])
    return jnp.eye(3, dtype=strain.dtype) + eta - 0.5 * eta @ eta


def _solved(matrix: Callable[[T], T], right: T) -> T:
    """Conjugate gradients, for derivatives too, on moves without a common translation; NaN where they do not come to an end."""

    def apart(move: T) -> T:
        return jax.tree.map(lambda part: part - part.mean(axis=0) if part.ndim == 2 else part, move)  # type: ignore[no-any-return]

    def dot(one: T, other: T) -> Array:
        return sum(jnp.sum(a * b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))

    def along(start: T, length: Array, way: T) -> T:
        return jax.tree.map(lambda a, b: a + length * b, start, way)  # type: ignore[no-any-return]

    def solve(within: Callable[[T], T], b: T) -> T:
        enough, most = TOLERANCE**2 * dot(b, b), 10 * sum(part.size for part in jax.tree.leaves(b))

        def step(at: tuple[T, T, T, Array, Array]) -> tuple[T, T, T, Array, Array]:
            found, rest, way, squared, n = at
            bent = within(way)
            length = squared / dot(way, bent)
            rest = along(rest, -length, bent)
            left = dot(rest, rest)
            return along(found, length, way), rest, along(rest, left / squared, way), left, n + 1

        begin = (jax.tree.map(jnp.zeros_like, b), b, b, dot(b, b), jnp.zeros((), int))
        found, _, _, left, _ = jax.lax.while_loop(lambda at: (at[3] > enough) & (at[4] < most), step, begin)
        return jax.tree.map(lambda part: jnp.where(left <= enough, part, jnp.nan), found)  # type: ignore[no-any-return]

    return jax.lax.custom_linear_solve(lambda move: apart(matrix(apart(move))), apart(right), solve, symmetric=True)  # type: ignore[no-any-return]


def _masses(potential: Potential) -> Array:
    """Of the atoms ``(n_atoms,)`` [u]."""
    return jnp.asarray(np.asarray(potential.bound.masses)[potential.bound.types])


def _terahertz(squared: Array) -> Array:
    """Frequencies [THz] from eigenvalues [eV/Å²/u]."""
    safe = jnp.where(squared == 0, 1.0, jnp.abs(squared))
    return jnp.where(squared == 0, 0.0, jnp.sign(squared) * jnp.sqrt(safe / MASS_VELOCITY2)) * THZ / (2 * jnp.pi)
