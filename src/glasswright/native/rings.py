"""Rings of a periodic bond graph, from the compiled core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .builds import core


@dataclass(frozen=True, eq=False)
class BondRings:
    """What the core finds."""

    through: Mapping[int, NDArray[np.int64]]
    """Size in counted atoms → number of rings of that size through each counted atom ``(n_counted,)``; an atom whose images are on one ring counts each."""
    open: int
    """Bonds without a ring; for King pairs of bonds of one atom. What hangs on the network by one bond is left out."""
    all: int
    """All of these."""
    lengths: NDArray[np.int64]
    """Atoms of each ring ``(n_rings,)``; empty unless asked for."""
    atoms: NDArray[np.int64]
    """The rings one after the other, atoms in order ``(sum of lengths,)``."""
    shifts: NDArray[np.int64]
    """Cell vectors to add to these atoms ``(sum of lengths, 3)``."""


def bond_rings(
    bonds: tuple[ArrayLike, ArrayLike, ArrayLike], counted: ArrayLike, definition: str, max_length: int, *, members: bool = False, threads: int = 1
) -> BondRings:
    """Rings of up to ``max_length`` bonds.

    Parameters
    ----------
    bonds
        First atom ``(n_bonds,)``, second atom ``(n_bonds,)``, cell vectors to add to the second ``(n_bonds, 3)``; each bond in both directions.
    counted
        Atoms that count for the size of a ring and from which rings are looked for ``(n_atoms,)``.
    definition
        ``"king"``, ``"guttman"`` or ``"primitive"``.
    members
        Whether to list the rings themselves.

    Raises
    ------
    InputError
        If the bonds are not those of a graph, or an argument is out of range.
    """
    first, second, shifts = (np.ascontiguousarray(part, dtype=np.int64) for part in bonds)
    try:
        return BondRings(*core().rings(first, second, shifts, np.ascontiguousarray(counted, dtype=np.bool_), definition, max_length, members, threads))
    except (ValueError, TypeError) as error:
        text = str(error) if isinstance(error, ValueError) else "an array has the wrong shape"
        raise InputError(f"Rings cannot be counted: {text}.", mend="Give every bond once in each direction, and 1 to 1024 threads.") from None
