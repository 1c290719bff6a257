"""One time step of molecular dynamics in any ensemble, as pure functions: the equations of ``native/integrator.hpp``.

All share one symmetric splitting, with the thermostat in the middle of the drift, where it samples configurations best (Leimkuhler and
Matthews 2013, doi 10.1063/1.4802990; Zhang et al. 2017, doi 10.1063/1.4991621)::

  barostat ½ · kick ½ · drift ½ · thermostat · drift ½ · forces · kick ½ · barostat ½
  └────────────────────── begin ─────────────────────┘            └───── finish ─────┘

The net force is taken off in proportion to the masses, and the net momentum of Langevin noise likewise: the centre of mass rests, and
3N - 3 degrees of freedom are left in every ensemble. Everything is in the precision of the positions, whatever that of the forces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

from ...stage import Ensemble, Stage, Thermostat
from ...units import BOLTZMANN, GPA
from . import random, thermostats
from .thermostats import sinhc

Evaluate = Callable[[Array, Array], tuple[Array, Array]]
"""(positions ``(n_atoms, 3)`` [Å], cell ``(3, 3)`` [Å]) → (forces ``(n_atoms, 3)`` [eV/Å], virial -dE/dε ``(3, 3)`` [eV])."""
STRAIN, MOVE, TEMPERATURE = 1, 2, 3
"""What may go wrong in a step: see ``PhasePoint.trouble``."""
LARGEST_STRAIN, LARGEST_MOVE, LARGEST_TEMPERATURE = 0.02, 0.5, 1e6
"""Of the cell in one step; of an atom in one step [Å]; [K]. More ends a run."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["timestep", "temperature", "pressure", "thermostat_damping", "barostat_damping", "begin", "n_steps", "max_displacement", "key"],
    meta_fields=["ensemble", "cell", "thermostat", "capped"],
)
@dataclass(frozen=True)
class Motion:
    """A stage as the integrator reads it; its numbers may differ without anything being compiled anew."""

    ensemble: Ensemble
    cell: Literal["isotropic", "anisotropic"]
    thermostat: Thermostat
    capped: bool
    timestep: Array
    """[fs]"""
    temperature: Array
    """At start and end ``(2,)`` [K]."""
    pressure: Array
    """At start and end ``(2,)`` [eV/Å³]."""
    thermostat_damping: Array
    barostat_damping: Array
    """[fs]"""
    begin: Array
    """Step at which the programmes begin."""
    n_steps: Array
    max_displacement: Array
    """Cap on the way of an atom in one step [Å]; read where ``capped``."""
    key: Array
    """Of the random numbers."""

    @classmethod
    def of(cls, stage: Stage, begin: int = 0) -> Motion:
        """A stage that began at a step."""
        cap = stage.max_displacement
        return cls(
            ensemble=stage.ensemble,
            cell=stage.cell,
            thermostat=stage.thermostat,
            capped=cap is not None,
            timestep=jnp.asarray(stage.timestep),
            temperature=jnp.asarray(stage.temperature),
            pressure=jnp.asarray([p / GPA for p in stage.pressure]),
            thermostat_damping=jnp.asarray(stage.thermostat_damping),
            barostat_damping=jnp.asarray(stage.barostat_damping),
            begin=jnp.asarray(begin),
            n_steps=jnp.asarray(stage.n_steps),
            max_displacement=jnp.asarray(1.0 if cap is None else cap),
            key=random.key(stage.seed),
        )

    @property
    def isotropic(self) -> bool:
        return self.cell == "isotropic"

    @property
    def thermostatted(self) -> bool:
        """Whether a thermostat of the ensemble works; a capped motion in ``nvt`` is coupled weakly instead."""
        return self.ensemble != "nve" and not self.capped

    def programme(self, ends: Array, step: Array) -> Array:
        """Target in the middle of the step that follows ``step``."""
        x = jnp.where(self.n_steps > 0, jnp.clip((step - self.begin + 0.5) / jnp.maximum(self.n_steps, 1), 0.0, 1.0), 0.0)
        return ends[0] + (ends[1] - ends[0]) * x


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["step", "positions", "velocities", "cell", "chain", "piston", "piston_chain", "booked", "forces", "virial", "twice_kinetic", "trouble"],
    meta_fields=[],
)
@dataclass(frozen=True)
class PhasePoint:
    """Everything that goes from step to step."""

    step: Array
    positions: Array
    """Unwrapped ``(n_atoms, 3)`` [Å]."""
    velocities: Array
    """``(n_atoms, 3)`` [Å/fs]"""
    cell: Array
    """Rows are cell vectors, lower triangular ``(3, 3)`` [Å]."""
    chain: Array
    """Nosé-Hoover chain of the atoms ``(3,)`` [sqrt(eV)]."""
    piston: Array
    """Strain rates of the cell times sqrt(mass) ``(3,)`` [sqrt(eV)]."""
    piston_chain: Array
    """Nosé-Hoover chain of the barostat ``(3,)`` [sqrt(eV)]."""
    booked: Array
    """Energy taken from the atoms, as heat and as work on the surroundings [eV]."""
    forces: Array
    """``(n_atoms, 3)`` [eV/Å]"""
    virial: Array
    """Diagonal of -dE/dε ``(3,)`` [eV]; in NPT only."""
    twice_kinetic: Array
    """Of the atoms, by axis ``(3,)`` [eV]."""
    trouble: Array
    """0, or what has gone wrong: ``STRAIN``, ``MOVE``, ``TEMPERATURE``."""

    @property
    def freedom(self) -> float:
        """Degrees of freedom."""
        return 3.0 * int(self.positions.shape[-2]) - 3

    @property
    def reservoir_energy(self) -> Array:
        """Of thermostat and barostat [eV]: added to that of the atoms it is conserved."""
        return self.booked + 0.5 * sum((u * u).sum() for u in (self.chain, self.piston, self.piston_chain))

    @property
    def temperature(self) -> Array:
        """[K]"""
        return jnp.sum(self.twice_kinetic) / (self.freedom * BOLTZMANN)


