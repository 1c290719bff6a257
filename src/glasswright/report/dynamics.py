"""The section on dynamics: how far atoms move, how structure is forgotten, how it vibrates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.dynamics.diffusion import diffusion
from ..analysis.dynamics.relaxation import relaxation_time
from ..analysis.pairs.cutoffs import ANIONS
from ..curve import Curve
from ..errors import InputError
from ..units import CM2_PER_S
from . import figures
from .contents import Contents
from .html import figure, grid, number, picture, table, with_spread
from .palette import MUTED, PANEL, SERIES, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORGOTTEN = 10.0
"""Mean-square displacement that network formers must exceed before a quench begins [Å²]."""


def dynamics(contents: Contents) -> str:
    """Everything that the group ``dynamics`` found."""
    of = {prefix: contents.named(f"{prefix}_") for prefix in ("msd", "fs", "alpha2", "chi4", "vacf", "vdos", "van_hove_distinct")}
    cards = []
    melted = contents.document.get("kind") == "melt_quench"
    where = " in the melt" if melted else ""
    if of["msd"]:
        note = "Dotted: slope 1, diffusion." + (" Dashed: 10 Å², which network formers must pass before the quench begins." if melted else "")
        cards.append(picture("msd", f"Mean-square displacement{where}", plot_displacements(of["msd"], FORGOTTEN if melted else None), note))
    if of["fs"]:
        q = number(next(iter(of["fs"].values())).metadata.get("q", ""), 3)
        shown, note = dict(of["fs"]), f"Self part of each element at Q = {q} Å⁻¹"
        if "fqt_neutron" in contents.curves:
            shown["all, collective"] = _normalised(contents.curves["fqt_neutron"])
            note += "; collective: coherent neutron total over its start"
        cards.append(picture("fs", f"Intermediate scattering F<sub>s</sub>(Q, t){where}", plot_decay(shown), f"{note}. Dashed: 1/e."))
    if of["msd"] or of["fs"]:
        cards.append(_numbers(of["msd"], of["fs"]))
    if of["alpha2"] and of["chi4"]:
        note = "Both peak when some atoms have left their cages and others have not. χ₄ counts the atoms that move together."
        cards.append(
            picture("heterogeneity", "Non-Gaussian parameter and four-point susceptibility", plot_heterogeneity(of["alpha2"], of["chi4"]), note, wide=True)
        )
    hops = contents.named("van_hove_self_")
    if hops:
        cards.append(picture("van-hove-self", "Van Hove function, self part", plot_van_hove(hops), "How far an atom has moved in the time named.", wide=True))
    if of["van_hove_distinct"]:
        after = float(str(next(iter(of["van_hove_distinct"].values())).metadata.get("time", 0)))
        plot = figures.plot_panels(_anion_last(of["van_hove_distinct"]), x_range=(0, 8), level=1.0, height=2.0)
        note = f"Where other atoms are {number(after / 1000, 3)} ps later, seen from where an atom was; a rise towards r = 0: places are taken over."
        cards.append(picture("van-hove-distinct", "Van Hove function, distinct part", plot, note, wide=True))
    if of["vdos"]:
        width = next(iter(of["vdos"].values())).metadata.get("resolution", "")
        note = f"Modes per atom and THz, 3 per atom in all; resolution {number(width, 2)} THz."
        cards.append(picture("vdos", "Vibrational density of states", plot_vibrations(of["vdos"]), note))
    if of["vacf"]:
        cards.append(picture("vacf", "Velocity autocorrelation", plot_velocities(of["vacf"])))
    currents = contents.named("current_")
    if currents:
        q = number(next(iter(currents.values())).metadata.get("q", ""), 2)
        cards.append(picture("currents", "Spectra of the currents", plot_currents(currents), f"Sound along Q and shear across it, at Q = {q} Å⁻¹."))
    return grid(cards)


def _anion_last(curves: Mapping[str, Curve]) -> dict[str, Curve]:
    return {"–".join(sorted(pair.split("-"), key=lambda e: (e in ANIONS, e))): curve for pair, curve in curves.items()}


def _numbers(msd: Mapping[str, Curve], fs: Mapping[str, Curve]) -> str:
    """Diffusion coefficients and relaxation times, or why there are none."""
    rows, notes = [], []
    for element in sorted({*msd, *fs}):
        cells = [element, "–", "–", "–", "–"]
        try:
            found = diffusion(msd[element])
            cells[2] = number(found.exponent, 3)
            if found.diffusive:
                cells[1] = _power(found.coefficient * CM2_PER_S, None if found.error is None else found.error * CM2_PER_S)
            else:
                notes.append(element)
        except (KeyError, InputError):
            pass
        if element in fs and fs[element].x_unit == "fs":
            relaxation = relaxation_time(fs[element])
            if relaxation.time is not None:
                cells[3] = with_spread(relaxation.time / 1000, None if relaxation.error is None else relaxation.error / 1000)
            if relaxation.beta is not None:
                cells[4] = with_spread(*relaxation.beta)
        rows.append(cells)
    headings = ("element", "D (10<sup>−6</sup> cm²/s)", "d ln MSD / d ln t", "τ (ps)", "β")
    said = "D from the last three quarters of the displacements; τ: F<sub>s</sub> has fallen to 1/e; β of the stretched exponential."
    if notes:
        said += f" Not diffusive within the lags: {', '.join(notes)}."
    return figure("Diffusion and relaxation", table(headings, rows), said)


def _power(value: float, error: float | None) -> str:
    return with_spread(value * 1e6, None if error is None else error * 1e6)


def _normalised(curve: Curve) -> Curve:
    sigma = None if curve.sigma is None else curve.sigma / curve.y[0]
    return Curve(curve.x, curve.y / curve.y[0], sigma, curve.kind, curve.x_unit, "", curve.label, curve.metadata)


def _in_ps(curve: Curve) -> tuple[Curve, str]:
    """Beyond time zero, in ps where it is in fs; and the label of the axis."""
    keep = curve.x > 0
    factor, unit = (1e-3, "ps") if curve.x_unit == "fs" else (1.0, curve.x_unit)
    sigma = None if curve.sigma is None else curve.sigma[keep]
    return Curve(curve.x[keep] * factor, curve.y[keep], sigma, curve.kind, unit, curve.y_unit, curve.label), f"time ({unit})" if unit == "ps" else unit


def _against_log_time(axes: Axes, curves: Mapping[str, Curve], ylabel: str) -> None:
    label = ""
    for k, (name, curve) in enumerate(curves.items()):
        shown, label = _in_ps(curve)
        figures.draw(axes, shown, SERIES[k % len(SERIES)], name)
    axes.set_xscale("log")
    _plain_ticks(axes.xaxis)
    axes.set_xlabel(label)
    axes.set_ylabel(ylabel)


def _plain_ticks(axis: Any) -> None:
    """Powers of ten as numbers, and numbers between them where there is hardly a decade."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    low, high = axis.get_view_interval()
    plain = FuncFormatter(lambda value, _: f"{value:g}" if 1e-3 <= value < 1e5 else f"{value:.0e}")
    axis.set_major_formatter(plain)
    few = FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "235" else "")
    axis.set_minor_formatter(few if high < 40 * low else NullFormatter())


