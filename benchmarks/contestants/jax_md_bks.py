"""jax-md's BKS silica: float32, ordered sparse neighbour list, Nosé-Hoover chain, the loop of steps compiled as one.

Its BKS is another model than the published one: charges of 1.955 and -0.977, a damped shifted force Coulomb sum, a Buckingham part that
ends with it at the cutoff and a repulsion in r^-24. Units here: kcal/mol, Å, u.
"""

from __future__ import annotations

import os
from typing import Any

import jax
import numpy as np
from jax_md import energy, partition, quantity, simulate, space

from .worker import Served, serve

KCAL = 0.0433641153  # eV
TIME = 48.8882129  # fs
BOLTZMANN = 0.00198720426  # kcal/mol/K


class JaxMD(Served):
    """``spec``: ``cutoff`` [Å], ``skin`` [Å], ``temperature`` [K]; ``task``: ``step``, or ``force`` for evaluations of the forces alone;
    ``batch``: so many replicas at a time, by ``vmap``.
    """

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        self.task = spec.get("task", "step")
        species = jax.numpy.where(atoms["symbols"] == "Si", 0, 1)
        masses = jax.numpy.where(species == 0, 28.0855, 15.9994)
        lengths = jax.numpy.array(atoms["lengths"])
        displacement, shift = space.periodic(lengths)
        parameters = {k: jax.numpy.array(v) for k, v in energy.BKS_SILICA_DICT.items()}
        neighbour_list, potential = energy.bks_neighbor_list(
            displacement, lengths, species, cutoff=spec["cutoff"], dr_threshold=spec["skin"], format=partition.OrderedSparse, **parameters
        )
        self.positions = jax.numpy.array(atoms["positions"])
        self.neighbours = neighbour_list.allocate(self.positions)
        self.force = jax.jit(quantity.force(potential))
        init, step = simulate.nvt_nose_hoover(potential, shift, 1.0 / TIME, BOLTZMANN * spec["temperature"])
        self.batch, many = spec.get("batch", 1), spec.get("batch", 1) > 1
        keys = jax.random.split(jax.random.PRNGKey(1), self.batch) if many else jax.random.PRNGKey(1)

        def first(key: Any) -> Any:
            return init(key, self.positions, mass=masses, neighbor=self.neighbours), self.neighbours

        def advance(_: int, both: Any) -> Any:
            state, neighbours = both
            neighbours = neighbours.update(state.position)
            return step(state, neighbor=neighbours), neighbours

        self.both = jax.jit(jax.vmap(first) if many else first)(keys)
        self.loop = jax.jit(lambda n, both: jax.lax.fori_loop(0, n, jax.vmap(advance, in_axes=(None, 0)) if many else advance, both))

    def answer(self) -> np.ndarray:
        return np.array(self.force(self.positions, neighbor=self.neighbours), dtype=float) * KCAL

    def steps(self, n_steps: int) -> None:
        if self.task == "force":
            for _ in range(n_steps):
                jax.block_until_ready(self.force(self.positions, neighbor=self.neighbours))
            return
        self.both = jax.block_until_ready(self.loop(n_steps, self.both))

    def verify(self) -> None:
        if np.any(self.both[1].did_buffer_overflow):
            raise OverflowError("the neighbour list of jax-md overflowed")


if __name__ == "__main__":
    # XLA starts its threads with the first array, as many as there are cores it may use; nothing else bounds them.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(os.environ["OMP_NUM_THREADS"])])
    serve(JaxMD())
