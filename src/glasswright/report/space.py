"""The sections on order and space: tetrahedra, Voronoi cells and bond order; topology; cavities."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.findings import Map
from ..analysis.pairs.cutoffs import ANIONS
from ..curve import Curve
from . import figures
from .contents import Contents
from .html import grid, number, picture
from .palette import INK, MUTED, PANEL, SERIES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LASTING = 0.3
"""Classes that live longer [Å²] frame a persistence diagram."""
MOTIF = 0.03
"""Voronoi cells are shown where the commonest has this share of the atoms."""


def order(contents: Contents) -> str:
    """How regular the surroundings of the atoms are, and the space each has."""
    cards = []
    tetrahedra = contents.named("tetrahedrality_")
    if tetrahedra:
        others = [{_pair(k): c for k, c in one.items()} for one in contents.of_replicas("tetrahedrality_")]
        plot = figures.plot_curves({_pair(k): c for k, c in tetrahedra.items()}, others=others, x_range=_filled(tetrahedra))
        _labels(plot, "tetrahedrality q", "probability density")
        note = "Of the four nearest neighbours: 1 in a regular tetrahedron, 0 on average for random directions."
        cards.append(picture("tetrahedrality", "Tetrahedrality", plot, note))
    volumes = contents.named("voronoi_volume_")
    if volumes:
        plot = figures.plot_curves(volumes, others=contents.of_replicas("voronoi_volume_"), x_range=(0.0, _filled(volumes)[1]))
        _labels(plot, "volume of the Voronoi cell (Å³)", "probability density (1/Å³)")
        means = ", ".join(f"{escape(e)} {number(c.metadata['mean'], 3)}" for e, c in volumes.items() if "mean" in c.metadata)
        cards.append(picture("voronoi", "Voronoi cells", plot, f"Cells of points, without radii. Means: {means} Å³." if means else ""))
    for degree in (4, 6):
        found = contents.named(f"bond_order_q{degree}_")
        if found:
            plot = figures.plot_curves(found, others=contents.of_replicas(f"bond_order_q{degree}_"), x_range=_filled(found))
            _labels(plot, f"$q_{degree}$", "probability density")
            crystals = {4: "fcc 0.19, hcp 0.10, bcc 0.22, diamond 0.46", 6: "fcc 0.57, hcp 0.48, bcc 0.57, diamond 0.42"}[degree]
            note = f"Neighbours weighted with the faces of the Voronoi cells. Crystals: {crystals}."
            cards.append(picture(f"q{degree}", f"Bond-orientational order q<sub>{degree}</sub>", plot, note))
    for name, population in contents.populations.items():
        if name.startswith("voronoi_") and max((n.value for n in population.cases.values()), default=0.0) >= MOTIF:
            cards.append(picture(name, escape(population.title), figures.plot_population(population), "Faces under 1 % of the surface of a cell do not count."))
    return grid(cards)


def homology(contents: Contents) -> str:
    """Rings and cavities as persistent homology sees them, and their place in reciprocal space."""
    cards = []
    for dimension, title, what in ((1, "loops", "a ring closes"), (2, "cavities", "a cavity closes")):
        found = contents.maps.get(f"persistence_{dimension}")
        if found is not None and found.values.any():
            note = f"Every atom grows from its own radius by the same α: {what} at the birth and is filled at the death. The line: no lifetime."
            cards.append(picture(f"persistence-{dimension}", f"Persistence diagram of {title}", plot_persistence(found), note))
    accumulated = {
        d: c for d, c in zip(("pieces", "loops", "cavities"), (contents.curves.get(f"accumulated_persistence_{d}") for d in range(3)), strict=True) if c
    }
    if accumulated:
        end = max(float(c.x[np.searchsorted(c.y, 0.999 * c.y[-1])]) for c in accumulated.values())
        plot = figures.plot_curves(accumulated, x_range=(min(float(c.x[0]) for c in accumulated.values()), end))
        _labels(plot, "mean of birth and death (Å²)", "accumulated persistence (Å² per atom)")
        cards.append(picture("accumulated", "Accumulated persistence", plot, "Lifetimes of all classes up to that mean age, summed."))
    loops = contents.named("loops_")
    if "total" in loops:
        note = "Every loop at Q = 2π/ℓ, ℓ the width at which it fills, with its lifetime; by the pair of atoms whose contact closes it."
        diffraction = {k: contents.curves[v] for k, v in {"neutron": "sq_neutron", "X-ray": "sq_xray"}.items() if v in contents.curves}
        cards.append(picture("loops", "Loops and the first sharp diffraction peak", plot_loops(loops, diffraction), note, wide=True))
    return grid(cards)


def cavities(contents: Contents) -> str:
    """The space between the atoms."""
    cards = []
    free = contents.curves.get("free_volume")
    if free is not None:
        plot = figures.plot_curves(
            {"free volume": free}, others=[{"free volume": one["free_volume"]} for one in contents.replica_curves if "free_volume" in one]
        )
        _labels(plot, "radius of the probe (Å)", "free volume (%)")
        plot.axes[0].set_yscale("log")
        plot.axes[0].autoscale(axis="y")
        radii = free.metadata.get("radii")
        listed = ", ".join(f"{escape(str(e))} {number(r, 3)}" for e, r in radii.items()) if isinstance(radii, Mapping) else ""
        cards.append(picture("free-volume", "Free volume", plot, f"Where the centre of a probe can be. Radii of the atoms: {listed} Å." if listed else ""))
    sizes = contents.curves.get("cavity_radius")
    if sizes is not None and sizes.y.any():
        plot = figures.plot_curves({"cavities": sizes}, x_range=(sizes.x[0], sizes.x[-1]))
        _labels(plot, "radius of the largest sphere inside (Å)", "probability density (1/Å)")
        cards.append(picture("cavity-radius", "Cavities", plot, "Of those that a helium atom, radius 1.3 Å, fits into."))
    return grid(cards)


def plot_persistence(found: Map) -> Figure:
    """A persistence diagram: how many classes are born here and die there, in logarithmic colour."""
    from matplotlib.colors import LogNorm

    # Framed by what lasts: chance triangles of far atoms lie far up the line.
    birth, death = np.meshgrid(found.x, found.y, indexing="ij")
    filled = found.values > 0
    lasting = filled & (death - birth > LASTING)
    framed = lasting if lasting.any() else filled
    low, high = float(birth[framed].min()), float(death[framed].max())
    margin = 0.04 * (high - low)
    with style():
        figure = figures.new_figure((PANEL[0], 4.4))
        axes = figure.add_subplot()
        values = np.ma.masked_less_equal(found.values.T, 0)
        norm = LogNorm(found.values[found.values > 0].min(), found.values.max() * 1.0001)
        mesh = axes.pcolormesh(found.x, found.y, values, cmap="viridis", norm=norm, shading="nearest", rasterized=True)
        axes.plot([low - margin, high + margin], [low - margin, high + margin], color=MUTED, linewidth=0.8)
        axes.set_xlim(low - margin, high + margin)
        axes.set_ylim(low - margin, high + margin)
        axes.set_aspect("equal")
        axes.set_xlabel(f"birth α ({figures.pretty_unit('Å^2')})")
        axes.set_ylabel(f"death α ({figures.pretty_unit('Å^2')})")
        bar = figure.colorbar(mesh, ax=axes, label=f"{found.label.split(' per ')[0]} per atom and Å⁴")
        bar.outline.set_visible(False)
    return figure


def plot_loops(loops: Mapping[str, Curve], diffraction: Mapping[str, Curve]) -> Figure:
    """The loops of a glass in reciprocal space, by how they close, below the structure factor on the same axis."""
    total, parts = loops["total"], sorted(((k, c) for k, c in loops.items() if k != "total"), key=lambda item: -float(item[1].y.sum()))
    with style():
        figure = figures.new_figure((WIDE[0], 4.6 if diffraction else 3.2))
        panels = figure.subplots(2 if diffraction else 1, 1, sharex=True, squeeze=False)[:, 0]
        for color, (label, curve) in zip((INK, MUTED), diffraction.items(), strict=False):
            panels[0].plot(curve.x, curve.y, color=color, linewidth=1.2, label=f"S(Q), {label}")
        below = panels[-1]
        figures.draw(below, total, INK, "all loops")
        for color, (label, curve) in zip(SERIES, parts, strict=False):
            figures.draw(below, curve, color, f"closed by {_pair(label)}")
        at = float(total.x[total.y.argmax()])
        for axes in panels:
            axes.axvline(at, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        if diffraction:
            panels[0].set_ylabel("S(Q)")
            panels[0].legend(loc="upper right")
        below.set_xlim(total.x[0], total.x[-1])
        below.set_ylim(bottom=0.0)
        below.set_xlabel("Q (Å⁻¹)")
        below.set_ylabel("persistence of loops\nper atom (Å³)")
        below.legend(loc="upper right")
        figure.align_ylabels()
    return figure


def _labels(figure: Figure, x: str, y: str) -> None:
    with style():
        figure.axes[0].set_xlabel(x)
        figure.axes[0].set_ylabel(y)
        figure.axes[0].set_ylim(bottom=0.0)


def _pair(name: str) -> str:
    """A pair of elements as the field writes it, anion last: Si–O."""
    return "–".join(sorted(name.split("-"), key=lambda e: (e in ANIONS, e)))


def _filled(curves: Mapping[str, Curve]) -> tuple[float, float]:
    """Where any of the distributions is more than a trace."""
    shown = [c.x[c.y > 0.02 * c.y.max()] for c in curves.values() if c.y.max() > 0]
    if not shown:
        return (0.0, 1.0)
    low, high = min(float(s[0]) for s in shown), max(float(s[-1]) for s in shown)
    margin = 0.03 * (high - low) or 0.05
    return (low - margin, high + margin)
