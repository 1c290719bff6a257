"""The section on rings: how many there are of each size by three definitions, and some of them as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..analysis.findings import Population
from ..analysis.network.rings import Ring, ring_members
from . import figures
from .contents import Contents
from .html import grid, number, picture
from .palette import MUTED, SERIES, WIDE, style
from .scene import element_color

if TYPE_CHECKING:
    from ase import Atoms
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEFINITIONS = {
    "guttman": "Guttman: shortest through a bond",
    "king": "King: shortest through two bonds of a node",
    "primitive": "Primitive: without a shortcut",
}
MOST_ATOMS = 100_000
"""Rings of larger systems are counted but not looked up again for a picture."""
EXAMPLES = 8
"""Sizes of which an example is drawn."""


def rings(contents: Contents) -> str:
    """Ring statistics and examples."""
    found = {name: p for name in DEFINITIONS if (p := contents.populations.get(f"rings_{name}")) is not None and p.cases}
    if not found:
        return ""
    cards = [picture("rings", "Rings of the network", plot_rings(found), _note(found), wide=True)]
    atoms = contents.atoms
    if atoms is not None and len(atoms) <= MOST_ATOMS:
        examples = one_of_each_size(atoms, ring_members(atoms))
        if examples:
            note = "The flattest ring of each size among Guttman's, seen from above; numbers count the nodes."
            cards.append(picture("ring-examples", "Examples", plot_examples(atoms, examples), note, wide=True))
    return grid(cards)


def plot_rings(populations: Mapping[str, Population]) -> Figure:
    """Rings per node by size, the definitions side by side, with their spread."""
    sizes = sorted({int(size) for p in populations.values() for size in p.cases})
    sizes = list(range(sizes[0], sizes[-1] + 1))
    width = 0.84 / len(populations)
    with style():
        figure = figures.new_figure((WIDE[0], 3.4))
        axes = figure.add_subplot()
        for k, (name, population) in enumerate(populations.items()):
            numbers = [population.cases.get(str(size)) for size in sizes]
            spreads = [n.spread if n and n.spread else np.nan for n in numbers]
            at = np.arange(len(sizes)) + (k - (len(populations) - 1) / 2) * width
            heights = [n.value if n else 0.0 for n in numbers]
            axes.bar(at, heights, 0.92 * width, color=SERIES[k], label=DEFINITIONS.get(name, name), yerr=spreads, ecolor=MUTED, capsize=2)
        axes.set_ylim(bottom=0)
        first = next(iter(populations.values()))
        axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        axes.grid(axis="x", visible=False)
        axes.set_xlabel(first.axis)
        axes.set_ylabel(first.what)
        figures.add_legend(figure, axes)
    return figure


def one_of_each_size(atoms: Atoms, found: Sequence[Ring]) -> list[tuple[Ring, NDArray[np.float64]]]:
    """The flattest ring of each of the most frequent sizes, with its atoms seen from above ``(n, 2)`` [Å]; small first."""
    inside = atoms.copy()
    inside.wrap()
    best: dict[int, tuple[float, Ring, NDArray[np.float64]]] = {}
    counts: dict[int, int] = {}
    for ring in found:
        counts[ring.size] = counts.get(ring.size, 0) + 1
        places = inside.positions[ring.atoms] + ring.shifts @ np.asarray(atoms.cell)
        places = places - places.mean(axis=0)
        _, spread, axes = np.linalg.svd(places, full_matrices=False)
        bent = float(spread[2] / spread[1])
        if ring.size not in best or bent < best[ring.size][0]:
            best[ring.size] = (bent, ring, places @ axes[:2].T)
    chosen = sorted(sorted(counts, key=lambda size: -counts[size])[:EXAMPLES])
    return [best[size][1:] for size in chosen]


def plot_examples(atoms: Atoms, examples: Sequence[tuple[Ring, NDArray[np.float64]]]) -> Figure:
    """Rings as balls and sticks, all to one scale."""
    reach = [np.abs(places).max(axis=0) + 0.8 for _, places in examples]
    widths = [float(r[0]) for r in reach]
    height = float(max(r[1] for r in reach))
    with style():
        figure = figures.new_figure((WIDE[0], min(3.2, 0.35 + WIDE[0] * height / sum(widths))))
        panels = figure.subplots(1, len(examples), squeeze=False, width_ratios=widths)[0]
        for axes, (ring, places), width in zip(panels, examples, widths, strict=True):
            _draw_ring(axes, atoms, ring, places)
            axes.set(xlim=(-width, width), ylim=(-height, height), aspect="equal")
            axes.axis("off")
            axes.text(0, 0, str(ring.size), ha="center", va="center", fontsize=13, fontweight="bold", color=MUTED)
    return figure


def _draw_ring(axes: Axes, atoms: Atoms, ring: Ring, places: NDArray[np.float64]) -> None:
    closed = np.vstack([places, places[:1]])
    axes.plot(*closed.T, color=MUTED, linewidth=2.2, zorder=1, solid_joinstyle="round")
    symbols = [str(atoms.symbols[int(k)]) for k in ring.atoms]
    nodes = {s for k, s in enumerate(symbols) if len(symbols) == ring.size or k % 2 == 0}
    for symbol in sorted(set(symbols)):
        chosen = [k for k, s in enumerate(symbols) if s == symbol]
        size = 110 if symbol in nodes else 45
        axes.scatter(places[chosen, 0], places[chosen, 1], s=size, color=element_color(symbol), edgecolors=MUTED, linewidths=0.6, zorder=2, label=symbol)


def _note(found: Mapping[str, Population]) -> str:
    """What the bars are, and what a larger limit could still find."""
    sentences = []
    spread = any(n.spread is not None for p in found.values() for n in p.cases.values())
    if spread:
        sentences.append("Bars: mean with the sample standard deviation.")
    for name, population in found.items():
        left = population.metadata.get("open")
        if name != "primitive" and isinstance(left, float) and left > 0:
            what = "bonds" if name == "guttman" else "pairs of bonds of one node"
            limit = f"{population.metadata.get('max_size')} {population.axis.removesuffix(' in the ring')}"
            sentences.append(f"{number(100 * left, 2)} % of the {what} are on no ring of up to {limit}.")
    return " ".join(sentences)
