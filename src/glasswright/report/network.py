"""The section on the network: units, coordination, oxygens, how polyhedra are joined and mixed, clusters, rigidity; and its angles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.findings import Population
from ..analysis.pairs.cutoffs import ANIONS
from ..curve import Curve
from . import figures
from .contents import Contents, value_in
from .html import figure, grid, number, picture, table, with_spread
from .palette import INK, PANEL, PAPER, SERIES, style, to_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def network(contents: Contents) -> str:
    """What the glass is built of, and how that hangs together."""
    cards = [*_qn(contents), *_coordination(contents), *_linkages(contents), *_units(contents), *_connectivity(contents), *_sharing(contents)]
    return grid([*cards, *_clusters(contents), *_defects(contents), *_constraints(contents), *_neighbours(contents)])


def angles(contents: Contents) -> str:
    """Bond angles, in the middle of the polyhedra and between them, and dihedral angles."""
    found = contents.named("angle_")
    formers = set(contents.document.get("resolved", {}).get("formers", ())) or {n.removeprefix("qn_") for n in contents.populations if n.startswith("qn_")}
    inside = {k: c for k, c in found.items() if k.split("-")[1] in formers}
    groups = [("Bond angles within the polyhedra", inside), ("Bond angles between them", {k: c for k, c in found.items() if k not in inside})]
    if not inside or len(inside) == len(found):
        groups = [("Bond angles", found)]
    cards = []
    for i, (title, curves) in enumerate(groups):
        if curves:
            others = [{k: c for k, c in one.items() if k in curves} for one in contents.of_replicas("angle_")]
            plot = figures.plot_angles(curves, others=others, tetrahedral=i == 0)
            cards.append(picture(f"angles-{i}", title, plot, "Dashed: the tetrahedral angle, 109.47°." if i == 0 else contents.band_note))
    bridges = _most_frequent({f"{k.replace('-', '–')}": c for k, c in contents.named("bridge_angle_").items()})
    if len(bridges) > 1:
        note = "Between two tetrahedra, by the number of bridges that either has."
        cards.append(picture("bridge-angles", "Angles at bridges by Q<sup>n</sup> of either side", figures.plot_angles(bridges, tetrahedral=False), note))
    dihedral = contents.named("dihedral_")
    if dihedral:
        plot = figures.plot_curves(dihedral, others=contents.of_replicas("dihedral_"), x_range=(0.0, 180.0))
        plot.axes[0].set_xlabel("dihedral angle (°)")
        plot.axes[0].set_ylabel("probability (1/°)")
        plot.axes[0].set_ylim(bottom=0.0)
        cards.append(
            picture("dihedral", "Dihedral angles of the network", plot, "0°: eclipsed (cis), 60°: staggered (gauche), 180°: trans. The sign is left out.")
        )
    return grid(cards)


def _most_frequent(curves: Mapping[str, Curve], most: int = 5) -> dict[str, Curve]:
    """The curves behind which there are most angles, in their order."""
    counted = sorted(curves, key=lambda k: -float(str(curves[k].metadata.get("number", 0))))[:most]
    return {k: c for k, c in curves.items() if k in counted}


def _qn(contents: Contents) -> list[str]:
    cards = []
    for name, population in contents.populations.items():
        if not name.startswith("qn_"):
            continue
        species = name.removeprefix("qn_")
        simulated = {int(case): n.value for case, n in population.cases.items()}
        spread = {int(case): n.spread for case, n in population.cases.items() if n.spread is not None}
        measured = {int(case): value for case, value in population.measured.items()}
        against = "stoichiometry" if population.source.startswith("stoichiometry") else "NMR"
        title = f"Q<sup>n</sup> of {escape(species)}" + (f" against {against}" if measured else "")
        nothing = "No measured Q<sup>n</sup> populations of this composition are in the library."
        note = (f"{against}: " if measured and against == "NMR" else "") + escape(population.source) if population.source else nothing
        plot = figures.plot_qn(simulated, measured, spread=spread or None, source=against, element=species)
        cards.append(figure(title, to_svg(plot, f"qn-{escape(species)}", f"Qn populations of {species}"), note))
    return cards


def _coordination(contents: Contents) -> list[str]:
    found = _counted(contents)
    fractions = {pair: {int(case): n.value for case, n in population.cases.items()} for pair, population in found.items()}
    near = {pair: shares for pair, shares in fractions.items() if sum(e in ANIONS for e in pair.split("–")) == 1} or fractions
    return [picture("coordination", "Coordination", figures.plot_coordination(near))] if near else []


def _neighbours(contents: Contents) -> list[str]:
    spreads = {row["quantity"]: value_in(row, "spread") for row in contents.run.table("summary") if row.get("quantity")}
    cells = []
    for pair, population in _counted(contents).items():
        most = sorted(((n.value, int(case)) for case, n in population.cases.items() if n.value > 0.005), reverse=True)[:6]
        shares = ", ".join(f"{case}: {100 * share:.1f} %" for share, case in sorted(most, key=lambda m: m[1]))
        mean = with_spread(population.metadata.get("mean", "–"), spreads.get(f"{pair.replace('–', '-')} coordination"))
        cells.append([escape(pair), number(population.metadata.get("cutoff", ""), 3), mean, shares or "–"])
    note = "Neighbours are counted to the first minimum of the partial g(r), measured in this run."
    headings = ("centre–neighbour", "cutoff (Å)", "mean", "shares")
    return [figure("Neighbours of every pair", table(headings, cells), note, wide=True)] if cells else []


def _counted(contents: Contents) -> dict[str, Population]:
    return {n.removeprefix("coordination_").replace("-", "–"): p for n, p in contents.populations.items() if n.startswith("coordination_")}


def _linkages(contents: Contents) -> list[str]:
    """Oxygens by number of formers, beside stoichiometry, and by what they join."""
    cards, oxygen, joined = [], contents.populations.get("oxygen"), contents.populations.get("linkages")
    if oxygen is not None:
        notes = [f"Outlined: {escape(oxygen.source)}."] if oxygen.measured else []
        if not _edges(contents):
            notes.append("Neighbouring polyhedra share corners only.")
        cards.append(picture("oxygen", "Species of oxygen", figures.plot_population(_foremost(oxygen)), " ".join(notes)))
    if joined is not None and len(joined.cases) > 1:
        cards.append(
            picture("linkages", "What the oxygens join" if oxygen is not None else "What the linkers join", figures.plot_population(_foremost(joined)))
        )
    return cards


def _units(contents: Contents) -> list[str]:
    units = {n.removeprefix("units_"): p for n, p in contents.populations.items() if n.startswith("units_")}
    note = "Q<sup>n</sup>(mX): of n bridges, m lead to an X."
    return [
        picture(f"units-{e}", f"Q<sup>n</sup> of {escape(e)} by what it is linked to", figures.plot_population(_foremost(p)), note) for e, p in units.items()
    ]


def _connectivity(contents: Contents) -> list[str]:
    """Bridges between formers over chance, as a matrix."""
    ratio, share = (contents.populations.get(f"connectivity{what}") for what in ("_ratio", ""))
    if ratio is None or share is None or len(ratio.cases) < 2:
        return []
    note = "Bridges over what chance gives, with their share of all bridges below. Under 1 the two avoid each other, over 1 they seek each other."
    return [picture("connectivity", "Which formers are bridged", plot_connectivity(ratio, share), note)]


def _sharing(contents: Contents) -> list[str]:
    if not _edges(contents):
        return []
    rows = {pair: {case: n.value for case, n in p.cases.items()} for pair, p in _joined(contents).items()}
    return [picture("sharing", "What neighbouring polyhedra share", plot_parts(rows, "share of joined pairs (%)"))]


def _joined(contents: Contents) -> dict[str, Population]:
    return {n.removeprefix("sharing_").replace("-", "–"): p for n, p in contents.populations.items() if n.startswith("sharing_")}


def _edges(contents: Contents) -> bool:
    """Whether any polyhedra share more than a corner."""
    return any(n.value > 0 for p in _joined(contents).values() for case, n in p.cases.items() if case != "corner")


def _clusters(contents: Contents) -> list[str]:
    found = {n.removeprefix("clusters_"): p for n, p in contents.populations.items() if n.startswith("clusters_")}
    if not found:
        return []
    rows = {element: {case: n.value for case, n in p.cases.items()} for element, p in found.items()}
    note = "Modifiers that share a non-bridging anion; by the size of the cluster they are in, or the periodic directions that it spans."
    return [picture("clusters", "Clusters of modifiers", plot_parts(rows, "share of the modifiers (%)"), note)]


def _defects(contents: Contents) -> list[str]:
    found = {case: n for name, p in contents.populations.items() if name.startswith("defects_") for case, n in p.cases.items()}
    if not found:
        return []
    note = "Coordination in the network in brackets, then the shell; shares of the atoms of that element."
    return [picture("defects", "Coordination defects", figures.plot_population(_foremost(Population("", found))), note)]


def _constraints(contents: Contents) -> list[str]:
    population = contents.populations.get("constraints")
    if population is None:
        return []
    rows: dict[str, dict[str, float]] = {}
    for case, n in population.cases.items():
        part, _, how = case.partition(", ")
        rows.setdefault(how.replace("mean field, ", "mean field,\n"), {})[part] = n.value
    plot = plot_parts(rows, "constraints per atom", scale=1.0)
    with style():
        plot.axes[0].axvline(3.0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        plot.axes[0].set_xlim(0.0, max(3.6, *(1.05 * sum(row.values()) for row in rows.values())))
    note = "Dashed: 3, where a network is rigid without stress. Bonds and independent angles by coordination numbers"
    note += (
        ", and those that stay fixed while the atoms move."
        if any(how.startswith("motion") for how in rows)
        else "; to see which of them stay fixed in motion takes ten configurations of a trajectory."
    )
    return [picture("constraints", "Topological constraints", plot, note)]


MOST = 12
"""Cases of a population that are drawn; the rest is in the files."""


def _foremost(population: Population) -> Population:
    return replace(population, cases=dict(list(population.cases.items())[:MOST]))


def plot_parts(rows: Mapping[str, Mapping[str, float]], label: str, scale: float = 100.0) -> Figure:
    """What several wholes are made of: one bar each, its parts named in a legend."""
    cases = [c for c in dict.fromkeys(c for row in rows.values() for c in row) if any(row.get(c, 0.0) >= 0.0005 for row in rows.values())]
    with style():
        found = figures.new_figure((PANEL[0], max(1.7, 0.9 + 0.5 * len(rows))))
        axes = found.add_subplot()
        longest = scale * max(sum(row.values()) for row in rows.values())
        for i, case in enumerate(cases):
            left = [scale * sum(row.get(c, 0.0) for c in cases[:i]) for row in rows.values()]
            width = [scale * row.get(case, 0.0) for row in rows.values()]
            axes.barh(range(len(rows)), width, 0.62, left, color=SERIES[i % len(SERIES)], edgecolor=PAPER, linewidth=0.4, label=case)
            for y, (begin, size) in enumerate(zip(left, width, strict=True)):
                if size > 0.08 * longest:
                    axes.text(begin + size / 2, y, f"{size:.3g}", ha="center", va="center", color="white", fontsize=8)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlim(0, scale)
        axes.set_xlabel(label)
        figures.add_legend(found, axes, 3)
    return found


def plot_connectivity(ratio: Population, share: Population) -> Figure:
    """Bridges between every two formers over chance as a matrix of colours, with both numbers written in."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    formers: Sequence[str] = sorted({e for case in ratio.cases for e in case.split("-")})
    values = np.full((len(formers), len(formers)), np.nan)
    with style():
        found = figures.new_figure((PANEL[0], 0.9 + 0.75 * len(formers)))
        axes = found.add_subplot()
        for case, n in ratio.cases.items():
            i, j = (formers.index(e) for e in case.split("-"))
            values[i, j] = values[j, i] = n.value
        colors = LinearSegmentedColormap.from_list("mixing", [SERIES[1], PAPER, SERIES[0]])
        shown = axes.imshow(np.clip(values, 0.25, 4), cmap=colors, norm=LogNorm(0.25, 4), aspect="auto")
        for case, n in ratio.cases.items():
            i, j = (formers.index(e) for e in case.split("-"))
            for x, y in {(i, j), (j, i)}:
                strong = n.value <= 0.4 or n.value >= 2.5
                text = f"{n.value:.2f}\n{100 * share.cases[case].value:.1f} %"
                axes.text(x, y, text, ha="center", va="center", fontsize=9, color="white" if strong else INK)
        axes.set_xticks(range(len(formers)), formers)
        axes.set_yticks(range(len(formers)), formers)
        axes.grid(visible=False)
        bar = found.colorbar(shown, ax=axes, label="over chance", ticks=[0.25, 0.5, 1, 2, 4], extend="both")
        bar.ax.set_yticklabels(["¼", "½", "1", "2", "4"])
        bar.ax.minorticks_off()
    return found
