"""Rings of the network by the definitions of King, of Guttman, and primitive ones.

A ring is a closed path over atoms and bonds that meets no atom twice. Paths are followed in the infinite network: a walk that winds
round the box and ends at another image of its start is not closed, and cells smaller than the ring, skewed or not, give the rings of
the crystal. Rings that a cell vector maps onto each other are one ring. Two polyhedra that share an edge make a ring of two formers.

Guttman
    For each bond the shortest ways back from one end to the other without it (doi 10.1016/0022-3093(90)90686-G).
King
    For each network former and each two of its bonds the shortest closed paths with both (doi 10.1038/2131112a0). Guttman's rings are among them.
Primitive
    Rings without a shortcut: no two of their atoms are joined by a path shorter than both ways along the ring (also called
    irreducible or shortest-path rings; doi 10.1103/PhysRevB.44.4925, 10.1016/S0927-0256(01)00256-7). Guttman's rings are among them too.

Every ring is counted once, however often it is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...native import BondRings, bond_rings
from ..frames import mean_and_error
from ..pairs.coordination import Cutoffs
from ..pairs.cutoffs import ANIONS
from .bonds import Bonds, Source, all_bonds, linked

DEFINITIONS = ("guttman", "king", "primitive")
LARGEST = 1000
"""Sizes of rings are looked for up to here."""


@dataclass(frozen=True)
class Nodes:
    """What the size of a ring counts."""

    kind: str
    """``"formers"`` or ``"atoms"``."""
    elements: tuple[str, ...]

    @property
    def one(self) -> str:
        """What one of them is called: ``"Si"``, ``"network former"``, ``"atom"``."""
        return "atom" if self.kind == "atoms" else self.elements[0] if len(self.elements) == 1 else "network former"

    @property
    def several(self) -> str:
        """``"Si"``, ``"network formers"``, ``"atoms"``."""
        return self.one if self.one in self.elements else f"{self.one}s"


@dataclass(frozen=True)
class RingStatistics:
    """Rings of one definition, averaged over configurations. Sizes without a ring are left out."""

    definition: str
    max_size: int
    nodes: Nodes
    """What size and rates refer to."""
    number: Mapping[int, float]
    """Size → rings per configuration."""
    per_node: Mapping[int, float]
    """Size → rings over nodes, R_C(n) (doi 10.1016/j.commatsci.2010.04.023)."""
    sigma: Mapping[int, float] | None
    """Standard error of ``per_node`` over configurations; None for one."""
    share: Mapping[int, float]
    """Size → fraction of the nodes on at least one ring of that size, P_N(n) (same reference)."""
    mean_size: float
    """Over all rings; NaN without any."""
    open: float
    """Fraction of the bonds (King: of the pairs of bonds of one node) that no ring up to ``max_size`` passes: what a larger ``max_size``
    could still close. Dead ends, which no ring can pass, are left out."""
    through: Mapping[int, NDArray[np.int64]]
    """Size → number of rings through each node ``(n_configurations, n_nodes)``, in the order of the atoms."""


@dataclass(frozen=True, eq=False)
class Ring:
    """One ring, for drawing."""

    size: int
    """Nodes."""
    atoms: NDArray[np.int64]
    """All atoms in order round the ring, those between the nodes too."""
    shifts: NDArray[np.int64]
    """Cell vectors to add to the wrapped position of each atom so that the ring closes without a jump ``(n, 3)``."""


def rings(
    source: Source, definition: str = "guttman", max_size: int = 12, cutoffs: Cutoffs | None = None, *, nodes: str | None = None, threads: int = 1
) -> dict[int, float]:
    """Number of rings of each size, averaged over configurations: ``{size in network formers: number of rings}``.

    Parameters
    ----------
    source
        One configuration or several, periodic, or their bonds.
    definition
        ``"guttman"``, ``"king"`` or ``"primitive"``, see the module.
    max_size
        The largest rings to look for; ``ring_statistics`` says what they leave open.
    cutoffs
        Bonds: pair of elements → distance [Å]. None: the measured cutoffs of the pairs that bond.
    nodes
        ``"formers"``: sizes count network formers, linked by anions or chalcogens; other bonds are left out. ``"atoms"``: every atom with a
        bond is a node, and every bond a link. None: formers in oxides, halides and nitrides; atoms in elemental and chalcogenide glasses, where
        like atoms bond, too (but for modifiers).
    threads
        The result does not depend on it.

    Raises
    ------
    InputError
        If the definition or the kind of nodes is unknown, the size impossible, or nothing links network formers.
    """
    return dict(ring_statistics(source, definition, max_size, cutoffs, nodes=nodes, threads=threads).number)


def ring_statistics(
    source: Source, definition: str = "guttman", max_size: int = 12, cutoffs: Cutoffs | None = None, *, nodes: str | None = None, threads: int = 1
) -> RingStatistics:
    """Rings per node with standard error, nodes with a ring, rings through each node; arguments as for ``rings``."""
    _check(definition, max_size)
    frames = all_bonds(source, cutoffs)
    what = nodes_of(frames[0], nodes)
    found = [_search(bonds, what, definition, max_size, threads) for bonds in frames]
    n_nodes = max(int(np.count_nonzero(frames[0].of(what.elements))), 1)
    sizes = sorted({size for one in found for size in one.through})
    through = {s: np.array([one.through.get(s, np.zeros(n_nodes, dtype=np.int64)) for one in found]) for s in sizes}
    counts = np.array([through[s].sum(axis=1) / s for s in sizes]).reshape(len(sizes), len(found)).T
    mean, error = mean_and_error(counts / n_nodes)
    number = counts.mean(axis=0)
    return RingStatistics(
        definition,
        max_size,
        what,
        dict(zip(sizes, number.tolist(), strict=True)),
        dict(zip(sizes, mean.tolist(), strict=True)),
        None if error is None else dict(zip(sizes, error.tolist(), strict=True)),
        {s: float(np.mean(t > 0)) for s, t in through.items()},
        float(np.average(sizes, weights=number)) if sizes else float("nan"),
        sum(one.open for one in found) / max(sum(one.all for one in found), 1),
        through,
    )


def ring_members(
    source: Source, definition: str = "guttman", max_size: int = 12, cutoffs: Cutoffs | None = None, *, nodes: str | None = None, threads: int = 1
) -> list[Ring]:
    """The rings of one configuration themselves; arguments as for ``rings``."""
    _check(definition, max_size)
    frames = all_bonds(source, cutoffs)
    if len(frames) != 1:
        raise InputError(f"Rings are listed for one configuration, not {len(frames)}.", mend="Give one of them.")
    what = nodes_of(frames[0], nodes)
    found = _search(frames[0], what, definition, max_size, threads, members=True)
    counted, ends = frames[0].of(what.elements), np.cumsum(found.lengths)[:-1]
    pairs = zip(np.split(found.atoms, ends), np.split(found.shifts, ends), strict=True) if found.lengths.size else ()
    return [Ring(int(np.count_nonzero(counted[atoms])), atoms, shifts) for atoms, shifts in pairs]


def nodes_of(bonds: Bonds, nodes: str | None = None) -> Nodes:
    """What counts in the rings of a glass, as described for ``rings``."""
    if nodes not in (None, "formers", "atoms"):
        raise InputError(f"Rings cannot count {nodes!r}.", mend='Give nodes="formers" or nodes="atoms".')
    role = bonds.roles
    if nodes == "atoms":
        return Nodes("atoms", bonds.elements)
    if nodes is None and not ANIONS & set(role.linkers):
        return Nodes("atoms", tuple(sorted({*role.formers, *role.linkers})))
    return Nodes("formers", linked(bonds).formers)


def _search(bonds: Bonds, what: Nodes, definition: str, max_size: int, threads: int, *, members: bool = False) -> BondRings:
    counted = bonds.of(what.elements)
    network = bonds.among(counted, counted if what.kind == "atoms" else bonds.of(bonds.roles.linkers))
    max_length = max(max_size, 3) if what.kind == "atoms" else 2 * max_size
    return bond_rings((network.first, network.second, network.shifts), counted, definition, max_length, members=members, threads=threads)


def _check(definition: str, max_size: int) -> None:
    if definition not in DEFINITIONS:
        raise InputError(f"{definition!r} is no definition of a ring.", mend=f"Take one of {', '.join(DEFINITIONS)}.")
    if not isinstance(max_size, (int, np.integer)) or not 2 <= max_size <= LARGEST:
        raise InputError(f"max_size = {max_size!r} is not possible.", mend=f"Give a whole number from 2 to {LARGEST}.")
