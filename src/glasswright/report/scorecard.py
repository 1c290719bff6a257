"""The page of a scorecard: several glasses side by side, each in a colour of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.findings import Findings, Population
from ..analysis.pairs.cutoffs import ANIONS
from ..analysis.store import read_findings
from ..curve import Curve
from ..io.run import Run
from . import figures
from .contents import value_in
from .html import figure, grid, listing, number, picture, prose, table, with_spread
from .page import Part, page
from .palette import INK, MEASURED, MUTED, PANEL, SERIES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCORECARD = "scorecard"
"""Kind of run directory."""
_LOW = ("R_chi", "U")
"""Rows in which the lowest value is set bold."""
_GROUPS = {
    "data": "Agreement with the data",
    "energy": "Energy",
    "coordination": "Coordination",
    "angles": "Angles",
    "network": "Network",
    "rings": "Rings",
    "distances": "Distances",
    "cost": "Cost",
}
_REACH = {"Q": (0.0, 20.0), "r": (1.0, 8.0)}
SIZES = 0.01
"""Rings per node below which a size is not drawn."""


class Glasses:
    """Several glasses, each with what an analysis found and a colour of its own."""

    def __init__(self, glasses: Mapping[str, Findings]) -> None:
        self.glasses = glasses
        self.colours = {name: SERIES[i % len(SERIES)] for i, name in enumerate(glasses)}

    def curves(self, prefix: str) -> dict[str, dict[str, Curve]]:
        """Rest of the name → glass → curve."""
        names = dict.fromkeys(n.removeprefix(prefix) for f in self.glasses.values() for n in f.curves if n.startswith(prefix))
        return {rest: {glass: f.curves[prefix + rest] for glass, f in self.glasses.items() if prefix + rest in f.curves} for rest in names}

    def populations(self, prefix: str) -> dict[str, dict[str, Population]]:
        """Rest of the name → glass → population."""
        names = dict.fromkeys(n.removeprefix(prefix) for f in self.glasses.values() for n in f.populations if n.startswith(prefix))
        return {rest: {glass: f.populations[prefix + rest] for glass, f in self.glasses.items() if prefix + rest in f.populations} for rest in names}


class Compared(Glasses):
    """A scorecard's directory, read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.rows: Sequence[Mapping[str, str]] = run.table("scorecard")
        super().__init__({str(g["name"]): read_findings(run.path / str(g["folder"])) for g in run.settings["glasses"]})

    def row(self, quantity: str) -> dict[str, tuple[float, float | None]]:
        """Glass → value and spread."""
        found = next((row for row in self.rows if row["quantity"] == quantity), {})
        return {name: (value, value_in(found, f"{name} spread")) for name in self.glasses if (value := value_in(found, name)) is not None}


def scores(compared: Compared) -> str:
    """The table, and residual against energy."""
    names = list(compared.glasses)
    made = {str(g["name"]): str(g["what"]) for g in compared.run.settings["glasses"]}
    headings = ["", *(f"{escape(name)}<br><small>{escape(made[name])}</small>" for name in names), "unit"]
    cells: list[list[str]] = []
    group = ""
    for row in compared.rows:
        if row["group"] != group:
            group = row["group"]
            cells.append([f"<b>{_GROUPS.get(group, escape(group))}</b>", *[""] * (len(names) + 1)])
        values = {name: value for name in names if (value := value_in(row, name)) is not None}
        best = min(values.values()) if len(values) > 1 and row["quantity"].startswith(_LOW) else None
        shown = [_cell(values.get(name), value_in(row, f"{name} spread"), best) for name in names]
        cells.append([prose(row["quantity"]), *shown, escape(figures.pretty_unit(row["unit"]))])
    note = "One configuration of each replica, ± the sample standard deviation over replicas; the same cutoffs for all. R<sub>χ</sub> with what was fitted. "
    note += "Minimised: at the next minimum of the energy in the same cell. Bold: the lowest."
    cards = [figure("", table(headings, cells), note, wide=True)]
    joint = "R_chi, all data" if compared.row("R_chi, all data") else next((r["quantity"] for r in compared.rows if r["group"] == "data"), "")
    if compared.row("U") and compared.row(joint):
        caption = "Filled: as the structure stands; open: after its energy was minimised. Lower left is better in both."
        cards.append(picture("trade", "Residual against energy", plot_scores(compared, joint), caption, wide=True))
    return grid(cards)


