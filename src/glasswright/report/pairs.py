"""The section on distances: g(r), running coordination, first peaks, T(r), aligned bonds."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.findings import Map
from ..analysis.pairs.cutoffs import ANIONS
from ..curve import Curve
from . import figures
from .contents import Contents, value_in
from .html import figure, grid, picture, table, with_spread
from .palette import MEASURED, MUTED, SERIES, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH = 10.0
"""Curves in r are drawn up to here [Å], running coordination and first peaks up to ``NEAR``."""
NEAR = 4.5
MOST_NEIGHBOURS = 16.0
"""Upper end of the axis of running coordination."""


def pairs(contents: Contents) -> str:
    """Everything about pairs of atoms."""
    return grid([*_partials(contents), *_totals(contents), *_running(contents), *_shapes(contents), *_peaks(contents), *_aligned(contents)])


def _partials(contents: Contents) -> list[str]:
    found = _named(contents.named("rdf_"))
    if not found:
        return []
    others = [_named(one) for one in contents.of_replicas("rdf_")]
    plot = figures.plot_panels(found, others=others, x_range=(1.0, _end(found)), level=1.0, height=2.2)
    return [picture("rdf", "Partial pair distribution functions g(r)", plot, contents.band_note, wide=True)]


def _totals(contents: Contents) -> list[str]:
    cards = []
    for prefix, title, level in (("rdf_total_", "Total g(r)", 1.0), ("t_of_r_", "Total correlation function T(r)", None)):
        found = _by_radiation(contents.named(prefix))
        if found:
            others = [_by_radiation(one) for one in contents.of_replicas(prefix)]
            plot = figures.plot_curves(found, others=others, x_range=(1.0, _end(found)), level=level)
            cards.append(picture(prefix.strip("_"), title, plot, contents.band_note))
    return cards


def _running(contents: Contents) -> list[str]:
    """Neighbours closer than r, for the pairs that bond first."""
    found = {name.replace("-", "–"): curve for name, curve in contents.named("n_of_r_").items()}
    bonds = {name: c for name, c in found.items() if sum(e in ANIONS for e in name.split("–")) == 1} or found
    if not bonds:
        return []
    note = "Neighbours of the first element that are of the second, closer than r. Dots: at the cutoff, the first minimum of g(r). A plateau is a closed shell."
    return [picture("running", "Running coordination number n(r)", plot_running(bonds, contents.cutoffs()), note)]


def plot_running(curves: Mapping[str, Curve], cutoffs: Mapping[tuple[str, str], float]) -> Figure:
    """Running coordination numbers ``"Si–O"`` → n(r), marked at the cutoffs of (centre, neighbour) [Å]."""
    near = {name: _upto(c, NEAR) for name, c in curves.items()}
    plot = figures.plot_curves(near, x_range=(1.0, NEAR))
    with style():
        axes = plot.axes[0]
        for i, (name, curve) in enumerate(near.items()):
            centre, _, neighbour = name.partition("–")
            cutoff = cutoffs.get((centre, neighbour))
            if cutoff is not None:
                axes.plot(cutoff, np.interp(cutoff, curve.x, curve.y), "o", color=SERIES[i % len(SERIES)], markersize=4)
        axes.set_ylim(0, min(MOST_NEIGHBOURS, 1.05 * max(float(c.y[-1]) for c in near.values())))
        axes.set_ylabel("neighbours closer than r")
    return plot


def _shapes(contents: Contents) -> list[str]:
    found = {name: c for name, c in contents.named("first_peak_").items() if not name.startswith("fit_")}
    if not found:
        return []
    plot = plot_peaks({n.replace("-", "–"): c for n, c in found.items()}, {n.replace("-", "–"): c for n, c in contents.named("first_peak_fit_").items()})
    return [picture("first-peaks", "First peaks and their Gaussians", plot, "Neighbours at r, per Å: the area is their number. Dashed: the fit, one Gaussian.")]


def plot_peaks(curves: Mapping[str, Curve], fits: Mapping[str, Curve]) -> Figure:
    """Radial distributions over first peaks, ``"Si–O"`` → r·t(r), with their fits."""
    end = max(float(c.x[-1]) for c in curves.values())
    plot = figures.plot_curves(curves, x_range=(min(float(c.x[0]) for c in curves.values()), end))
    with style():
        axes = plot.axes[0]
        for fit in fits.values():
            axes.plot(fit.x, fit.y, color=MEASURED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set_ylabel("neighbours per Å (Å⁻¹)")
        axes.set_ylim(bottom=0)
    return plot


def _peaks(contents: Contents) -> list[str]:
    """Numbers of the first shells, and of the same fit in measured and simulated correlation functions."""
    rows = {row["quantity"]: row for row in contents.run.table("summary") if row.get("quantity")}
    cells = []
    for name in [q.removesuffix(" first peak, width") for q in rows if q.endswith(" first peak, width")]:
        turned = "-".join(reversed(name.split("-")))
        places = [rows.get(f"{name} distance{end}") or rows.get(f"{turned} distance{end}", {}) for end in ("", ", mean")]
        fitted = [rows.get(f"{name} first peak, {what}", {}) for what in ("neighbours", "width")]
        counted = rows.get(f"{name} coordination", {})
        cells.append([escape(name.replace("-", "–")), *(_value(r) for r in (counted, *places, *fitted))])
    headings = ("centre–neighbour", "neighbours, counted", "maximum of g(r) (Å)", "mean distance (Å)", "neighbours, fitted", "width σ (Å)")
    note = "Fitted: one Gaussian in r·g(r), up to the cutoff; a skewed peak holds a little more than its Gaussian."
    cards = [figure("First shells", table(headings, cells), note, wide=True)] if cells else []
    return [*cards, *_seen(rows)]


def _seen(rows: Mapping[str, Mapping[str, str]]) -> list[str]:
    """First peaks by one fit in a measured curve and in the simulated one as the instrument would have seen it."""
    cells = []
    for quantity in rows:
        head, middle, label = quantity.removesuffix(", position").partition(" first peak, ")
        if not (middle and quantity.endswith(", position")):
            continue
        both = [rows.get(f"{head} first peak, {label}, {what}", {}) for what in ("neighbours", "position", "width")]
        shown = [escape(head.replace("-", "–")), escape(label)]
        cells.append([*shown, "measured", *(with_spread(r.get("measured", "–"), _half(r)) for r in both)])
        cells.append([*shown, "simulated", *(_value(r) for r in both)])
    headings = ("bond", "curve", "", "neighbours", "position (Å)", "width σ (Å)")
    note = "One Gaussian in r·T(r), seen through the same end of the Q range and the same window; ± standard error of the fit."
    return [figure("First peaks as the instrument sees them", table(headings, cells), note, wide=True)] if cells else []


def _aligned(contents: Contents) -> list[str]:
    cards = []
    for name, found in contents.maps.items():
        if name.startswith("altbc_"):
            note = "Bonds that make more than 155° at the atom. Two maxima off the diagonal: a short bond stands opposite a long one (Peierls distortion)."
            plot = figures.plot_map(found, size=(5.4, 4.3))
            with style():
                _frame(plot.axes[0], found)
            cards.append(picture(name, escape(found.title), plot, note))
    return cards


def _frame(axes: Axes, found: Map) -> None:
    """The lengths that occur, and the line where both bonds are equal."""
    axes.axline((0, 0), slope=1, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    shortest = max(0.0, float(found.x[np.argmax(found.values.any(axis=1))]) - 0.3)
    axes.set_xlim(shortest, found.x[-1])
    axes.set_ylim(shortest, found.y[-1])


def _value(row: Mapping[str, str]) -> str:
    return with_spread(row["simulated"], value_in(row, "spread")) if row.get("simulated") else "–"


def _half(row: Mapping[str, str]) -> float | None:
    """Half the range of a measured value: its error."""
    low, high = value_in(row, "measured_low"), value_in(row, "measured_high")
    return None if low is None or high is None else 0.5 * (high - low)


def _named(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """Keyed as the field writes them, anion last."""
    return {"–".join(sorted(k.split("-"), key=lambda e: (e in ANIONS, e))): c for k, c in curves.items() if not k.startswith("total_")}


def _by_radiation(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    return {k.replace("xray", "X-ray"): c for k, c in curves.items()}


def _end(curves: Mapping[str, Curve]) -> float:
    return min(REACH, max(float(c.x[-1]) for c in curves.values()))


def _upto(curve: Curve, r: float) -> Curve:
    kept = curve.x <= r
    sigma = None if curve.sigma is None else curve.sigma[kept]
    return Curve(curve.x[kept], curve.y[kept], sigma, curve.kind, curve.x_unit, curve.y_unit, curve.label, curve.metadata)
