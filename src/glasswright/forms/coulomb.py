"""Coulomb energies of a pair in real space, for every method a force field may name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import InputError
from ..forcefield import Coulomb
from ..units import COULOMB
from .pair import Array
from .prolate import ProlateSplit

Split = ProlateSplit | float
"""How an Ewald sum divides 1/r: with prolates, or with a Gaussian of this α [1/Å]."""


def _erfc(x: Array, xp: Any) -> Array:
    if xp is np:
        from scipy.special import erfc
    else:
        from importlib import import_module

        erfc = import_module("jax.scipy.special").erfc
    return erfc(x)


def smoothing(r: Array, cutoff: float, width: float, xp: Any = np) -> tuple[Array, Array]:
    """SHIK's G(r) = exp(-γ²/(r - rc)²) and dG/dr, both 0 from the cutoff on (doi 10.1063/1.5023707)."""
    inside = r < cutoff
    # So close to the cutoff G is zero to the last bit, and its powers would overflow.
    gap = xp.maximum(xp.where(inside, cutoff - r, 1.0), 0.01 * width)
    g = xp.where(inside, xp.exp(-(width**2) / gap**2), 0.0)
    return g, -2 * width**2 / gap**3 * g


def screened(r: Array, alpha: float, xp: Any = np) -> tuple[Array, Array]:
    """erfc(αr)/r and minus its derivative [1/Å, 1/Å²]."""
    value = _erfc(alpha * r, xp) / r
    return value, value / r + 2 * alpha / math.sqrt(math.pi) * xp.exp(-((alpha * r) ** 2)) / r


def pair_coulomb(coulomb: Coulomb, charges_product: Array, r: Array, split: Split | None = None, xp: Any = np) -> tuple[Array, Array]:
    """Real-space Coulomb energy [eV] and force -dU/dr [eV/Å] of two charges at distances ``r`` [Å].

    ==========  ================================================================================================
    method      energy / (e²/4πε₀ q q')
    ==========  ================================================================================================
    ewald       erfc(αr)/r or, split with prolates, N(r), which ends at the cutoff of the split; the rest is the engine's
    dsf         erfc(αr)/r - v + f (r - rc), v and f the value and force of the first at rc (doi 10.1063/1.2206581)
    wolf        erfc(αr)/r - v; its force is the derivative of that (doi 10.1063/1.478738)
    shik-wolf   [1/r - 1/rc + (r - rc)/rc²] G(r) (doi 10.1063/1.5023707)
    none        0
    ==========  ================================================================================================

    LAMMPS ``coul/wolf`` has the energy of ``wolf`` here with the force of ``dsf``, which is not its derivative; here energy is conserved instead.

    Raises
    ------
    InputError
        If ``ewald`` is asked for without ``split``.
    """
    if coulomb.method == "none":
        return xp.zeros_like(r), xp.zeros_like(r)
    if coulomb.method == "ewald" and split is None:
        raise InputError("The real-space part of an Ewald sum needs to know how 1/r is split.", mend="Give split: α in 1/Å, or a ProlateSplit.")
    rc = split.cutoff if coulomb.method == "ewald" and isinstance(split, ProlateSplit) else coulomb.cutoff
    inside, r = r < rc, xp.minimum(r, rc)
    if coulomb.method == "ewald" and split is not None:
        if isinstance(split, ProlateSplit):
            energy, force = split.near(r, xp)
        else:
            energy, force = screened(r, split, xp)
    elif coulomb.method == "shik-wolf":
        shape, slope = 1 / r - 1 / rc + (r - rc) / rc**2, -1 / r**2 + 1 / rc**2
        g, dg = smoothing(r, rc, coulomb.smoothing, xp)
        energy, force = shape * g, -(slope * g + shape * dg)
    else:
        energy, force = screened(r, coulomb.alpha, xp)
        v, f = _at_cutoff(coulomb)
        energy = energy - v
        if coulomb.method == "dsf":
            energy, force = energy + f * (r - rc), force - f
    scale = COULOMB * charges_product
    return xp.where(inside, scale * energy, 0.0), xp.where(inside, scale * force, 0.0)


def _at_cutoff(coulomb: Coulomb) -> tuple[float, float]:
    """What ``screened`` is at the cutoff, as plain numbers: they must not raise the precision of what they are taken from."""
    value, force = screened(np.float64(coulomb.cutoff), coulomb.alpha)
    return float(value), float(force)


def self_energy(charges: Array, coulomb: Coulomb, xp: Any = np) -> Array:
    """Constant energy of the charges themselves [eV], as LAMMPS counts it.

    Parameters
    ----------
    charges
        One per atom ``(n_atoms,)`` [e].
    coulomb
        ``dsf`` and ``wolf`` have a self term; ``shik-wolf`` has none (the pair style of its authors has none), and that of
        ``ewald`` belongs to the reciprocal part.
    """
    if coulomb.method not in ("dsf", "wolf"):
        return 0.0
    v, f = _at_cutoff(coulomb)
    shift = v + (f * coulomb.cutoff if coulomb.method == "dsf" else 0.0)
    return -(shift / 2 + coulomb.alpha / math.sqrt(math.pi)) * COULOMB * xp.sum(xp.square(xp.asarray(charges)))