def _cell(value: float | None, spread: float | None, best: float | None) -> str:
    if value is None:
        return "–"
    text = with_spread(value, spread) if spread else number(value, 5 if abs(value) >= 10 else 4)
    return f"<b>{text}</b>" if value == best else text


def plot_scores(compared: Compared, joint: str) -> Figure:
    """Energy against residual, glass by glass, before and after minimisation."""
    with style():
        found = figures.new_figure((WIDE[0], 3.9))
        axes = found.add_subplot()
        before = compared.row(joint), compared.row("U")
        after = compared.row(f"{joint}, minimised"), compared.row("U, minimised")
        energies = [value for _, row in (before, after) for value, _ in row.values()]
        lowest, highest = min(energies), max(energies)
        for name, colour in compared.colours.items():
            places = [(r[name], u[name]) for r, u in (before, after) if name in r and name in u]
            if len(places) == 2:
                axes.annotate(
                    "",
                    _at(places[1], lowest),
                    _at(places[0], lowest),
                    arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 0.9, "shrinkA": 5, "shrinkB": 5},
                )
            for k, (r, u) in enumerate(places):
                dot: Any = {"markersize": 7, "color": colour, "markerfacecolor": "none" if k else colour, "label": None if k else name}
                axes.errorbar(r[0], u[0] - lowest, u[1] or None, r[1] or None, "o", **dot)
        axes.set_xlabel(joint.replace("R_chi", "$R_\\chi$"))
        axes.set_ylabel(f"U above {lowest:.4g} (eV/atom)".replace("-", "−"))
        axes.set_yscale("symlog", linthresh=0.1)  # random atoms lie eV above, glasses meV apart
        axes.set_ylim(-0.012, 1.6 * (highest - lowest) + 0.02)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlim(left=0)
        figures.add_legend(found, axes)
    return found


def _at(place: tuple[tuple[float, float | None], tuple[float, float | None]], lowest: float) -> tuple[float, float]:
    return place[0][0], place[1][0] - lowest


def diffraction(compared: Compared) -> str:
    """Every data set with the curve of every glass, and what is left."""
    cards = []
    for name, curves in compared.curves("fitted_").items():
        measured = next(iter(compared.curves("measured_").get(name, {}).values()), None)
        if measured is not None:
            title = f"{escape(str(measured.metadata.get('title') or measured.kind))}"
            note = "Curves with what was fitted; below, measured minus simulated."
            cards.append(picture(f"data-{name}", title, plot_data(measured, curves, compared.colours), note, wide=True))
    return grid(cards)


def plot_data(measured: Curve, curves: Mapping[str, Curve], colours: Mapping[str, str]) -> Figure:
    """Measured points with the simulated lines of several glasses, and their differences below."""
    low, high = _REACH["Q" if "Q" in measured.kind else "r"]
    high = min(high, *(float(c.x[-1]) for c in (measured, *curves.values())))
    shown = (measured.x >= low) & (measured.x <= high)
    with style():
        found = figures.new_figure((WIDE[0], 4.2))
        above, below = found.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        above.plot(measured.x[shown], measured.y[shown], "o", color=MEASURED, markersize=2.3, markeredgewidth=0, label="measured")
        below.axhline(0, color=MUTED, linewidth=0.7)
        for name, curve in curves.items():
            above.plot(curve.x, curve.y, color=colours[name], linewidth=1.2, label=name)
            inside = shown & (measured.x >= curve.x[0]) & (measured.x <= curve.x[-1])
            x = measured.x[inside]
            below.plot(x, measured.y[inside] - np.interp(x, curve.x, curve.y), color=colours[name], linewidth=0.9)
        figures.label_axes(above, measured)
        figures.label_axes(below, measured)
        above.set_xlabel("")
        below.set_ylabel("difference")
        above.set_xlim(low, high)
        figures.add_legend(found, above)
        found.align_ylabels()
    return found


def structure(compared: Glasses, key: str = "") -> str:
    """g(r), angles, coordination, Qn and rings, glass over glass; ``key`` keeps the pictures apart from others in the page."""
    cards = []
    rdf = {figures.pair_label(k): c for k, c in compared.curves("rdf_").items() if not k.startswith("total")}
    if rdf:
        cards.append(picture(f"{key}rdf", "Partial g(r)", plot_overlaid(rdf, compared.colours, (1.0, 8.0), 1.0), wide=True))
    angles = {k.replace("-", "–"): c for k, c in compared.curves("angle_").items() if _of_network(k, compared)}
    if angles:
        cards.append(picture(f"{key}angles", "Bond angles", plot_overlaid(angles, compared.colours, (40.0, 180.0), None), wide=True))
    for prefix, heading in (("qn_", "Q<sup>n</sup> of"), ("coordination_", "Neighbours"), ("rings_", "Rings,")):
        for name, populations in compared.populations(prefix).items():
            if prefix != "coordination_" or _of_bond(name):
                title = f"{heading} {escape(name.replace('-', '–') if prefix != 'rings_' else name.capitalize())}"
                cards.append(picture(f"{key}{prefix}{name}", title, plot_grouped(populations, compared.colours)))
    return grid(cards)


