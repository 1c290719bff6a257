"""Merged pair energies and forces: what native, LAMMPS and Monte Carlo tables are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..forcefield import BoundForceField, PairTerm
from ..units import COULOMB
from .cores import all_terms, body_terms, term_splice
from .coulomb import Split, pair_coulomb, smoothing
from .pair import PAIR_FORMS, Array, derivative

INNER_RADIUS = 0.3
"""No merged pair is evaluated closer than this [Å]; it goes on with constant force."""
LARGEST_FORCE = 1e4
"""Where a merged pair first reaches this force [eV/Å] it goes on with constant force; no atom of a glass ever gets there."""


def short_range(term: PairTerm, r: Array, xp: Any = np, start: PairTerm | None = None) -> tuple[Array, Array]:
    """Energy [eV] and force -dU/dr [eV/Å] of a pair term: form, core, shift, smoothing and cutoff.

    ``start`` is the same term with plain numbers near by, where the parameters of ``term`` are traced by JAX: what a splice is searched from.
    """
    terms, inner = all_terms(term), term_splice(term, xp, start)
    if PAIR_FORMS[term.form].ends:
        return derivative(terms, r, 0, xp), -derivative(terms, r, 1, xp)
    # Beyond the cutoff nothing is evaluated, so that no derivative of a branch not taken is infinite.
    inside, r = r < term.cutoff, xp.minimum(r, term.cutoff)
    outer_r = r if inner is None else xp.maximum(r, inner.r0)
    energy, force = derivative(terms, outer_r, 0, xp), -derivative(terms, outer_r, 1, xp)
    if inner is not None:
        core_energy, core_force = inner.energy_force(r, xp)
        energy, force = xp.where(r < inner.r0, core_energy, energy), xp.where(r < inner.r0, core_force, force)
    if term.shifted:
        energy = energy - derivative(terms, term.cutoff, 0, xp)
    if term.smoothing:
        g, dg = smoothing(r, term.cutoff, term.smoothing, xp)
        energy, force = energy * g, force * g - energy * dg
    return xp.where(inside, energy, 0.0), xp.where(inside, force, 0.0)


EnergyForce = tuple[Array, Array]


def _parts(bound: BoundForceField, a: str, b: str, r: Array, split: Split | None, xp: Any) -> tuple[Array, EnergyForce, EnergyForce]:
    """Distances, and energy and force of the short range and of the charges; below the inner radius each goes on with constant force."""
    distance = np.atleast_1d(np.asarray(r, dtype=float)) if xp is np else r
    start = bound if bound.start is None or xp is np else bound.start
    inner = inner_radius(start, a, b)
    outer, deeper = xp.maximum(distance, inner), xp.maximum(inner - distance, 0.0)
    term = bound.pair_term(a, b)
    nothing = xp.zeros_like(outer)
    short_energy, short_force = (nothing, nothing) if term is None else short_range(term, outer, xp, start.pair_term(a, b))
    energy, force = pair_coulomb(bound.coulomb, bound.charge(a) * bound.charge(b), outer, split, xp)
    return distance, (short_energy + short_force * deeper, short_force), (energy + force * deeper, force)


def inner_radius(bound: BoundForceField, a: str, b: str) -> float:
    """Distance below which ``pair_energy_force`` goes on with constant force [Å]."""
    # With the bare 1/r of the charges, so that it does not depend on how an engine splits the Ewald sum.
    term, product = bound.pair_term(a, b), bound.charge(a) * bound.charge(b)
    if term is None:
        return INNER_RADIUS
    r = np.arange(INNER_RADIUS, 2.5, 1e-3)
    force = short_range(term, r)[1] + (COULOMB * product / r**2 if bound.coulomb.method != "none" else 0.0)
    steep = np.flatnonzero(force > LARGEST_FORCE)
    return float(r[steep[-1]]) if steep.size else INNER_RADIUS


def pair_energy_force(bound: BoundForceField, a: str, b: str, r: Array, split: Split | None = None, xp: Any = np) -> EnergyForce:
    """Short range and real-space Coulomb of two species, summed.

    Parameters
    ----------
    bound
        The force field resolved for given atoms.
    a, b
        Names of two species.
    r
        Distances ``(n,)`` [Å].
    split
        How the Ewald sum divides 1/r: its α [1/Å] or a ``ProlateSplit``; required where the Coulomb method is ``ewald``.
    xp
        NumPy, or ``jax.numpy`` for a function of ``r`` and of parameters (``with_parameters``) that can be compiled and differentiated.

    Returns
    -------
    energy, force
        ``(n,)`` [eV] and ``(n,)`` [eV/Å], force = -dU/dr. Below ``inner_radius`` the force is constant and the energy linear, so
        that every value is finite and nothing turns over.
    """
    _, short, coulomb = _parts(bound, a, b, r, split, xp)
    return short[0] + coulomb[0], short[1] + coulomb[1]


def virial_trace(bound: BoundForceField, a: str, b: str, r: Array, split: Split | None = None, xp: Any = np) -> Array:
    """What a pair gives to the trace of the virial, three times pressure times volume ``(n,)`` [eV]; parameters as of ``pair_energy_force``.

    r times force; in an Ewald sum the charges give their energy instead. Summed over all pairs and wave vectors the two are the same, as
    the energy of charges scales as 1/length, but the energy is far less sensitive to where the sums are cut.
    """
    distance, short, coulomb = _parts(bound, a, b, r, split, xp)
    return distance * short[1] + (coulomb[0] if bound.coulomb.method == "ewald" else distance * coulomb[1])


def core_radius(bound: BoundForceField, a: str, b: str) -> float | None:
    """Where the core of a pair begins [Å], or None where there is none: no atom should come closer in a sound run.

    For a splice its r0; otherwise the distance at which form and charges without the core would turn over and fuse the atoms.
    """
    term = bound.pair_term(a, b)
    if term is None:
        return None
    inner = term_splice(term)
    if inner is not None:
        # A splice so deep that the wall before it is never climbed is no core that a run could enter.
        return inner.r0 if inner.r0 > inner_radius(bound, a, b) else None
    if not len(all_terms(term)) > len(body_terms(term)):
        return None
    r = np.arange(INNER_RADIUS, 3.0, 1e-3)
    charges = COULOMB * bound.charge(a) * bound.charge(b) / r**2 if bound.coulomb.method != "none" else 0.0
    force = -derivative(body_terms(term), r, 1) + charges
    if not force[0] < 0:
        return None
    repulsive = np.flatnonzero(force >= 0)
    return float(r[repulsive[0]]) if repulsive.size else None
