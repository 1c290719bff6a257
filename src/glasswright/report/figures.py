"""Curves → matplotlib figures, for the report and for notebooks: measured in ink, simulated in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.findings import Map, Population
from ..analysis.pairs.cutoffs import ANIONS
from ..curve import Curve
from .palette import MEASURED, MUTED, PANEL, SERIES, STAGES, WIDE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VARIABLES = {
    **dict.fromkeys(("g(r)", "T(r)", "D(r)", "G(r)", "GK(r)", "RDF(r)", "n(r)", "G_d(r,t)", "4πr²G_s(r,t)"), "r"),
    **dict.fromkeys(("S(Q)", "i(Q)", "F(Q)", "S(Q)-1", "Q[S(Q)-1]"), "Q"),
    **dict.fromkeys(("MSD", "F_s(Q,t)", "F(Q,t)", "VACF", "α2", "χ4"), "time"),
    **dict.fromkeys(("VDOS", "C_L(Q,ν)", "C_T(Q,ν)"), "frequency"),
    "angle": "angle",
}
_NAMES = {"angle": "probability", "MSD": "mean-square displacement", "G_d(r,t)": "G$_d$(r, t)"}
_UNITS = {"1/Å": "Å⁻¹", "A^-1": "Å⁻¹", "g/cm3": "g/cm³", "Å2": "Å²", "Å^2": "Å²", "degrees": "°", "degree": "°", "deg": "°", "1/degree": "1/°", "1/deg": "1/°"}


def pretty_unit(unit: str) -> str:
    """A unit as it is printed: ``1/Å`` → ``Å⁻¹``."""
    return _UNITS.get(unit, unit.replace("1/Å", "Å⁻¹").replace("^2", "²").replace("^3", "³").replace("Å3", "Å³").replace("Å2", "Å²"))


def pair_label(name: str) -> str:
    """A pair as the field writes it, anion last: ``O-Si`` → Si–O."""
    return "–".join(sorted(name.split("-"), key=lambda element: (element in ANIONS, element)))


def _label(name: str, unit: str) -> str:
    return f"{name} ({pretty_unit(unit)})" if unit and unit not in ("1", "dimensionless") else name


def new_figure(size: tuple[float, float]) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def label_axes(axes: Axes, curve: Curve) -> None:
    axes.set_xlabel(_label(_VARIABLES.get(curve.kind, "x"), curve.x_unit))
    axes.set_ylabel(_label(_NAMES.get(curve.kind, curve.kind), curve.y_unit))


def add_legend(figure: Figure, axes: Axes, columns: int = 6) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(columns, len(handles)), borderaxespad=0.2)


def draw(axes: Axes, curve: Curve, color: str, label: str | None, **options: Any) -> None:
    """A line with the band of its standard uncertainty, or of the spread over replicas."""
    axes.plot(curve.x, curve.y, color=color, label=label, **options)
    if curve.sigma is not None and np.isfinite(curve.sigma).all():
        axes.fill_between(curve.x, curve.y - curve.sigma, curve.y + curve.sigma, color=color, alpha=0.22, linewidth=0)


def plot_curves(
    curves: Mapping[str, Curve],
    *,
    others: Sequence[Mapping[str, Curve]] = (),
    x_range: tuple[float, float] | None = None,
    level: float | None = None,
    size: tuple[float, float] = PANEL,
) -> Figure:
    """Curves of one kind in one panel; a legend names them by their keys.

    Parameters
    ----------
    others
        The same curves of other replicas, drawn faintly behind.
    level
        A horizontal line for the eye: 1 for g(r) and S(Q).
    """
    with style():
        figure = new_figure(size)
        axes = figure.add_subplot()
        if level is not None:
            axes.axhline(level, color=MUTED, linewidth=0.7)
        for i, (label, curve) in enumerate(curves.items()):
            color = SERIES[i % len(SERIES)]
            for other in others:
                if label in other:
                    axes.plot(other[label].x, other[label].y, color=color, alpha=0.3, linewidth=0.6)
            draw(axes, curve, color, label)
        first = next(iter(curves.values()))
        label_axes(axes, first)
        axes.set_xlim(*(x_range or (first.x[0], first.x[-1])))
        add_legend(figure, axes)
    return figure


def plot_panels(
    curves: Mapping[str, Curve],
    *,
    others: Sequence[Mapping[str, Curve]] = (),
    x_range: tuple[float, float] | None = None,
    level: float | None = None,
    height: float = 1.5,
) -> Figure:
    """Each curve in a panel of its own, two or three to a row over the whole width: many partials stay legible.

    Parameters
    ----------
    height
        Of one row [inch].
    """
    columns = 3 if len(curves) % 3 == 0 else min(2, len(curves))
    rows = -(-len(curves) // columns)
    with style():
        figure = new_figure((WIDE[0], 0.45 + height * rows))
        panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
        for axes, (i, (label, curve)) in zip(panels.flat, enumerate(curves.items()), strict=False):
            if level is not None:
                axes.axhline(level, color=MUTED, linewidth=0.7)
            for other in others:
                if label in other:
                    axes.plot(other[label].x, other[label].y, color=SERIES[i % len(SERIES)], alpha=0.3, linewidth=0.6)
            draw(axes, curve, SERIES[i % len(SERIES)], None)
            axes.text(0.985, 0.94, label, transform=axes.transAxes, ha="right", va="top", color=SERIES[i % len(SERIES)], fontweight="bold")
            label_axes(axes, curve)
            axes.set_xlim(*(x_range or (curve.x[0], curve.x[-1])))
            if i + columns < len(curves):
                axes.set_xlabel("")
            else:
                axes.xaxis.set_tick_params(labelbottom=True)
        for axes in panels.flat[len(curves) :]:
            axes.set_visible(False)
        figure.align_ylabels()
    return figure


def plot_angles(curves: Mapping[str, Curve], *, others: Sequence[Mapping[str, Curve]] = (), tetrahedral: bool = True) -> Figure:
    """Bond-angle distributions, with the tetrahedral angle marked where wanted."""
    figure = plot_curves(curves, others=others)
    with style():
        axes = figure.axes[0]
        if tetrahedral:
            axes.axvline(109.47, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.set_xlabel("angle (°)")
        axes.set_ylim(bottom=0.0)
        shown = [c.x[c.y > 0.005 * c.y.max()] for c in curves.values() if c.y.max() > 0]
        axes.set_xlim(max(0.0, min(s[0] for s in shown) - 5), 180.0) if shown else axes.set_xlim(0, 180)
    return figure


def plot_qn(
    simulated: Mapping[int, float], measured: Mapping[int, float], *, spread: Mapping[int, float] | None = None, source: str = "NMR", element: str = "Si"
) -> Figure:
    """Fractions of Qn units, beside the measured ones."""
    with style():
        figure = new_figure(PANEL)
        axes = figure.add_subplot()
        n = sorted(set(simulated) | set(measured))
        at, width = np.arange(len(n)), 0.38 if measured else 0.6
        shift = width / 2 if measured else 0.0
        heights = [100 * simulated.get(i, 0.0) for i in n]
        errors = [100 * (spread or {}).get(i, 0.0) for i in n] if spread else None
        axes.bar(at - shift, heights, width, color=SERIES[0], label="simulated", yerr=errors, ecolor=MUTED, capsize=2)
        if measured:
            axes.bar(at + shift, [100 * measured.get(i, 0.0) for i in n], width, color="none", edgecolor=MEASURED, linewidth=1.1, label=source)
        axes.set_xticks(at, [f"Q{str(i).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}" for i in n])
        axes.grid(axis="x", visible=False)
        axes.set_ylabel(f"share of {element} (%)")
        add_legend(figure, axes)
    return figure


def plot_population(population: Population, *, size: tuple[float, float] | None = None) -> Figure:
    """How often each case occurs, with its spread, beside what was measured; many or long cases lie on their side."""
    cases = list(dict.fromkeys([*population.cases, *population.measured]))
    numbers = [population.cases.get(case) for case in cases]
    values = [n.value if n else 0.0 for n in numbers]
    spreads = [(n.spread or 0.0) if n else 0.0 for n in numbers]
    lying = max(map(len, cases), default=0) > 6 or len(cases) > 16
    bars = _Bars(lying, len(cases), bool(population.measured))
    with style():
        figure = new_figure(size or ((PANEL[0], max(1.5, 0.9 + 0.28 * len(cases))) if lying else PANEL))
        axes = figure.add_subplot()
        bars.draw(axes, values, -1, color=SERIES[0], label="simulated", error=spreads if any(spreads) else None)
        if population.measured:
            measured = [population.measured.get(case, 0.0) for case in cases]
            bars.draw(axes, measured, 1, color="none", edgecolor=MEASURED, linewidth=1.1, label=measured_by(population.source))
            add_legend(figure, axes)
        unit = next((n.unit for n in numbers if n and n.unit), "")
        _label_cases(axes, cases, population.axis, _label(population.what, unit), lying)
    return figure


def measured_by(source: str) -> str:
    """What stands beside a simulated population, in a word."""
    return "stoichiometry" if source.startswith("stoichiometry") else "NMR" if "NMR" in source else "measured"


@dataclass(frozen=True)
class _Bars:
    """Where bars of one or two series go."""

    lying: bool
    count: int
    paired: bool

    def draw(self, axes: Axes, values: Sequence[float], side: int, error: Sequence[float] | None = None, **options: Any) -> None:
        width = 0.38 if self.paired else 0.62
        at = np.arange(self.count) + (side * width / 2 if self.paired else 0.0)
        options |= {"ecolor": MUTED, "capsize": 2, "xerr" if self.lying else "yerr": error} if error is not None else {}
        (axes.barh if self.lying else axes.bar)(at, values, width, **options)


def _label_cases(axes: Axes, cases: Sequence[str], axis: str, what: str, lying: bool) -> None:
    at = range(len(cases))
    if lying:
        axes.set_yticks(at, cases)
        axes.invert_yaxis()
        axes.set_xlabel(what)
    else:
        axes.set_xticks(at, cases)
        axes.set_xlabel(axis)
        axes.set_ylabel(what)
    axes.grid(axis="y" if lying else "x", visible=False)


def plot_map(found: Map, *, size: tuple[float, float] = PANEL, colours: str = "cividis") -> Figure:
    """A function of two variables in colours."""
    with style():
        figure = new_figure(size)
        axes = figure.add_subplot()
        mesh = axes.pcolormesh(found.x, found.y, found.values.T, cmap=colours, shading="nearest", rasterized=True)
        axes.set_xlabel(found.x_label)
        axes.set_ylabel(found.y_label)
        axes.grid(visible=False)
        bar = figure.colorbar(mesh, ax=axes, label=found.label)
        bar.outline.set_visible(False)
    return figure


def plot_coordination(fractions: Mapping[str, Mapping[int, float]]) -> Figure:
    """How many neighbours each centre has: one row of shares per centre-neighbour pair."""
    with style():
        figure = new_figure((PANEL[0], max(1.4, 0.8 + 0.36 * len(fractions))))
        axes = figure.add_subplot()
        numbers = sorted({n for row in fractions.values() for n, share in row.items() if share > 0.002})
        for y, row in enumerate(fractions.values()):
            left = 0.0
            for n in numbers:
                share = 100 * row.get(n, 0.0)
                axes.barh(y, share, 0.62, left, color=SERIES[n % len(SERIES)], edgecolor="white", linewidth=0.4)
                if share > 6:
                    axes.text(left + share / 2, y, str(n), ha="center", va="center", color="white", fontsize=8)
                left += share
        axes.set_yticks(range(len(fractions)), list(fractions))
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of centres with that many neighbours (%)")
    return figure


def block_mean(x: Any, y: Any, blocks: int = 500) -> tuple[Any, Any, Any, Any]:
    """Mean x, mean, smallest and largest y of consecutive blocks: a long noisy series, small enough to draw."""
    n = min(blocks, len(x))
    pieces = [(a, b) for a, b in zip(np.array_split(np.asarray(x), n), np.array_split(np.asarray(y), n), strict=True) if len(a)]
    return tuple(np.array([f(p[k]) for p in pieces]) for k, f in ((0, np.mean), (1, np.mean), (1, np.min), (1, np.max)))  # type: ignore[return-value]


def plot_thermo(thermo: Mapping[str, Any], n_atoms: int, *, others: Sequence[Mapping[str, Any]] = ()) -> Figure:
    """Temperature, density, energy and pressure over the whole run, stages shaded; other replicas faintly behind."""
    rows = (
        ("temperature", "temperature (K)", 1.0),
        ("density", "density (g/cm³)", 1.0),
        ("potential_energy", "potential energy\n(eV/atom)", 1.0 / n_atoms),
        ("pressure", "pressure (GPa)", 1.0),
    )
    with style():
        figure = new_figure((WIDE[0], 5.6))
        panels = figure.subplots(2, 2, sharex=True)
        for axes, (name, label, factor), color in zip(panels.flat, rows, SERIES, strict=False):
            for other in others:
                x, mean, *_ = block_mean(other["time"] * 1e-3, other[name] * factor, 250)
                axes.plot(x, mean, color=color, alpha=0.35, linewidth=0.6)
            x, mean, low, high = block_mean(thermo["time"] * 1e-3, thermo[name] * factor)
            axes.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)
            axes.plot(x, mean, color=color, linewidth=1.2)
            axes.set_ylabel(label)
            _shade_stages(axes, thermo)
            _robust_range(axes, low, high, name)
        for axes in panels[1]:
            axes.set_xlabel("time (ps)")
        figure.align_ylabels()
        _stage_legend(figure, thermo)
    return figure


def _shade_stages(axes: Axes, thermo: Mapping[str, Any]) -> None:
    time, stage = thermo["time"] * 1e-3, thermo["stage"]
    starts = np.flatnonzero(np.r_[True, stage[1:] != stage[:-1]])
    for first, after in zip(starts, [*starts[1:], len(stage) - 1], strict=True):
        axes.axvspan(time[first], time[after], color=STAGES.get(str(stage[first]), MUTED), alpha=0.1, linewidth=0)
    axes.set_xlim(time[0], time[-1])
    axes.grid(axis="x", visible=False)


def _stage_legend(figure: Figure, thermo: Mapping[str, Any]) -> None:
    from matplotlib.patches import Patch

    names = list(dict.fromkeys(map(str, thermo["stage"])))
    handles = [Patch(color=STAGES.get(name, MUTED), alpha=0.35, linewidth=0) for name in names]
    figure.legend(handles, names, loc="outside upper left", ncols=len(names), borderaxespad=0.2, handlelength=1.0, handleheight=0.9)


def _robust_range(axes: Axes, low: Any, high: Any, name: str) -> None:
    """Frame what matters: the push-off's spikes may leave the panel."""
    if len(low) < 20 or name == "temperature":
        return
    bottom, top = np.percentile(low, 2), np.percentile(high, 98)
    margin = 0.15 * (top - bottom) or 1.0
    axes.set_ylim(max(float(np.min(low)), bottom - margin) - 0.02 * margin, min(float(np.max(high)), top + margin) + 0.02 * margin)


def plot_cooling(thermo: Mapping[str, Any], n_atoms: int, *, others: Sequence[Mapping[str, Any]] = ()) -> Figure:
    """Potential energy per atom and density against temperature along the quench: the bend is the glass transition."""
    with style():
        figure = new_figure((WIDE[0], 3.4))
        panels = figure.subplots(1, 2)
        rows = (("potential_energy", "potential energy (eV/atom)", SERIES[2]), ("density", "density (g/cm³)", SERIES[1]))
        for axes, (name, label, color) in zip(panels, rows, strict=True):
            factor = 1.0 / n_atoms if name == "potential_energy" else 1.0
            for i, one in enumerate((*others, thermo)):
                quench = one["stage"] == "quench"
                if not quench.any():
                    continue
                order = np.argsort(one["temperature"][quench], kind="stable")
                x, mean, *_ = block_mean(one["temperature"][quench][order], one[name][quench][order] * factor, 100)
                main = i == len(others)
                axes.plot(x, mean, color=color, linewidth=1.4 if main else 0.6, alpha=1.0 if main else 0.4)
            axes.set_xlabel("temperature (K)")
            axes.set_ylabel(label)
            axes.set_xlim(left=0)
    return figure