def at_rest(positions: Array, velocities: Array, cell: Array, step: Array | int = 0) -> PhasePoint:
    """Atoms whose thermostat and barostat are at rest, before their forces are known."""
    dtype = jnp.result_type(positions, float)
    three, number = jnp.zeros(3, dtype), jnp.zeros((), dtype)
    x, v, h = (jnp.asarray(a, dtype) for a in (positions, velocities, cell))
    return PhasePoint(jnp.asarray(step, jnp.result_type(int)), x, v, h, three, three, three, number, jnp.zeros_like(x), three, three, jnp.zeros((), jnp.int32))


def fresh(point: PhasePoint, masses: Array) -> PhasePoint:
    """Thermostat, barostat and centre of mass at rest: the begin of a stage."""
    drift = masses @ point.velocities / masses.sum()
    return at_rest(point.positions, point.velocities - drift, point.cell, point.step)


def step(point: PhasePoint, motion: Motion, masses: Array, evaluate: Evaluate) -> PhasePoint:
    """One time step.

    Parameters
    ----------
    point
        Whose forces are known: see ``prepare``.
    masses
        ``(n_atoms,)`` [eV fs²/Å²]
    evaluate
        Forces and virial.
    """
    between = begin(point, motion, masses)
    return finish(between, motion, masses, *evaluate(between.positions, between.cell))


def prepare(point: PhasePoint, motion: Motion, masses: Array, forces: Array, virial: Array) -> PhasePoint:
    """With the forces and the kinetic energy of the moment, before the first step."""
    return finish(point, motion, masses, forces, virial, begun=False)


def begin(point: PhasePoint, motion: Motion, masses: Array) -> PhasePoint:
    """The step up to where it needs the forces at its new positions."""
    half, kT = 0.5 * motion.timestep, BOLTZMANN * motion.programme(motion.temperature, point.step)
    pressure, volume = motion.programme(motion.pressure, point.step), _volume(point.cell)
    point = _push(point, motion, half)
    first = _rates(point, motion)
    point = _kick(point, masses, half, first)
    if motion.capped:
        point = _limit(point, motion, masses)
    point, factor = _thermostat(point, motion, kT)
    second = _rates(point, motion)
    strain = jnp.max(jnp.abs(first + second)) * half
    point = _drift(point, motion, masses, kT, (first * half, second * half, factor))
    way = motion.timestep * jnp.sqrt(jnp.max(jnp.sum(point.velocities**2, axis=1)))
    found = 0 if motion.capped else jnp.where(way <= LARGEST_MOVE, 0, MOVE)
    trouble = jnp.where(point.trouble == 0, jnp.where(strain <= LARGEST_STRAIN, found, STRAIN), point.trouble).astype(point.trouble.dtype)
    return replace(point, booked=point.booked + pressure * (_volume(point.cell) - volume), trouble=trouble)


