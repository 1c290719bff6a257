"""Thermostats and the barostat, as pure functions: the equations of ``native/thermostat.hpp`` and ``native/barostat.hpp``.

Equation-to-variable table: Q = mass (hidden in u = v sqrt(Q), whose kinetic energy is u²/2), τ = damping, f = freedom, kT.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from .random import Stream, chi_squared, normal

LENGTH = 3
"""Of a Nosé-Hoover chain."""
_W = 1.3512071919596576  # 1 / (2 - 2^(1/3))


def chain_factor(u: Array, twice_kinetic: Array, freedom: float, kT: Array, damping: Array, dt: Array) -> tuple[Array, Array, Array]:
    """A Nosé-Hoover chain over one time step, by Suzuki-Yoshida factors.

    Martyna, Klein and Tuckerman 1992 (doi 10.1063/1.463940); doi 10.1080/00268979600100761. As u does not change with the target, energy is
    conserved along a temperature programme too.

    Parameters
    ----------
    u
        Of the chain ``(3,)`` [sqrt(eV)].
    twice_kinetic, freedom
        Of the group of degrees of freedom [eV].

    Returns
    -------
    The chain, the factor that multiplies the velocities of the group, and the energy booked [eV].
    """
    link, first = jnp.sqrt(kT) * damping, jnp.sqrt(freedom * kT) * damping
    u0, u1, u2 = u[0], u[1], u[2]
    factor, booked = jnp.ones_like(kT), jnp.zeros_like(kT)
    for weight in (_W, 1 - 2 * _W, _W):
        step = weight * dt
        half = 0.5 * step
        u2 = u2 + half * (u1 * u1 - kT) / link
        drag = jnp.exp(-0.5 * half * u2 / link)
        u1 = (u1 * drag + half * (u0 * u0 - kT) / link) * drag
        drag = jnp.exp(-0.5 * half * u1 / link)
        u0 = (u0 * drag + half * (twice_kinetic - freedom * kT) / first) * drag

        scale = jnp.exp(-step * u0 / first)
        factor, twice_kinetic = factor * scale, twice_kinetic * scale * scale
        booked = booked + step * kT * (freedom * u0 / first + (u1 + u2) / link)

        drag = jnp.exp(-0.5 * half * u1 / link)
        u0 = (u0 * drag + half * (twice_kinetic - freedom * kT) / first) * drag
        drag = jnp.exp(-0.5 * half * u2 / link)
        u1 = (u1 * drag + half * (u0 * u0 - kT) / link) * drag
        u2 = u2 + half * (u1 * u1 - kT) / link
    return jnp.stack([u0, u1, u2]), factor, booked


def rescaling_factor(twice_kinetic: Array, freedom: float, kT: Array, damping: Array, dt: Array, stream: Stream) -> Array:
    """Canonical sampling through velocity rescaling: Bussi, Donadio and Parrinello 2007 (doi 10.1063/1.2408420, eqs A7 and A8)."""
    moving = twice_kinetic > 0
    keep = jnp.exp(-dt / damping)
    unit = (1 - keep) * kT / jnp.where(moving, twice_kinetic, 1.0)
    stream, r = normal(stream)
    s = chi_squared(stream, freedom - 1)
    factor = jnp.sqrt(keep + unit * (r * r + s) + 2 * r * jnp.sqrt(keep * unit))
    return jnp.where(moving, jnp.where(r + jnp.sqrt(keep / unit) < 0, -factor, factor), 1.0)


def friction(kT: Array, damping: Array, dt: Array) -> tuple[Array, Array]:
    """Exact Ornstein-Uhlenbeck step of a velocity: v becomes keep·v + spread·(unit normal)/sqrt(mass)."""
    keep = jnp.exp(-dt / damping)
    return keep, jnp.sqrt((1 - keep * keep) * kT)


def weak_coupling_factor(twice_kinetic: Array, freedom: float, kT: Array, damping: Array, dt: Array) -> Array:
    """Weak coupling (doi 10.1063/1.448118): samples no ensemble; for pushing a random packing apart only."""
    ratio = freedom * kT / jnp.where(twice_kinetic > 0, twice_kinetic, freedom * kT)
    return jnp.sqrt(jnp.maximum(0.0, 1 + dt / damping * (ratio - 1)))


def root_of_piston_mass(isotropic: bool, freedom: float, kT: Array, damping: Array) -> Array:
    """sqrt(W): W = (f + 3) kT τ²/3 of each of three strain rates, three times that of the one rate of an isotropic cell."""
    return damping * jnp.sqrt((freedom + 3) * kT / (1 if isotropic else 3))


def piston_kick(piston: Array, isotropic: bool, pull: Array, root: Array, dt: Array) -> Array:
    """Strain rates times sqrt(mass) ``(3,)`` [sqrt(eV)] after a time under ``pull``; isotropic: the first alone.

    Martyna, Tobias and Klein 1994 (doi 10.1063/1.467468), in the reversible form of Tuckerman et al. 2006 (doi 10.1088/0305-4470/39/19/S18).
    """
    return piston + dt * (jnp.zeros_like(pull).at[0].set(jnp.sum(pull)) if isotropic else pull) / root


def jostle(piston: Array, isotropic: bool, keep: Array, spread: Array, stream: Stream) -> tuple[Array, Stream]:
    """Exact Langevin step of the piston (Gao, Fang and Wang 2016, doi 10.1063/1.4942999)."""
    moved: list[Any] = [piston[0], piston[1], piston[2]]
    for k in range(1 if isotropic else 3):
        stream, r = normal(stream)
        moved[k] = keep * piston[k] + spread * r
    return jnp.stack(moved), stream


def sinhc(x: Array) -> Array:
    """sinh(x)/x"""
    small = lax.abs(x) < 1e-3
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, 1 + x * x / 6, jnp.sinh(safe) / safe)
