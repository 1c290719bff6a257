"""glasswright's JAX engine: force evaluations, whole steps, steps with the compiled core's forces, gradients with respect to parameters."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ase import Atoms

from glasswright.engines.jax import integrators
from glasswright.engines.jax.batch import Batch
from glasswright.engines.jax.potential import potential
from glasswright.stage import Stage
from glasswright.units import MASS_VELOCITY2

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
        self.simulation.set_velocities(spec["temperature"], seed=2)
        state = self.simulation.state()
        with jax.enable_x64(True):
            core = potential(forcefield(spec["model"], spec["cutoff"]), self.structure, kernel="native")
            masses = jnp.asarray(core.bound.masses[core.bound.types] * MASS_VELOCITY2)
            motion = integrators.Motion.of(Stage("sample", "nvt", 10_000_000, 1.0, (spec["temperature"],) * 2))

            def evaluate(positions: jax.Array, cell: jax.Array) -> tuple[jax.Array, jax.Array]:
                return core.forces(positions, cell, None), jnp.zeros_like(cell)

            def step(_: Any, point: integrators.PhasePoint) -> integrators.PhasePoint:
                return integrators.step(point, motion, masses, evaluate)

            point = integrators.at_rest(state.positions, state.velocities, state.cell)
            self.loop = jax.jit(lambda n, point: jax.lax.fori_loop(0, n, step, point))
            self.point = jax.jit(lambda point: integrators.prepare(point, motion, masses, *evaluate(point.positions, point.cell)))(point)

    def answer(self) -> np.ndarray:
        return np.array(self.point.forces)

    def prepare(self) -> None:
        pass

    def steps(self, n_steps: int) -> None:
        with jax.enable_x64(True):
            self.point = jax.block_until_ready(self.loop(n_steps, self.point))


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
