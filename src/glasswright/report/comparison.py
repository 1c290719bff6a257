"""A model beside a measured curve: measured points, simulated line, and their difference in a panel below."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..curve import Curve
from ..errors import InputError
from ..result import Score
from . import figures
from .contents import Contents, known_curves
from .html import absent, number, picture
from .palette import MEASURED, MUTED, SERIES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTHING = "nothing fitted"
"""The policy of a comparison in which nothing was."""
_AGAIN = "Then type <code>glasswright analyze {path}</code> and <code>glasswright report {path}</code>."
_SHOWN = {"Q": (0.0, 25.0), "r": (1.0, 8.0)}
"""What of a measured curve is drawn in a report: beyond, there is little to see."""


def plot_comparison(
    simulated: Curve,
    measured: Curve,
    *,
    fitted: Curve | None = None,
    before: Curve | None = None,
    x_range: tuple[float, float] | None = None,
    size: tuple[float, float] = WIDE,
) -> Figure:
    """A measured curve (points), the simulated one as the instrument would have seen it (line), and measured minus simulated below.

    Parameters
    ----------
    fitted
        The simulated curve with fitted scale, background and resolution; its difference is drawn too.
    before
        The simulated curve before it was refined, drawn behind.
    """
    low, high = x_range or (max(simulated.x[0], measured.x[0]), min(simulated.x[-1], measured.x[-1]))
    drawn = "simulated" if before is None else "refined"
    lines = {drawn: (simulated, SERIES[0])} | ({"fitted": (fitted, SERIES[1])} if fitted is not None else {})
    with style():
        figure = figures.new_figure(size)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        above.axhline(0.0, color=MUTED, linewidth=0.7)
        below.axhline(0.0, color=MUTED, linewidth=0.7)
        if before is not None:
            above.plot(before.x, before.y, color=SERIES[4], linewidth=1.0, label="before")
        _draw_measured(above, measured, low, high)
        _draw_uncertainty(below, measured, low, high)
        for name, (curve, color) in lines.items():
            options = {"linewidth": 1.6} if name == drawn else {"linewidth": 1.1, "linestyle": (0, (5, 2))}
            figures.draw(above, curve, color, name, **options)
            inside = (measured.x >= max(low, curve.x[0])) & (measured.x <= min(high, curve.x[-1]))
            x = measured.x[inside]
            below.plot(x, measured.y[inside] - np.interp(x, curve.x, curve.y), color=color, linewidth=1.0)
        figures.label_axes(above, measured)
        figures.label_axes(below, measured)
        above.set_xlabel("")
        below.set_ylabel(f"measured –\n{drawn}")
        above.set_xlim(low, high)
        _frame(above, measured, simulated, low, high)
        _same_scale(above, below)
        figure.align_ylabels()
        figures.add_legend(figure, above)
    return figure


def plot_score(score: Score, size: tuple[float, float] = WIDE) -> Figure:
    """The picture of a comparison, over the compared range, with its residuals as a title."""
    curves = score.curves
    same = score.policy == NOTHING
    figure = plot_comparison(curves["simulated"], curves["measured"], fitted=None if same else curves["fitted"], size=size)
    with style():
        figure.axes[0].set_title(caption(score), loc="right", fontsize=8.5, color=MUTED)
    return figure


def caption(score: Score) -> str:
    """Residuals of a score in one line."""
    text = f"$R_\\chi$ = {score.r_chi:.3f}{_error(score.r_chi_error)} raw"
    if score.policy != NOTHING:
        text += f", {score.r_chi_scaled:.3f}{_error(score.r_chi_scaled_error)} fitted (factor {score.scale:.3f}{_error(score.scale_error)})"
    return text


def comparison_cards(contents: Contents) -> list[str]:
    """Every measured curve of this glass beside the simulated one, and the places of those that are not here."""
    cards = []
    for name, measured in contents.measured():
        simulated = contents.curves.get(f"compared_{name}")
        if simulated is None:
            continue
        before, after = contents.curves.get(f"start_{name}"), contents.curves.get(f"fitted_{name}", simulated)
        low, high = _SHOWN["Q" if measured.kind.endswith(("(Q)", "(Q)-1", "(Q)-1]")) else "r"]
        plot = plot_comparison(after, measured, before=before, x_range=(low, min(high, measured.x[-1], simulated.x[-1])))
        title = f"{escape(title_of(name, measured))}: {'before, refined' if before is not None else 'simulated'} and measured"
        note = residual_note({**measured.metadata, **simulated.metadata})
        if before is not None:
            note = f"R<sub>χ</sub> before: {number(before.metadata.get('r_chi'), 3)}; after, {note.removeprefix('<b>').replace('</b>', '', 1)}"
        cards.append(picture(f"compare-{name}", title, plot, note, wide=True))
    return [*cards, *_absent(contents)]


def title_of(name: str, measured: Curve) -> str:
    """Kind, radiation and isotopes of a measured curve."""
    said = measured.metadata.get("title")
    return str(said) if said else f"{measured.kind}, {' with '.join(filter(None, (radiation_of(name), ' '.join(name.split('_')[4:]))))}"


def radiation_of(name: str) -> str:
    """Radiation of a curve by its file name."""
    return "X-ray" if "xray" in name else "neutron"


def residual_note(found: Mapping[str, object]) -> str:
    """What the two curves disagree by, under which policy, and who measured."""
    parts = []
    if found.get("r_chi") is not None:
        over = f" over {escape(figures.pretty_unit(str(found['compared'])))}" if found.get("compared") else ""
        parts.append(f"<b>R<sub>χ</sub> = {number(found['r_chi'], 3)}</b>{over}")
    if found.get("r_chi_scaled") is not None and found.get("policy") != NOTHING:
        parts.append(f"{number(found['r_chi_scaled'], 3)} with a fitted scale of {number(found.get('scale'), 3)}")
    if found.get("resolution") not in (None, "none", ""):
        parts.append(f"both with a resolution of {escape(figures.pretty_unit(str(found['resolution'])))}")
    if found.get("window") not in (None, "none", ""):
        parts.append(f"both with a {escape(str(found['window']).capitalize())} window")
    if found.get("source"):
        parts.append(f"measured: {escape(str(found['source']))}")
    warnings = found.get("warnings")
    parts += [escape(str(w).rstrip(".")) for w in warnings] if isinstance(warnings, list | tuple) else []
    return "; ".join(parts)


def _absent(contents: Contents) -> list[str]:
    """The measured curves of this glass that are not here, and how to supply them."""
    shown = contents.named("measured_")
    refined = {(c.kind, c.metadata.get("radiation")) for c in shown.values() if c.metadata.get("refined")}
    cards = []
    for entry in known_curves(contents):
        radiation = radiation_of(entry.radiation)
        if (entry.kind, entry.radiation) in refined:
            continue
        if "_".join((entry.kind.lower().replace("(", "_of_").replace(")", ""), entry.radiation, *entry.isotopes.values())) in shown:
            continue
        try:
            why = "The curve is here, but the box is too small to be compared with it." if entry.load() is not None else escape(entry.where_to_get_it())
        except InputError as error:
            why = escape(str(error))
        again = _AGAIN.format(path=escape(str(contents.run.path)))
        cards.append(absent(f"{escape(entry.kind)}, {radiation}: the measured curve would be drawn here", f"{why} {again}"))
    if not shown and not cards:
        title = "No measured diffraction curve of this glass is known to the library"
        how = f"<code>glasswright compare {escape(str(contents.run.path))} DATA</code>"
        cards.append(absent(title, f"With one of your own, {how} gives residuals, curves and a picture."))
    return cards


def _error(value: float | None) -> str:
    return f" ± {value:.3f}" if value else ""


def _draw_measured(axes: Axes, curve: Curve, low: float, high: float, points: int = 450) -> None:
    """Ink points, thinned to what the eye can tell apart, on a faint line through all of them."""
    inside = (curve.x >= low) & (curve.x <= high)
    x, y = curve.x[inside], curve.y[inside]
    every = max(1, len(x) // points)
    axes.plot(x, y, color=MEASURED, alpha=0.35, linewidth=0.8)
    axes.plot(x[::every], y[::every], "o", color=MEASURED, markersize=2.3, markeredgewidth=0, label="measured")
    if curve.sigma is not None and np.isfinite(curve.sigma).all():
        axes.fill_between(x, y - curve.sigma[inside], y + curve.sigma[inside], color=MEASURED, alpha=0.15, linewidth=0)


def _draw_uncertainty(axes: Axes, curve: Curve, low: float, high: float) -> None:
    """The band in which differences are no more than the stated uncertainty of the data."""
    if curve.sigma is not None and np.isfinite(curve.sigma).all():
        inside = (curve.x >= low) & (curve.x <= high)
        axes.fill_between(curve.x[inside], -curve.sigma[inside], curve.sigma[inside], color=MEASURED, alpha=0.15, linewidth=0)


def _frame(axes: Axes, measured: Curve, simulated: Curve, low: float, high: float) -> None:
    """Fit the panel to what is inside the shown range."""
    shown = [c.y[(c.x >= max(low, simulated.x[0])) & (c.x <= high)] for c in (measured, simulated)]
    values = np.concatenate([*shown, [0.0]])
    margin = 0.06 * float(np.ptp(values)) or 1.0
    axes.set_ylim(float(values.min()) - margin, float(values.max()) + margin)


def _same_scale(above: Axes, below: Axes) -> None:
    """Give the difference the scale of the curves, so that its size can be judged by eye; wider only where it would leave the panel."""
    low, high = above.get_ylim()
    largest = max((float(np.max(np.abs(np.asarray(line.get_ydata(), dtype=float)), initial=0.0)) for line in below.lines[1:]), default=0.0)
    reach = max(0.5 * (high - low) / 3.4, 1.08 * largest)
    below.set_ylim(-reach, reach)