def finish(point: PhasePoint, motion: Motion, masses: Array, forces: Array, virial: Array, begun: Array | bool = True) -> PhasePoint:
    """The rest of the step that ``begin`` began, with the forces and the virial where it has come to; ``prepare`` where none has begun."""
    half, kT = 0.5 * motion.timestep * begun, BOLTZMANN * motion.programme(motion.temperature, point.step)
    point = _with_forces(point, motion, forces, virial)
    point = _kick(point, masses, half, _rates(point, motion))
    if motion.capped:
        point = _limit(point, motion, masses, begun)
    if motion.capped and motion.ensemble == "nvt":
        point = _couple_weakly(point, motion, kT, begun)
    point = _push(point, motion, half)
    trouble = jnp.where(point.temperature <= LARGEST_TEMPERATURE, point.trouble, TEMPERATURE)
    return replace(point, step=point.step + jnp.asarray(begun, point.step.dtype), trouble=trouble)


def _volume(cell: Array) -> Array:
    return cell[0, 0] * cell[1, 1] * cell[2, 2]


def _with_forces(point: PhasePoint, motion: Motion, forces: Array, virial: Array) -> PhasePoint:
    kept = jnp.diagonal(virial).astype(point.virial.dtype) if motion.ensemble == "npt" else point.virial
    return replace(point, forces=forces.astype(point.positions.dtype), virial=kept)


def _piston_root(point: PhasePoint, motion: Motion) -> Array:
    kT = BOLTZMANN * motion.programme(motion.temperature, point.step)
    return thermostats.root_of_piston_mass(motion.isotropic, point.freedom, kT, motion.barostat_damping)


def _rates(point: PhasePoint, motion: Motion) -> Array:
    """Strain rates of the cell ``(3,)`` [1/fs]."""
    if motion.ensemble != "npt":
        return jnp.zeros_like(point.piston)
    rates = point.piston / _piston_root(point, motion)
    return jnp.full_like(rates, rates[0]) if motion.isotropic else rates


def _push(point: PhasePoint, motion: Motion, time: Array) -> PhasePoint:
    """The barostat under the difference of pressures."""
    if motion.ensemble != "npt":
        return point
    target = motion.programme(motion.pressure, point.step) * _volume(point.cell)
    pull = point.twice_kinetic + point.virial - target + jnp.sum(point.twice_kinetic) / point.freedom
    return replace(point, piston=thermostats.piston_kick(point.piston, motion.isotropic, pull, _piston_root(point, motion), time))


def _kick(point: PhasePoint, masses: Array, time: Array, rates: Array) -> PhasePoint:
    """Velocities under constant force and drag for a time: v̇ = F/m - κ v, solved exactly."""
    drag = (rates + jnp.sum(rates) / point.freedom) * time
    gain = time * jnp.exp(-0.5 * drag) * sinhc(0.5 * drag)
    rest = jnp.sum(point.forces, axis=0) / jnp.sum(masses)
    velocities = jnp.exp(-drag) * point.velocities + gain * (point.forces / masses[:, None] - rest)
    return _moving(point, masses, velocities)


def _moving(point: PhasePoint, masses: Array, velocities: Array) -> PhasePoint:
    return replace(point, velocities=velocities, twice_kinetic=jnp.sum(masses[:, None] * velocities**2, axis=0))