def plot_displacements(curves: Mapping[str, Curve], forgotten: float | None = None) -> Figure:
    """Mean-square displacements over both logarithms, with a line of slope 1 and the displacement that must be passed [Å²]."""
    with style():
        plot = figures.new_figure(PANEL)
        axes = plot.add_subplot()
        _against_log_time(axes, curves, "mean-square displacement (Å²)")
        axes.set_yscale("log")
        low = min(float(c.y[c.x > 0][c.y[c.x > 0] > 0].min()) for c in curves.values() if np.any(c.y > 0))
        high = max(float(c.y.max()) for c in curves.values())
        axes.set_ylim(0.6 * low, 2.5 * high)
        _plain_ticks(axes.yaxis)
        last, _ = _in_ps(max(curves.values(), key=lambda c: float(c.y[-1])))
        t = np.array([last.x[-1] / 10, last.x[-1]])
        axes.plot(t, 1.5 * last.y[-1] * t / t[-1], color=MUTED, linewidth=1.0, linestyle=(0, (1, 1.5)))
        if forgotten is not None:
            axes.axhline(forgotten, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        figures.add_legend(plot, axes)
    return plot


def plot_decay(curves: Mapping[str, Curve]) -> Figure:
    """Scattering functions against the logarithm of time, with 1/e marked."""
    with style():
        plot = figures.new_figure(PANEL)
        axes = plot.add_subplot()
        axes.axhline(1 / np.e, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.axhline(0, color=MUTED, linewidth=0.7)
        _against_log_time(axes, curves, "F(Q, t) / F(Q, 0)")
        axes.set_ylim(min(-0.05, *(float(c.y.min()) for c in curves.values())), 1.02)
        figures.add_legend(plot, axes)
    return plot


def plot_heterogeneity(alpha: Mapping[str, Curve], chi: Mapping[str, Curve]) -> Figure:
    """α₂ and χ₄ side by side."""
    with style():
        plot = figures.new_figure((2 * PANEL[0], PANEL[1]))
        left, right = plot.subplots(1, 2)
        left.axhline(0, color=MUTED, linewidth=0.7)
        _against_log_time(left, alpha, "α₂(t)")
        _against_log_time(right, chi, "χ₄(t)")
        right.set_ylim(bottom=0)
        figures.add_legend(plot, left)
    return plot


def plot_van_hove(curves: Mapping[str, Curve]) -> Figure:
    """4πr²G_s of each element in a panel, its times from faint to strong."""
    elements = sorted({name.rsplit("_", 1)[0] for name in curves})
    with style():
        plot = figures.new_figure((2 * PANEL[0], 2.9 * -(-len(elements) // 2)))
        panels = plot.subplots(-(-len(elements) // 2), min(2, len(elements)), squeeze=False).ravel()
        for k, (axes, element) in enumerate(zip(panels, elements, strict=False)):
            times = sorted(name for name in curves if name.rsplit("_", 1)[0] == element)
            for strength, name in zip(np.linspace(0.4, 1.0, len(times)), times, strict=True):
                curve = curves[name]
                time = float(str(curve.metadata.get("time", 0)))
                label = f"{time / 1000:.3g} ps" if curve.metadata.get("time_unit") == "fs" else f"{time:g} configurations"
                axes.plot(curve.x, curve.y, color=SERIES[k % len(SERIES)], alpha=strength, label=label)
            shown = [c for n, c in curves.items() if n in times]
            far = max(float(c.x[np.flatnonzero(c.y > 0.004 * c.y.max())[-1]]) for c in shown if np.any(c.y > 0))
            axes.set_xlim(0, far * 1.05)
            axes.set_ylim(0, 1.08 * max(float(c.y.max()) for c in shown))
            axes.text(0.02, 0.94, element, transform=axes.transAxes, va="top", color=SERIES[k % len(SERIES)], fontweight="bold")
            axes.legend(loc="upper right")
            axes.set_xlabel("distance moved (Å)")
            axes.set_ylabel("4πr²Gₛ (Å⁻¹)")
        for axes in panels[len(elements) :]:
            axes.set_visible(False)
    return plot


def plot_vibrations(curves: Mapping[str, Curve]) -> Figure:
    """Densities of states of the elements and their sum."""
    with style():
        plot = figures.new_figure(PANEL)
        axes = plot.add_subplot()
        names = sorted(curves, key=lambda name: (name == "total", name))
        for k, name in enumerate(names):
            figures.draw(axes, curves[name], MUTED if name == "total" else SERIES[k % len(SERIES)], name)
        total = curves[names[-1]]
        inside = np.cumsum(total.y) < 0.999 * total.y.sum()
        axes.set_xlim(0, 1.1 * float(total.x[inside][-1]))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("frequency (THz)")
        axes.set_ylabel("modes per atom (1/THz)")
        figures.add_legend(plot, axes)
    return plot


def plot_currents(curves: Mapping[str, Curve]) -> Figure:
    """Spectra of the longitudinal and the transverse current, as far as they reach."""
    reach = max(float(c.x[np.flatnonzero(np.cumsum(c.y) < 0.99 * c.y.sum())[-1]]) for c in curves.values())
    plot = figures.plot_curves(curves, x_range=(0, 1.1 * reach))
    plot.axes[0].set_ylim(bottom=0)
    plot.axes[0].set_ylabel("C(Q, ν) (Å² fs⁻² THz⁻¹)")
    return plot


def plot_velocities(curves: Mapping[str, Curve]) -> Figure:
    """Velocity autocorrelations over their start, as far as they differ from zero."""
    with style():
        plot = figures.new_figure(PANEL)
        axes = plot.add_subplot()
        axes.axhline(0, color=MUTED, linewidth=0.7)
        for k, (name, curve) in enumerate(curves.items()):
            axes.plot(curve.x / 1000, curve.y / curve.y[0], color=SERIES[k % len(SERIES)], label=name)
        reach = max(float(c.x[np.flatnonzero(np.abs(c.y) > 0.05 * c.y[0])[-1]]) for c in curves.values())
        axes.set_xlim(0, max(1.5 * reach / 1000, 1e-3))
        axes.set_xlabel("time (ps)")
        axes.set_ylabel("⟨v(0)·v(t)⟩ / ⟨v²⟩")
        figures.add_legend(plot, axes)
    return plot
