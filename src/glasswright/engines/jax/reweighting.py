"""Averages over an ensemble as differentiable functions of the parameters, from configurations sampled once (DiffTRe).

A configuration sampled with the parameters θ₀ counts w ∝ exp(-[U_θ - U_θ₀]/kT) at the parameters θ, so that ⟨O⟩_θ = Σ w O: free energy
perturbation (Zwanzig, doi 10.1063/1.1740409), differentiated by Thaler and Zavadlav (doi 10.1038/s41467-021-27241-4). No derivative goes
through the simulation: nothing is lost to chaos, the sampler may be any program, and the derivative of a mean is what fluctuation formulas
say, ∂⟨O⟩/∂θ = ⟨∂O/∂θ⟩ - [⟨O ∂U/∂θ⟩ - ⟨O⟩⟨∂U/∂θ⟩]/kT. It holds as long as the weights are spread over enough configurations; where they
are not (``Ensemble.serves``), it is time to sample again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ...errors import InputError
from ...units import BOLTZMANN
from .neighbours import Neighbours
from .parts import Parameters
from .potential import Potential

if TYPE_CHECKING:
    from ase import Atoms

LEAST = 0.9
"""Share of the configurations that must remain effective (as in DiffTRe)."""
BLOCKS = 10
"""Into which a series is cut for its error."""


@partial(jax.tree_util.register_dataclass, data_fields=["positions", "cells", "neighbours", "temperature", "energies"], meta_fields=["potential"])
@dataclass(frozen=True, eq=False)
class Ensemble:
    """Configurations sampled at one temperature with one set of parameters, at constant volume or constant pressure.

    A pytree: functions of an ensemble and parameters may be compiled, and serve for the next ensemble too.
    """

    potential: Potential
    positions: Array
    """``(n, n_atoms, 3)`` [Å]"""
    cells: Array
    """``(n, 3, 3)`` [Å]"""
    neighbours: Neighbours
    """Lists of all configurations, stacked."""
    temperature: Array
    """[K]"""
    energies: Array
    """With the parameters of the sampling ``(n,)`` [eV]."""

    @classmethod
    def of(
        cls, potential: Potential, frames: Sequence[Atoms], temperature: float, parameters: Parameters | None = None, like: Ensemble | None = None
    ) -> Ensemble:
        """From configurations in the order in which they were sampled, the atoms in the order of the potential.

        Parameters
        ----------
        temperature
            [K]
        parameters
            They were sampled with; None: those of the force field.
        like
            An ensemble whose room for neighbours is kept where it suffices, so that nothing is compiled again.

        Raises
        ------
        InputError
            If JAX computes in single precision, in which weights have no digits left, or there are no configurations.
        """
        if jnp.result_type(float) != jnp.float64:
            why = "A weight is the exponential of a difference of total energies."
            raise InputError("Reweighting needs double precision.", why, "Call jax.config.update('jax_enable_x64', True) first.")
        if not (len(frames) and temperature > 0):
            raise InputError("Reweighting needs configurations and a temperature.")
        positions, cells = np.array([f.positions for f in frames]), np.array([f.cell.array for f in frames])
        room = None if like is None else jax.tree.map(lambda leaf: leaf[0], like.neighbours)
        neighbours = potential.neighbours(positions, cells, room)
        points, boxes, kelvin = (jnp.asarray(x, jnp.float64) for x in (positions, cells, temperature))
        bare = cls(potential, points, boxes, neighbours, kelvin, jnp.zeros(len(frames)))
        return replace(bare, energies=_energies(bare, potential.parameters if parameters is None else parameters))

    def __len__(self) -> int:
        return len(self.positions)

    def each(self, function: Callable[[Array, Array, Neighbours], Any]) -> Any:
        """Values of ``function(positions, cell, neighbours)`` for every configuration, stacked ``(n, ...)``; in memory is one at a time."""
        return jax.lax.map(lambda one: jax.checkpoint(function)(*one), (self.positions, self.cells, self.neighbours))

    def energies_with(self, parameters: Parameters) -> Array:
        """Energy of each configuration with these parameters ``(n,)`` [eV]."""
        return self.each(lambda x, cell, near: self.potential.energy(x, cell, near, parameters))

    def weights(self, parameters: Parameters) -> Array:
        """What each configuration counts with these parameters ``(n,)``; the sum is 1."""
        return jax.nn.softmax(-(self.energies_with(parameters) - self.energies) / (BOLTZMANN * self.temperature))

    def average(self, values: Any, parameters: Parameters) -> Any:
        """Mean with these parameters; ``values`` are any tree of arrays ``(n, ...)``, which may depend on the parameters too."""
        w = self.weights(parameters)
        return jax.tree.map(lambda v: jnp.tensordot(w, v, 1), values)

    def effective_samples(self, parameters: Parameters) -> Array:
        """exp(-Σ w ln w): the number of configurations if all count the same, 1 if one alone does."""
        w = self.weights(parameters)
        return jnp.exp(jnp.sum(jax.scipy.special.entr(w)))

    def serves(self, parameters: Parameters, least: float = LEAST) -> bool:
        """Whether enough configurations, a share of ``least``, still count; if not, sample with these parameters."""
        return bool(self.effective_samples(parameters) >= least * len(self))

    def error(self, values: Any, parameters: Parameters, blocks: int = BLOCKS) -> Any:
        """Standard error of ``average``, from blocks of successive configurations, which must be longer than their memory.

        The mean depends on a configuration through w (O - ⟨O⟩) in first order; sums of that over blocks are taken as independent.
        """
        if not 2 <= blocks <= len(self):
            raise InputError(f"{len(self)} configurations cannot be cut into {blocks} blocks.", mend="Give between 2 blocks and one for each configuration.")
        w = self.weights(parameters)
        block = jnp.arange(len(self)) * blocks // len(self)

        def one(v: Array) -> Array:
            flat = v.reshape(len(self), -1)
            influence = w[:, None] * (flat - w @ flat)
            squares = jnp.sum(jax.ops.segment_sum(influence, block, blocks) ** 2, axis=0)
            return jnp.sqrt(squares * blocks / (blocks - 1)).reshape(v.shape[1:])

        return jax.tree.map(one, values)


@jax.jit  # type: ignore[untyped-decorator]
def _energies(ensemble: Ensemble, parameters: Parameters) -> Array:
    return ensemble.energies_with(parameters)


def serving(ensemble: Ensemble | None, parameters: Parameters, sample: Callable[[Parameters], Ensemble], least: float = LEAST) -> Ensemble:
    """The ensemble if it serves for these parameters, else a new one, which ``sample`` makes with them."""
    return ensemble if ensemble is not None and ensemble.serves(parameters, least) else sample(parameters)
