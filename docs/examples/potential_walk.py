"""A force field as functions for JAX: forces, and the slope of a loss of forces in every parameter."""

import jax
import jax.numpy as jnp
import numpy as np

import glasswright as gw

glass = gw.pack("SiO2", n_atoms=72, seed=1)
positions, cell = jnp.asarray(glass.positions), jnp.asarray(glass.cell.array)

potential = gw.potential("shik", glass)
neighbours = potential.neighbours(positions, cell)
energy, forces = potential.energy_forces(positions, cell, neighbours)  # eV, eV/Å
wanted = forces + np.random.default_rng(1).normal(scale=0.1, size=forces.shape)


@jax.jit
def loss(parameters):
    return jnp.mean((potential.energy_forces(positions, cell, neighbours, parameters)[1] - wanted) ** 2)


slopes = jax.grad(loss)(potential.parameters)