def _of_bond(name: str) -> bool:
    """Whether a coordination is that of a cation by an anion."""
    centre, _, neighbour = name.partition("-")
    return centre not in ANIONS and neighbour in ANIONS


def _of_network(name: str, compared: Glasses) -> bool:
    """Whether an angle is one of network formers and anions."""
    formers = set(compared.populations("qn_"))
    return not formers or set(name.split("-")) <= formers | ANIONS


def plot_overlaid(panels: Mapping[str, Mapping[str, Curve]], colours: Mapping[str, str], x_range: tuple[float, float], level: float | None) -> Figure:
    """A panel for each kind of curve with a line for each glass."""
    columns = 3 if len(panels) % 3 == 0 or len(panels) > 4 else min(2, len(panels))
    rows = -(-len(panels) // columns)
    with style():
        found = figures.new_figure((WIDE[0], 0.45 + 2.3 * rows))
        places = found.subplots(rows, columns, squeeze=False)
        for axes, (label, curves) in zip(places.flat, panels.items(), strict=False):
            if level is not None:
                axes.axhline(level, color=MUTED, linewidth=0.7)
            for name, curve in curves.items():
                figures.draw(axes, curve, colours[name], name, linewidth=1.1)
            figures.label_axes(axes, next(iter(curves.values())))
            axes.text(0.985, 0.94, label, transform=axes.transAxes, ha="right", va="top", color=INK, fontweight="bold")
            axes.set_xlim(*x_range)
        for axes in places.flat[len(panels) :]:
            axes.set_visible(False)
        figures.add_legend(found, places.flat[0])
    return found


def plot_grouped(populations: Mapping[str, Population], colours: Mapping[str, str]) -> Figure:
    """Bars of the same cases side by side, a colour for each glass."""
    least = SIZES * max((n.value for p in populations.values() for n in p.cases.values()), default=1.0)
    cases = list(dict.fromkeys(c for p in populations.values() for c, n in p.cases.items() if n.value > least))
    if all(c.isdigit() for c in cases):
        cases.sort(key=int)
    first = next(iter(populations.values()))
    with style():
        found = figures.new_figure(PANEL)
        axes: Axes = found.add_subplot()
        width = 0.84 / len(populations)
        for k, (name, population) in enumerate(populations.items()):
            numbers = [population.cases.get(case) for case in cases]
            spreads: Any = [n.spread if n and n.spread else np.nan for n in numbers]
            at = np.arange(len(cases)) + (k - (len(populations) - 1) / 2) * width
            axes.bar(at, [n.value if n else 0.0 for n in numbers], width, color=colours[name], label=name, yerr=spreads, ecolor=MUTED, capsize=1.5)
        axes.set_xticks(range(len(cases)), cases)
        axes.grid(axis="x", visible=False)
        axes.set_xlabel(first.axis)
        axes.set_ylabel(first.what)
        figures.add_legend(found, axes, 3)
    return found


_SECTIONS = (("scores", "Scorecard", scores), ("diffraction", "Diffraction", diffraction), ("structure", "Structure", structure))


def scorecard(run: Run) -> str:
    """The page as text."""
    compared = Compared(run)
    settings, glasses = run.settings["settings"], run.settings["glasses"]
    parts = [Part(anchor, heading, content) for anchor, heading, make in _SECTIONS if (content := make(compared))]
    energy = f"energies by {escape(str(settings['forcefield']))}" if settings.get("forcefield") else "without energies"
    data = f"data: {escape(', '.join(settings.get('data', ())) or 'none')}"
    warned = f'<div class="banner warned">{listing([prose(w) for w in run.warnings])}</div>' if run.warnings else ""
    top = f'<p class="subtitle">{len(glasses)} glasses · {energy} · {data}</p>{warned}'
    return page(f"{settings['composition']}: scorecard", top, parts, "", str(run.settings.get("versions", {}).get("glasswright", "")))
