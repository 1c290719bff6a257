"""The section on diffraction: measured against simulated, structure factors and their partials, the first sharp diffraction peak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..curve import Curve
from . import figures
from .comparison import comparison_cards
from .contents import Contents, value_in
from .html import figure, grid, picture, table, with_spread
from .palette import INK, MUTED, SERIES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RADIATIONS = {"neutron": "neutron", "xray": "X-ray"}
_BHATIA = {"NN": "number–number", "NC": "number–concentration", "CC": "concentration–concentration"}
_PEAK = "first sharp diffraction peak"


def scattering(contents: Contents) -> str:
    """What a diffraction experiment sees: measured against simulated, then every simulated curve."""
    return grid([*comparison_cards(contents), *_totals(contents), *_first_peaks(contents), *_partials(contents)]) if contents.curves else ""


def _totals(contents: Contents) -> list[str]:
    names = {shown: f"sq_{radiation}" for radiation, shown in _RADIATIONS.items()}
    shown = {k: contents.curves[v] for k, v in names.items() if v in contents.curves}
    if not shown:
        return []
    others = [{k: c[v] for k, v in names.items() if v in c} for c in contents.replica_curves]
    plot = figures.plot_panels(shown, others=others, x_range=(0.0, min(20.0, max(c.x[-1] for c in shown.values()))), level=1.0, height=3.0)
    return [picture("sq", "Structure factor S(Q), Faber-Ziman", plot, contents.band_note, wide=True)]


def _partials(contents: Contents) -> list[str]:
    """Partial structure factors between elements, and of a binary glass those of number and concentration."""
    partials = {figures.pair_label(k): c for k, c in contents.named("sq_partial_").items()}
    cards = []
    if len(partials) > 1:
        others = [{figures.pair_label(k): c for k, c in one.items()} for one in contents.of_replicas("sq_partial_")]
        plot = figures.plot_panels(partials, others=others, x_range=(0.0, 15.0), level=1.0, height=2.2)
        cards.append(picture("sq-partials", "Partial structure factors, Faber-Ziman", plot, contents.band_note, wide=True))
    found = contents.named("sq_bhatia_")
    bhatia = {name: found[k] for k, name in _BHATIA.items() if k in found}
    if bhatia:
        others = [{_BHATIA[k]: c for k, c in one.items() if k in _BHATIA} for one in contents.of_replicas("sq_bhatia_")]
        plot = figures.plot_panels(bhatia, others=others, x_range=(0.0, 15.0), height=2.2)
        note = "Order of places whatever the element, of elements whatever the place, and between the two; they end at 1, 0 and c₁c₂."
        cards.append(picture("sq-bhatia", "Bhatia-Thornton structure factors", plot, note, wide=True))
    return cards


def _first_peaks(contents: Contents) -> list[str]:
    """The fit of the first sharp diffraction peak of either radiation, and its numbers."""
    panels = {shown: _panel(contents.curves, radiation) for radiation, shown in _RADIATIONS.items() if f"fsdp_{radiation}" in contents.curves}
    if not panels:
        return []
    note = "Dots: direct sum over the reciprocal lattice of the box, bins of 0.1 Å⁻¹. Dashed: split Lorentzian on a straight background."
    cards = [picture("fsdp", "First sharp diffraction peak", plot_first_peaks(panels), note, wide=True)]
    rows = {row["quantity"]: row for row in contents.run.table("summary") if row.get("quantity")}
    quantities = [name.removeprefix(f"{_PEAK}, ") for name in rows if name.startswith(f"{_PEAK}, ")]
    cells = []
    for quantity in quantities:
        found = {radiation: rows.get(f"{prefix}{_PEAK}, {quantity}", {}) for radiation, prefix in (("neutron", ""), ("xray", "X-ray "))}
        shown = [_value(contents.curves.get(f"fsdp_{radiation}"), quantity, row) for radiation, row in found.items() if _RADIATIONS[radiation] in panels]
        cells.append([quantity, *shown, figures.pretty_unit(found["neutron"].get("unit") or "")])
    if cells:
        meaning = "Height: S(Q) at the top. Coherence length: 2π / full width. Repeat distance: 2π / position. Asymmetry: positive with the tail at high Q. "
        meaning += "±: spread over configurations, or, where there is one only, uncertainty of the fit."
        cards.append(figure("First sharp diffraction peak in numbers", table(("quantity", *panels, "unit"), cells), meaning, wide=True))
    return cards


def _value(fit: Curve | None, quantity: str, row: Mapping[str, str]) -> str:
    """A number of the summary with its spread, or else with the uncertainty that the fit gave it."""
    value, spread = value_in(row, "simulated"), value_in(row, "spread")
    if value is None or fit is None:
        return "–"
    fitted = fit.metadata.get("uncertainties")
    return with_spread(value, spread or value_in(fitted if isinstance(fitted, Mapping) else {}, quantity))


def _panel(curves: Mapping[str, Curve], radiation: str) -> dict[str, Curve]:
    names = {"S(Q)": f"sq_{radiation}", "direct": f"sq_{radiation}_direct", "fit": f"fsdp_{radiation}", "background": f"fsdp_{radiation}_background"}
    return {role: curves[name] for role, name in names.items() if name in curves}


def plot_first_peaks(panels: Mapping[str, Mapping[str, Curve]]) -> Figure:
    """S(Q) at low Q with the fit of its first peak, a panel for each radiation.

    Parameters
    ----------
    panels
        Radiation → ``S(Q)``, ``fit``, ``background`` and, where there is one, ``direct``.
    """
    with style():
        drawn = figures.new_figure((WIDE[0], 3.4))
        for axes, (i, (radiation, curves)) in zip(drawn.subplots(1, len(panels), squeeze=False).flat, enumerate(panels.items()), strict=True):
            fit = curves["fit"]
            reach = 1.35 * float(fit.x[-1])
            if "direct" in curves:
                axes.plot(curves["direct"].x, curves["direct"].y, "o", color=MUTED, markersize=2.6, markeredgewidth=0, label="direct sum")
            if "S(Q)" in curves:
                figures.draw(axes, curves["S(Q)"], SERIES[i], "S(Q) by transform")
            axes.plot(fit.x, fit.y, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label="fit")
            if "background" in curves:
                axes.plot(curves["background"].x, curves["background"].y, color=INK, linewidth=0.8, linestyle=(0, (1, 2)), label="background")
            figures.label_axes(axes, fit)
            axes.set_xlim(0, reach)
            highest = [float(np.max(c.y[c.x <= reach], initial=0.0)) for c in curves.values()]
            axes.set_ylim(min(0.0, *(float(c.y.min()) for c in (fit, curves.get("background", fit)))), 1.08 * max(highest))
            axes.text(0.02, 0.96, radiation, transform=axes.transAxes, ha="left", va="top", color=SERIES[i], fontweight="bold")
            if i == 0:
                figures.add_legend(drawn, axes)
    return drawn
