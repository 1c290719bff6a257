"""Pictures of force fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..forcefield import BoundForceField, ForceField
from ..forms.tabulate import core_radius, pair_energy_force, short_range
from .palette import MUTED, SERIES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ALONE = {"stillinger-weber": "two-body part", "tersoff": "bond that nothing weakens", "second-moment": "repulsion"}
"""What the pairs of a force field beyond pairs are."""
_BARE = 1e-9
"""Ewald splitting [1/Å] so small that the real-space part is the whole 1/r."""


def plot_forcefield(forcefield: ForceField | BoundForceField, species: Sequence[str] | None = None) -> Figure:
    """Pair potentials with and without Coulomb, one panel per pair, with the region of the repulsive core shaded; triplets are not drawn.

    Parameters
    ----------
    forcefield
        As loaded, or bound to atoms (then with their charges).
    species
        Draw pairs of these only; None: every pair that has a short-range term.

    Raises
    ------
    InputError
        If the force field has tables of embedded atoms in place of pairs.

    Notes
    -----
    With Ewald the Coulomb part is drawn as the bare energy of two ions. Where a charge follows from neutrality and the force field is not
    bound to atoms, it is taken for the dioxide of the first network former. A star marks a pair whose parameters follow from the composition:
    unless bound to atoms it is drawn with those that the file states.
    """
    bound = forcefield if isinstance(forcefield, BoundForceField) else _unbound(forcefield)
    if bound.forcefield.embedded is not None:
        raise InputError(f"Force field {bound.forcefield.name!r} has no pair terms to draw.", "Its tables hold functions of densities as well.")
    wanted = set(species if species is not None else bound.species)
    pairs = [p for p in sorted(bound.pairs) if set(p) <= wanted]
    columns = min(4, max(1, len(pairs)))
    rows = max(1, -(-len(pairs) // columns))
    with style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDE[0] * max(2, columns) / 4 + 0.6, 0.7 + 2.1 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes, (a, b) in zip(panels.flat, pairs, strict=False):
            _draw_pair(axes, bound, a, b)
        for axes in panels.flat[len(pairs) :]:
            axes.set_visible(False)
        for axes in panels[:, 0]:
            axes.set_ylabel("energy (eV)")
        for k, axes in enumerate(panels.flat[: len(pairs)]):
            if k + columns >= len(pairs):
                axes.set_xlabel("r (Å)")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=3)
        figure.suptitle(bound.forcefield.title, x=0.99, ha="right", fontsize=10)
    return figure


def _unbound(forcefield: ForceField) -> BoundForceField:
    """Every species of a force field, with the charges it states."""
    names = tuple(sorted(s.name for s in forcefield.species))
    stated = {s.name: s.charge for s in forcefield.species}
    former = next((f for f in ("Si", *sorted(forcefield.validity.formers)) if stated.get(f) is not None), None)
    neutral = -(stated[former] or 0.0) / 2 if former else 0.0
    charges = np.array([neutral if stated[n] is None else stated[n] for n in names], dtype=float)
    return BoundForceField(forcefield, names, np.zeros(0, dtype=np.int64), np.zeros(len(names)), charges, forcefield.pairs, forcefield.triplets)


def _draw_pair(axes: Axes, bound: BoundForceField, a: str, b: str) -> None:
    term = bound.pair_term(a, b)
    if term is None:
        return
    reach = min(max(term.cutoff, 4.0), 6.0)
    r = np.linspace(0.4, reach, 600)
    alone = short_range(term, r)[0]
    core = core_radius(bound, a, b)
    if core is not None:
        axes.axvspan(r[0], core, color=MUTED, alpha=0.13, linewidth=0, label="repulsive core")
    if bound.coulomb.method != "none":
        together = pair_energy_force(bound, a, b, r, split=_BARE if bound.coulomb.method == "ewald" else None)[0]
        axes.plot(r, together, color=SERIES[0], label="with Coulomb")
    else:
        together = alone
    axes.plot(r, alone, color=SERIES[1], linestyle=(0, (4, 2)), linewidth=1.2, label=_ALONE.get(bound.forcefield.many_body, "short range alone"))
    axes.axhline(0.0, color=MUTED, linewidth=0.7)
    bottom = min(float(together[r > 0.9].min()), float(alone[r > 0.9].min()), 0.0)
    contact = float(np.interp(2.2, r, together))  # pairs that only repel: as far up as their first neighbours come
    top = max(6.0, 0.8 * -bottom, min(contact, 60.0))
    axes.set_ylim(1.15 * bottom - 0.5, top)
    axes.set_xlim(r[0], r[-1])
    axes.text(0.97, 0.94, f"{_pair_name(a, b)}{'*' if term.rule else ''}", transform=axes.transAxes, ha="right", va="top", fontweight="bold")


def _pair_name(a: str, b: str) -> str:
    """The cation first: Si–O, not O–Si."""
    return f"{b}–{a}" if a == "O" else f"{a}–{b}"
