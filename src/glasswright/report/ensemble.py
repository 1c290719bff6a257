"""The section on what data fix and what they leave open: the spread over replicas of a refinement."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.findings import Population
from . import figures
from .contents import Contents, value_in
from .html import figure, grid, number, picture, prose, table, with_spread
from .palette import MUTED, SERIES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STRUCTURAL = ("pairs", "network", "rings", "order")
"""Groups of the analysis whose numbers are listed."""
_LEFT_OUT = ("density", "directions", "largest")
"""Numbers that do not measure structure in degrees."""


def ensemble(contents: Contents) -> str:
    """How far replicas differ in what the data see and in what they do not."""
    found = {name.removeprefix("spread_"): p for name, p in contents.populations.items() if name.startswith("spread_")}
    if "partials" not in found:
        return ""
    note = escape(str(found["partials"].metadata.get("sentence", "")))
    note += " A total that varies less than independent partials would is held by the data, which then fix a sum and not its parts."
    return grid([picture("spreads", "Spread over replicas that agree with the data alike", plot_spreads(found), note, wide=True), *_numbers(contents)])


def _numbers(contents: Contents) -> list[str]:
    """Angles, coordination, rings..., from those in which the replicas agree to those in which they do not."""
    rows = []
    for row in contents.run.table("summary"):
        value, spread = value_in(row, "simulated"), value_in(row, "spread")
        if value and spread is not None and row.get("group") in _STRUCTURAL and not row["quantity"].startswith(_LEFT_OUT):
            rows.append((spread / abs(value), row["quantity"], with_spread(value, spread), row.get("unit") or ""))
    cells = [[prose(name), shown, escape(figures.pretty_unit(unit)), f"{number(100 * share, 2)} %"] for share, name, shown, unit in sorted(rows)]
    if not cells:
        return []
    note = "Mean over replicas ± their sample standard deviation, and that over the mean. What stands at the end the data leave to the method."
    return [figure("From what is fixed to what is open", table(("quantity", "value", "unit", "spread"), cells), note, wide=True)]


def plot_spreads(found: Mapping[str, Population]) -> Figure:
    """Totals beside what independent partials would give, partials beside what counting alone gives, in percent of the structure."""
    panels = [
        ("data", "data_independent", "were the partials independent", "spread of simulated curves (%)"),
        ("partials", "partials_counting", "counting alone", "spread of partial g(r) (%)"),
    ]
    shown = [panel for panel in panels if panel[0] in found and found[panel[0]].cases]
    with style():
        drawn = figures.new_figure((WIDE[0], 3.0))
        for axes, (name, other, label, axis) in zip(drawn.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
            cases = list(found[name].cases)
            at = np.arange(len(cases))
            axes.bar(at - 0.19, [100 * found[name].cases[c].value for c in cases], 0.38, color=SERIES[0], label="over replicas")
            axes.bar(at + 0.19, [100 * found[other].cases[c].value for c in cases], 0.38, color="none", edgecolor=MUTED, linewidth=1.1, label=label)
            axes.set_xticks(at, [figures.pair_label(c) if name == "partials" else c for c in cases])
            axes.grid(axis="x", visible=False)
            axes.set_ylabel(axis)
            axes.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
    return drawn
