"""Which network formers are bridged to which, against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..findings import Number
from ..frames import Pair, pairs_of
from ..pairs.coordination import Cutoffs
from .bonds import Bonds, Source, all_bonds, linked


@dataclass(frozen=True)
class Bridges:
    """Bridges between two kinds of network formers."""

    share: Number
    """Of all bridges."""
    random: Number
    """What chance would give: the product of the shares that either former has in the ends of bridges, twice where they differ."""
    ratio: Number
    """Share over random: below 1 these formers avoid each other (Al-O-Al: Loewenstein's rule), above 1 they seek each other."""


def connectivity(source: Source, cutoffs: Cutoffs | None = None) -> dict[Pair, Bridges]:
    """Bridges former-linker-former by the two formers, alphabetical; pairs that chance would not make either are left out.

    A linker on three formers makes three bridges.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, cutoffs)
    formers = linked(frames[0]).formers
    each = [_bridges(bonds, formers) for bonds in frames]
    found = {}
    for a, b in pairs_of(formers):
        i, j = formers.index(a), formers.index(b)
        share = [float(n[i, j]) for n, _ in each]
        random = [float(expected[i, j]) for _, expected in each]
        if min(random) > 0:
            found[a, b] = Bridges(Number.over(share), Number.over(random), Number.over([s / r for s, r in zip(share, random, strict=True)]))
    return found


def _bridges(bonds: Bonds, formers: tuple[str, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the bridges between either kind of formers, and what chance would give: each ``(n_formers, n_formers)``, symmetric."""
    n = len(formers)
    network = bonds.among(bonds.bridging, bonds.of(formers))
    left, right = network.couples(bonds.bridging)
    place = np.zeros(len(bonds.elements), dtype=np.int64)
    place[bonds.columns(formers)] = np.arange(n)
    a, b = (place[bonds.types[network.second[side]]] for side in (left, right))
    counts = np.bincount(np.minimum(a, b) * n + np.maximum(a, b), minlength=n * n).reshape(n, n) / max(len(a), 1)
    share = np.where(np.eye(n, dtype=bool), counts, counts + counts.T)
    ends = (share.sum(axis=1) + share.diagonal()) / 2
    return share, np.outer(ends, ends) * (2 - np.eye(n))
