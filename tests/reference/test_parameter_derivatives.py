"""Energies, forces and stress change with every parameter of a force field as plain NumPy sums with other numbers say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contracts.cases import model, silica
from glasswright.forcefield import ForceField
from reference.pair_sum import evaluate

jax = pytest.importorskip("jax", reason="JAX is not installed")

from glasswright.engines.jax.potential import potential  # noqa: E402

QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""How these tests compile: what they compile runs once."""


def changed(forcefield: ForceField, by: dict[str, float]) -> ForceField:
    """Another force field whose parameters, by their flat names, are so much larger."""
    species = tuple(replace(s, charge=None if s.charge is None else s.charge + by.get(f"charge.{s.name}", 0.0)) for s in forcefield.species)
    pairs = {
        pair: replace(
            t,
            parameters={k: v + by.get(f"{'-'.join(pair)}.{k}", 0.0) for k, v in t.parameters.items()},
            core={k: v if isinstance(v, str) else v + by.get(f"{'-'.join(pair)}.core.{k}", 0.0) for k, v in t.core.items()},
        )
        for pair, t in forcefield.pairs.items()
    }
    return replace(forcefield, species=species, pairs=pairs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["teter", "bks/dsf", "shik"])
def test_every_parameter(name: str) -> None:
    """An Ewald sum with splices, shifted forces with a self energy and cores, a charge that follows from neutrality."""
    forcefield, atoms = model(name), silica("small")
    atoms.rattle(0.1, seed=2)
    with jax.enable_x64(True):
        p = potential(forcefield, atoms, precision="double", accuracy=1e-7)
        positions, cell = jax.numpy.asarray(atoms.positions), jax.numpy.asarray(atoms.cell.array)
        neighbours, theta = p.neighbours(positions, cell), p.parameters

        def answers(theta: Any) -> Any:
            energy, forces, virial = p.energy_forces_virial(positions, cell, neighbours, theta)
            return energy, forces, -virial / jax.numpy.linalg.det(cell)

        both = jax.jit(lambda theta: (answers(theta), jax.jacfwd(answers)(theta))).lower(theta).compile(compiler_options=QUICKLY)(theta)
        values, slopes = jax.tree.map(np.asarray, both)
        theta = {key: float(value) for key, value in theta.items()}
    # Charges change together where nothing else keeps the atoms neutral.
    directions = {key: {key: 1.0} for key in theta if not key.startswith("charge.")}
    directions["charges"] = {"charge.Si": 1.0} if name == "shik" else {"charge.Si": 1.0, "charge.O": -0.5}
    for label, direction in directions.items():
        h = 2e-5 * (abs(theta.get(label, 1.0)) or 1.0)
        more, less = (evaluate(atoms, changed(forcefield, {k: s * h * v for k, v in direction.items()})) for s in (1, -1))
        for part, of in enumerate(("energy", "forces", "stress")):
            found = sum(v * slopes[part][k] for k, v in direction.items())
            difference = (getattr(more, of) - getattr(less, of)) / (2 * h)
            # Differences of second order leave 2e-6 of what changes with the 30th power, rounding 1e-14 E/h; then there is the mesh of the far field.
            scale = np.abs(difference).max() + 1e-9 * np.abs(values[part]).max() / h
            np.testing.assert_allclose(found, difference, atol=2e-5 * scale, err_msg=f"{of} by {label}")
