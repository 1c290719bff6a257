"""Coulomb energies of a pair in real space, for every method a force field may name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

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
    gap = xp.where(inside, cutoff - r, 1.0)
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
    rc = coulomb.cutoff
    if coulomb.method == "ewald":
        if split is None:
            raise InputError("The real-space part of an Ewald sum needs to know how 1/r is split.", mend="Give split: α in 1/Å, or a ProlateSplit.")
        if isinstance(split, ProlateSplit):
            rc = split.cutoff
            energy, force = split.near(r, xp)
        else:
            energy, force = screened(r, split, xp)
    elif coulomb.method == "shik-wolf":
        shape, slope = 1 / r - 1 / rc + (r - rc) / rc**2, -1 / r**2 + 1 / rc**2
        g, dg = smoothing(r, rc, coulomb.smoothing, xp)
        energy, force = shape * g, -(slope * g + shape * dg)
    else:
        energy, force = screened(r, coulomb.alpha, xp)
        v, f = screened(np.float64(rc), coulomb.alpha)
        energy = energy - v
        if coulomb.method == "dsf":
            energy, force = energy + f * (r - rc), force - f
    scale = COULOMB * charges_product * (r < rc)
    return scale * energy, scale * force


def self_energy(charges: ArrayLike, coulomb: Coulomb) -> float:
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
    v, f = screened(np.float64(coulomb.cutoff), coulomb.alpha)
    shift = v + (f * coulomb.cutoff if coulomb.method == "dsf" else 0.0)
    return float(-(shift / 2 + coulomb.alpha / math.sqrt(math.pi)) * COULOMB * np.sum(np.square(charges)))
