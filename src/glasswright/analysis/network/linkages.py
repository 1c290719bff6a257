"""What the oxygens link: bridging, non-bridging and free ones and triclusters, by the atoms they bond; and what Qn units are linked to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..findings import Number
from ..pairs.coordination import Cutoffs
from .bonds import Bonds, Source, all_bonds, linked, shares
from .environments import shell_name


def linkages(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, Number]:
    """Speciation of the linkers (oxygens) by what they bond: linkage → share of the linkers, most frequent first.

    A bridge is written with the two formers it joins, ``"Al-O-Si"``; a linker on more formers as ``"OAlSi2"``. Modifiers name the
    others: a non-bridging oxygen is ``"Si-O-Na"`` (with several kinds of modifier beside it ``"Si-O-Ca,Na"``, with none
    ``"Si-O"``), a free one ``"O-Na"``.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, cutoffs)
    role = linked(frames[0])
    return shares([_linkages(bonds) for bonds in frames], [int(bonds.of(role.linkers).sum()) for bonds in frames])


def _linkages(bonds: Bonds) -> dict[str, int]:
    role, found = bonds.roles, dict[str, int]()
    formers, modifiers = bonds.columns(role.formers), bonds.columns(role.modifiers)
    shells = np.zeros_like(bonds.counts)
    shells[:, formers] = bonds.counts[:, formers]
    shells[:, modifiers] = (bonds.counts[:, modifiers] > 0) & (bonds.formers_around < 2)[:, None]
    for linker in role.linkers:
        kinds, times = np.unique(shells[bonds.of([linker])], axis=0, return_counts=True)
        for kind, n in zip(kinds, times, strict=True):
            found[_linkage(linker, bonds.elements, kind, formers, modifiers)] = int(n)
    return found


def _linkage(linker: str, elements: tuple[str, ...], kind: NDArray[np.int64], formers: list[int], modifiers: list[int]) -> str:
    joined = [elements[i] for i in formers for _ in range(kind[i])]
    if len(joined) > 2:
        return linker + shell_name(elements, kind)
    if len(joined) == 2:
        return f"{joined[0]}-{linker}-{joined[1]}"
    beside = ",".join(elements[i] for i in modifiers if kind[i])
    return "-".join(part for part in (*joined, linker, beside) if part)


def qn_environments(source: Source, cutoffs: Cutoffs | None = None) -> dict[str, dict[str, Number]]:
    """Qn units by what they are linked to: network former → {``"Q4(1Al)"``: share of these atoms}, most frequent first.

    In Qn(mAl), n is the number of bridges and m the number of those that lead to at least one Al; bridges to other atoms of the
    same element are not written.

    Raises
    ------
    InputError
        If nothing links network formers.
    """
    frames = all_bonds(source, cutoffs)
    formers = linked(frames[0]).formers
    return {f: shares([_units(bonds, f) for bonds in frames], [int(bonds.of([f]).sum()) for bonds in frames]) for f in formers}


def _units(bonds: Bonds, former: str) -> dict[str, int]:
    others = [f for f in bonds.roles.formers if f != former]
    centres = bonds.of([former])
    bridges = bonds.only(centres[bonds.first] & bonds.bridging[bonds.second])
    to = bonds.counts[bridges.second][:, bonds.columns(others)] > 0
    n = bridges.number[centres]
    m = np.stack([np.bincount(bridges.first[to[:, i]], minlength=len(centres))[centres] for i in range(len(others))], axis=1) if others else n[:, None][:, :0]
    kinds, times = np.unique(np.column_stack([n, m]), axis=0, return_counts=True)
    return {f"Q{k[0]}" + _linked_to(others, k[1:]): int(t) for k, t in zip(kinds, times, strict=True)}


def _linked_to(others: list[str], numbers: NDArray[np.int64]) -> str:
    text = ",".join(f"{m}{element}" for element, m in zip(others, numbers, strict=True) if m)
    return f"({text})" if text else ""
