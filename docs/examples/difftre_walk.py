"""One parameter of a pair potential from a radial distribution function, by differentiable trajectory reweighting (DiffTRe)."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from ase.build import bulk

import glasswright as gw
from glasswright.engines.jax import observables, reweighting
from glasswright.forcefield import Coulomb, ForceField, MeltQuenchDefaults, PairTerm, Species, Validity

jax.config.update("jax_enable_x64", True)  # weights are exponentials of differences of total energies

# A liquid like argon: A exp(-r/rho) - C/r⁶ at 120 K.
PAIR, TEMPERATURE = ("Ar", "Ar"), 120.0
TERM = PairTerm(PAIR, "buckingham", {"A": 7952.6, "rho": 0.279, "C": 60.5}, cutoff=8.0, shifted=True)
ARGON = ForceField("argon", "exp-6", (Species("Ar", "Ar", 0.0),), {PAIR: TERM}, Coulomb("none", 8.0), Validity(frozenset({"Ar"})), MeltQuenchDefaults(300.0))
start = bulk("Ar", "fcc", a=5.8, cubic=True).repeat(3)


def with_rho(rho: float) -> ForceField:
    return replace(ARGON, pairs={PAIR: replace(TERM, parameters={**TERM.parameters, "rho": rho})})


def configurations(rho: float, seed: int) -> list:
    """Sampled by the compiled core; any program will do."""
    melted = gw.md(start, with_rho(rho), temperature=2 * TEMPERATURE, duration="5 ps", timestep="5 fs", seed=seed).atoms
    run = gw.md(melted, with_rho(rho), temperature=TEMPERATURE, duration="100 ps", timestep="5 fs", seed=seed, n_frames=200)
    return list(run.frames)[20:]


# What is aimed at: g(r) of the potential with rho = 0.279. The search starts 1 % beside it and is not told.
TARGET_RHO, BEGIN = 0.279, 0.2818
g = observables.partial_rdf(start, r_max=8.0, bin_width=0.1)
target = np.mean([jax.jit(g)(f.positions, f.cell.array)[PAIR] for f in configurations(TARGET_RHO, seed=9)], axis=0)
potential = gw.potential(ARGON, start, precision="double")


def sample(parameters: dict) -> reweighting.Ensemble:
    rho = float(parameters["Ar-Ar.rho"])
    print(f"  sampling with rho = {rho:.4f} Å")
    return reweighting.Ensemble.of(potential, configurations(rho, seed=1), TEMPERATURE, parameters, like=ensemble)


@jax.jit
def mean(rho, ensemble: reweighting.Ensemble):
    """g(r) as it would be with rho, from configurations sampled with another."""
    curves = ensemble.each(lambda positions, cell, _: g(positions, cell)[PAIR])
    return ensemble.average(curves, {**potential.parameters, "Ar-Ar.rho": rho})


# Gauss-Newton, with steps so short that the weights stay spread. (Of many parameters take jax.grad of a loss instead: it costs as much as
# that of one.) New configurations are sampled only where the old ones no longer serve.
slope = jax.jit(jax.jacfwd(mean))
rho, ensemble = BEGIN, None
for _ in range(5):
    parameters = {**potential.parameters, "Ar-Ar.rho": jnp.asarray(rho)}
    ensemble = reweighting.serving(ensemble, parameters, sample, least=0.5)
    difference, derivative = mean(rho, ensemble) - target, slope(rho, ensemble)
    step = -float(derivative @ difference / (derivative @ derivative))
    count = float(ensemble.effective_samples(parameters))
    print(f"rho = {rho:.4f} Å: g(r) is off by {float(jnp.sqrt(jnp.mean(difference**2))):.3f}; {count:.0f} of {len(ensemble)} configurations count")
    rho += float(np.clip(step, -0.004 * rho, 0.004 * rho))

print(f"found rho = {rho:.4f} Å; the target was made with {TARGET_RHO} Å")