def _thermostat(point: PhasePoint, motion: Motion, kT: Array) -> tuple[PhasePoint, Array]:
    """Barostat and, but for Langevin, the factor for the velocities of the atoms."""
    one = jnp.ones_like(point.booked)
    if not motion.thermostatted:
        return point, one
    npt, dt, twice = motion.ensemble == "npt", motion.timestep, jnp.sum(point.twice_kinetic)
    if motion.thermostat == "nose-hoover":
        booked = point.booked
        if npt:
            freedom = 1 if motion.isotropic else 3
            chain, factor, heat = thermostats.chain_factor(point.piston_chain, jnp.sum(point.piston**2), freedom, kT, motion.barostat_damping, dt)
            point, booked = replace(point, piston=factor * point.piston, piston_chain=chain), booked + heat
        chain, factor, heat = thermostats.chain_factor(point.chain, twice, point.freedom, kT, motion.thermostat_damping, dt)
        return replace(point, chain=chain, booked=booked + heat), factor
    # The piston is jostled in both: rescaled along with the atoms (doi 10.1063/1.3073889), its ringing in a crystal dies too slowly.
    stream = random.stream(motion.key, point.step)
    if npt:
        piston, stream = thermostats.jostle(point.piston, motion.isotropic, *thermostats.friction(kT, motion.barostat_damping, dt), stream)
        heat = 0.5 * (jnp.sum(point.piston**2) - jnp.sum(piston**2))
        point = replace(point, piston=piston, booked=point.booked + heat)
    if motion.thermostat == "langevin":
        return point, one
    factor = thermostats.rescaling_factor(twice, point.freedom, kT, motion.thermostat_damping, dt, stream).astype(one.dtype)
    return replace(point, booked=point.booked - 0.5 * twice * (factor * factor - 1)), factor


def _drift(point: PhasePoint, motion: Motion, masses: Array, kT: Array, halves: tuple[Array, Array, Array]) -> PhasePoint:
    """Positions and cell for twice half a step, with the velocities multiplied by a factor (or given friction and noise) in between.

    ``halves``: strains of the two halves, and the factor.
    """
    s, t, factor = halves
    half = 0.5 * motion.timestep
    stretch = jnp.exp(s + t)
    way, way_after = half * jnp.exp(0.5 * s + t) * sinhc(0.5 * s), half * jnp.exp(0.5 * t) * sinhc(0.5 * t)
    before, booked, twice_kinetic = point.velocities, point.booked, point.twice_kinetic
    if motion.thermostatted and motion.thermostat == "langevin":
        keep, spread = thermostats.friction(kT, motion.thermostat_damping, motion.timestep)
        noise = spread / jnp.sqrt(masses)[:, None] * random.atom_normals(motion.key, point.step, len(before))
        after = keep * before + noise - masses @ noise / jnp.sum(masses)
        twice_kinetic = jnp.sum(masses[:, None] * after**2, axis=0)
        booked = booked - 0.5 * (jnp.sum(twice_kinetic) - jnp.sum(point.twice_kinetic))
    else:
        after = factor * before
    positions = stretch * point.positions + way * before + way_after * after
    return replace(point, positions=positions, velocities=after, cell=point.cell * stretch, booked=booked, twice_kinetic=twice_kinetic)


def _limit(point: PhasePoint, motion: Motion, masses: Array, applies: Array | bool = True) -> PhasePoint:
    """Push-off: no atom moves farther than the cap; what this takes is booked as heat."""
    way = motion.timestep * jnp.linalg.norm(point.velocities, axis=1, keepdims=True) * applies
    slower = _moving(point, masses, point.velocities * (motion.max_displacement / jnp.maximum(way, motion.max_displacement)))
    return replace(slower, booked=point.booked + 0.5 * (jnp.sum(point.twice_kinetic) - jnp.sum(slower.twice_kinetic)))


def _couple_weakly(point: PhasePoint, motion: Motion, kT: Array, applies: Array | bool) -> PhasePoint:
    twice = jnp.sum(point.twice_kinetic)
    factor = jnp.where(applies, thermostats.weak_coupling_factor(twice, point.freedom, kT, motion.thermostat_damping, motion.timestep), 1.0)
    booked = point.booked - 0.5 * twice * (factor * factor - 1)
    return replace(point, velocities=factor * point.velocities, twice_kinetic=factor * factor * point.twice_kinetic, booked=booked)
