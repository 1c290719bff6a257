"""Langevin dynamics in an objective: samples exp(-objective/kT)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import units

Floats = NDArray[np.float64]

TIMESTEP = 1.6
"""The longest [fs]."""
RESOLVED = 0.8
"""Angular frequency times the time between two kicks up to which dynamics are sound; they blow up at 2."""
RAREST = 3
"""Steps between two kicks at most: near half a period of the fastest vibrations, 13 fs in silica, kicks would feed them."""
DAMPING = 500.0
"""Relaxation time of velocities [fs]: with stronger friction a quench of the same length ends higher."""
LONGEST = 0.1
"""How far an atom moves in one step at most [Å]: reached only by atoms of a packing that repel each other without measure."""
PROBE = 0.01
"""Largest displacement along an axis with which the curvature of forces is measured [Å]."""


@dataclass(frozen=True)
class Pace:
    """How time is cut into steps."""

    timestep: float
    """[fs]"""
    every: int
    """Steps between two kicks by the slow forces."""

    @classmethod
    def for_frequency(cls, omega: float) -> Pace:
        """The longest steps that follow slow forces whose stiffest mode has this angular frequency [1/fs]."""
        between = RESOLVED / max(omega, 1e-3)
        return cls(min(TIMESTEP, between), min(max(1, int(between / TIMESTEP)), RAREST))


@dataclass(frozen=True, eq=False)
class Motion:
    """Positions ``(n_atoms, 3)`` [Å] and velocities [Å/fs]."""

    positions: Floats
    velocities: Floats


@dataclass(frozen=True, eq=False)
class Bath:
    """What keeps atoms at a temperature."""

    masses: Floats
    """``(n_atoms, 1)`` [u]"""
    temperature: float
    """[K]"""
    random: np.random.Generator

    def velocities(self) -> Floats:
        """Thermal ones, drawn anew ``(n_atoms, 3)`` [Å/fs]."""
        spread = np.sqrt(units.BOLTZMANN * self.temperature / (units.MASS_VELOCITY2 * self.masses))
        return np.asarray(spread * self.random.standard_normal((len(self.masses), 3)))


def stiffest(forces: Callable[[Floats], Floats], positions: Floats, masses: Floats, along: Floats, times: int) -> tuple[float, Floats]:
    """The highest angular frequency of vibrations by these forces alone [1/fs], and its mode ``(n_atoms, 3)``: so many power iterations from a guess."""
    weight, omega = np.sqrt(units.MASS_VELOCITY2 * masses), 0.0
    for _ in range(times):
        step = along / weight
        step *= PROBE / max(float(np.abs(step).max()), 1e-300)
        length = float(np.sqrt(((step * weight) ** 2).sum()))
        along = (forces(positions - step) - forces(positions + step)) / (2 * length * weight)
        omega = math.sqrt(float(np.sqrt((along**2).sum())))
    return omega, along


def langevin(fast: Callable[[Floats], Floats], slow: Callable[[Floats], Floats], start: Motion, bath: Bath, pace: Pace, steps: int) -> Motion:
    """Follow forces at a temperature: half a kick, half a way, friction and noise, half a way, half a kick (BAOAB, doi 10.1093/amrx/abs010).

    Slow forces kick once in several steps, for all of them (r-RESPA, doi 10.1063/1.463137).

    Parameters
    ----------
    fast, slow
        Forces ``(n_atoms, 3)`` [eV/Å] at positions [Å].
    steps
        By the slow forces.
    """
    x, v, dt = start.positions, start.velocities, pace.timestep
    keep, half = math.exp(-dt / DAMPING), 0.5 * dt / (units.MASS_VELOCITY2 * bath.masses)

    def drifted(x: Floats, v: Floats) -> tuple[Floats, Floats]:
        way = 0.5 * dt * np.sqrt((v**2).sum(axis=1, keepdims=True))
        if way.max() > 0.5 * LONGEST:
            v = v * (0.5 * LONGEST / np.maximum(way, 0.5 * LONGEST))
        return x + 0.5 * dt * v, v

    pull, push = slow(x), fast(x)
    for _ in range(steps):
        v = v + pace.every * half * pull
        for _ in range(pace.every):
            x, v = drifted(x, v + half * push)
            x, v = drifted(x, keep * v + math.sqrt(1 - keep**2) * bath.velocities())
            push = fast(x)
            v = v + half * push
        pull = slow(x)
        v = v + pace.every * half * pull
    return Motion(x, v)
