"""glasswright's JAX engine: force evaluations, whole steps, steps with the compiled core's forces, gradients with respect to parameters."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms

from glasswright.engines.jax.batch import Batch
from glasswright.engines.jax.potential import potential
from glasswright.engines.jax.simulation import JaxSimulation
from glasswright.stage import Stage

from .models import forcefield
from .product import Product
from .worker import Served, serve


class Evaluations(Served):
    """``spec``: ``task``, and ``model`` and ``cutoff`` [Å] of the force field; everything in single precision, as jax-md."""

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        structure = Atoms(atoms["symbols"].tolist(), positions=atoms["positions"], cell=atoms["lengths"], pbc=True)
        model = potential(forcefield(spec["model"], spec["cutoff"]), structure)
        positions, cell = (jnp.asarray(values, jnp.float32) for values in (structure.positions, structure.cell[:]))
        at = positions, cell, model.neighbours(structure.positions, structure.cell[:])
        evaluate = jax.jit(lambda *at: model.energy_forces(*at)[1])
        self.forces = partial(evaluate, *at)

        def loss(theta: Any, exact: jax.Array, *at: Any) -> jax.Array:
            return jnp.mean((model.energy_forces(*at, theta)[1] - exact) ** 2)

        theta = {name: 1.01 * value for name, value in model.parameters.items()}
        self.task = self.forces if spec["task"] == "force" else partial(jax.jit(jax.grad(loss)), theta, self.forces(), *at)
        jax.block_until_ready(self.task())

    def answer(self) -> np.ndarray:
        return np.array(self.forces(), dtype=float)

    def steps(self, n_steps: int) -> None:
        for _ in range(n_steps):
            jax.block_until_ready(self.task())


class Kernel(Product):
    """Whole steps in JAX, with forces from the compiled core through the foreign-function interface."""

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        super().setup(atoms, spec)
        with jax.enable_x64(True):
            self.core = potential(forcefield(spec["model"], spec["cutoff"]), self.structure, kernel="native")
        self.simulation = JaxSimulation.of(self.core, self.structure)

    def answer(self) -> np.ndarray:
        return np.array(self.core.forces(self.structure.positions, self.structure.cell[:], None), dtype=float)


class Replicas(Served):
    """Whole steps of ``spec["batch"]`` replicas at a time."""

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        structure = Atoms(atoms["symbols"].tolist(), positions=atoms["positions"], cell=atoms["lengths"], pbc=True)
        places = np.broadcast_to(structure.positions, (spec["batch"], *structure.positions.shape))
        with jax.enable_x64(True):
            self.batch = Batch(potential(forcefield(spec["model"], spec["cutoff"]), structure), places, structure.cell[:])
        self.batch.set_velocities(spec["temperature"], seed=2)
        self.batch.start(Stage("sample", "nvt", 10_000_000, 1.0, (spec["temperature"],) * 2))

    def answer(self) -> np.ndarray:
        return np.array(self.batch.advance(0).potential_energy)

    def steps(self, n_steps: int) -> None:
        self.batch.advance(n_steps)


class JaxEngine(Served):
    """``spec["task"]``: ``force`` or ``gradient`` (one evaluation is a step), ``step``, ``kernel`` (a step with the compiled core's forces), ``batch``."""

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        self.task: Served = {"force": Evaluations, "gradient": Evaluations, "step": Product, "kernel": Kernel, "batch": Replicas}[spec["task"]]()
        self.task.setup(atoms, spec)

    def answer(self) -> np.ndarray:
        return self.task.answer()

    def prepare(self) -> None:
        self.task.prepare()

    def steps(self, n_steps: int) -> None:
        self.task.steps(n_steps)


if __name__ == "__main__":
    # XLA starts its threads with the first array, as many as there are cores it may use; nothing else bounds them.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(os.environ["OMP_NUM_THREADS"])])
    serve(JaxEngine())
