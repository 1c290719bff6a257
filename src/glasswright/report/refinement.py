"""The section on a refinement: residuals and energy along the moves, what was traded for what, and what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..analysis.store import read_findings
from . import figures
from .contents import Contents
from .html import figure, grid, number, picture, prose, table
from .palette import INK, MUTED, SERIES, STAGES, WIDE, style
from .scorecard import Glasses, structure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

History = Mapping[str, NDArray[Any]]
METHODS = {
    "rmc": "reverse Monte Carlo",
    "hybrid": "hybrid reverse Monte Carlo",
    "monte_carlo": "energy Monte Carlo",
    "epsr": "empirical potential structure refinement",
    "fear": "force-enhanced atomic refinement",
    "gradient": "refinement by the gradient",
}
_COLOURS = {"anneal": STAGES["quench"], "equilibrate": STAGES["relax"], "sample": STAGES["sample"]}
_PANELS = (
    ("acceptance", "accepted (%)", 100.0),
    ("step", "step (Å)", 1.0),
    ("temperature", "T (K)", 1.0),
    ("chi_temperature", "$T_\\chi$", 1.0),
    ("energy_weight", "energy weight", 1.0),
    ("penalty", "penalty of constraints", 1.0),
    ("objective", "objective (eV/atom)", 1.0),
    ("amplitude", "empirical potential\n(eV/atom)", 1.0),
)
"""Smaller panels: column of the history, label, factor."""
_LOGARITHMIC = ("chi_temperature", "energy_weight", "penalty")
DECADES = 15.0
"""Moves over those of the first block beyond which their axis is logarithmic."""
AFTER_STEPS = "energy after steps"
"""Column of FEAR, whose cycles end with moves."""
PREFIX = "r_chi "
"""Of the columns of single data sets."""


def refinement(contents: Contents) -> str:
    """How the refinement went and where it ended."""
    if not contents.is_refinement:
        return ""
    cards = [*_outcome(contents)]
    if contents.histories:
        first, others = contents.histories[0], contents.histories[1:]
        note = "Against the moves tried, accepted or not; dots: the start."
        note += f" Thin lines: the other {f'{len(others)} replicas' if len(others) > 1 else 'replica'}." if others else ""
        cards.append(
            picture(
                "course", "Residuals and energy along the moves", plot_course(first, others=others, levels=_levels(contents)), _steady(first, note), wide=True
            )
        )
        if {"energy", "r_chi"} <= set(first):
            note = "Every block is a dot. Line: those that no other block beats in both, the choices that data and force field leave."
            cards.append(picture("pareto", "Residual against energy", plot_trade(first, others=others), note, wide=True))
    return grid(cards)


def beside(contents: Contents) -> str:
    """The glass beside others that were made in another way, as their own analyses found them."""
    if not contents.beside:
        return ""
    glasses = {contents.run.path.resolve().name: contents.found}
    for run in contents.beside:
        name = run.path.resolve().name
        glasses[name if name not in glasses else str(run.path)] = read_findings(run.path)
    return structure(Glasses(glasses), "beside-")


def _levels(contents: Contents) -> dict[str, float]:
    """Energies of the inherent structures of glasses beside it, by the same force field [eV/atom]."""
    mine = contents.document.get("forcefield", {}).get("name")
    found = {}
    for run in contents.beside:
        members = [r.settings for r in run.replicas if r.settings.get("forcefield", {}).get("name") == mine]
        energies = [m["results"]["inherent_structure_energy"] for m in members if "inherent_structure_energy" in m.get("results", {})]
        if energies:
            found[f"{run.path.resolve().name}, minimised"] = float(np.mean(energies))
    return found


def method_of(contents: Contents) -> str:
    """The method in words."""
    name = str(contents.document.get("settings", {}).get("method", ""))
    return METHODS.get(name, name)


def data_names(history: History) -> list[str]:
    """Names of the data sets of a history."""
    return [name.removeprefix(PREFIX) for name in history if name.startswith(PREFIX)]


def _outcome(contents: Contents) -> list[str]:
    """Before and after, replica by replica."""
    rows: list[list[str]] = []
    headings: list[str] = []
    for run, history in zip((r for r in contents.run.replicas if len(r.history.get("moves", ())) > 1), contents.histories, strict=True):
        names = data_names(history)
        shown = [*(f"{PREFIX}{name}" for name in names), *(["r_chi"] if len(names) > 1 else []), *(["energy"] if "energy" in history else [])]
        labels = {"r_chi": "R<sub>χ</sub>, all data", "energy": "U (eV/atom)"}
        headings = headings or [labels.get(s, f"R<sub>χ</sub>, {escape(s.removeprefix(PREFIX))}") for s in shown]
        results = run.settings.get("results", {})
        seconds = float(results.get("cpu_time", history["time"][-1] if "time" in history else np.nan))
        rows.append(
            [
                escape(run.path.name).replace("-", "\N{NON-BREAKING HYPHEN}"),
                *(f"{number(history[s][0], 3)}\N{NO-BREAK SPACE}→\N{NO-BREAK SPACE}{number(history[s][-1], 5 if s == 'energy' else 3)}" for s in shown),
                number(history["moves"][-1]),
                _duration(seconds),
                prose(str(results.get("ended", run.outcome))),
            ]
        )
    if not rows:
        return []
    return [figure("Before and after", table(["run", *headings, "moves", "CPU time", "ended by"], rows), wide=True)]


def _duration(seconds: float) -> str:
    factor, unit = next(((f, u) for f, u in ((3600, "h"), (60, "min")) if seconds > 2 * f), (1, "s"))
    return "–" if np.isnan(seconds) else f"{number(seconds / factor, 3)}\N{NO-BREAK SPACE}{unit}"


def _steady(history: History, note: str) -> str:
    """The note, with the conditions that stayed the same all along."""
    words = [
        f"{label.replace('$T_', 'T<sub>').replace(chr(92) + 'chi$', 'χ</sub>')} = {number(factor * history[name][-1], 3)}"
        for name, label, factor in _PANELS
        if name in history and not _varies(history[name]) and np.isfinite(history[name][-1])
    ]
    return f"{note} Throughout: {', '.join(words)}." if words else note


def _varies(values: NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    return known.size > 1 and bool(np.ptp(known) > 1e-9 * np.abs(known).max())


def plot_course(history: History, *, others: Sequence[History] = (), levels: Mapping[str, float] | None = None) -> Figure:
    """R_chi of each data set and the energy per atom against the moves, above what steered them.

    Parameters
    ----------
    others
        Histories of other replicas, drawn faintly.
    levels
        Energies to mark with their names [eV/atom]: those of other glasses by the same force field.
    """
    names, moves = data_names(history), history["moves"]
    small = [panel for panel in _PANELS if panel[0] in history and _varies(history[panel[0]])]
    large = [name for name, there in (("r_chi", bool(names)), ("energy", "energy" in history)) if there]
    with style():
        found = figures.new_figure((WIDE[0], 3.7 * bool(large) + 1.9 * bool(small)))
        for axes, name in zip(_row(found, bool(small), 0, len(large)), large, strict=True):
            (_draw_residuals if name == "r_chi" else _draw_energy)(axes, history, others)
            if name == "energy":
                _draw_levels(axes, levels or {})
        for axes, (name, label, factor) in zip(_row(found, bool(large), 1, len(small)), small, strict=True):
            for one in (*others, history):
                if name in one:
                    axes.plot(_places(one["moves"]), factor * one[name], color=SERIES[5], linewidth=1.1 if one is history else 0.5)
            axes.set_ylabel(label)
            if name in _LOGARITHMIC and (history[name][np.isfinite(history[name])] > 0).all():
                _logarithmic(axes, "y")
        for axes in found.axes:
            _along_moves(axes, moves, history.get("stage"))
        _stage_legend(found, history.get("stage"))
    return found


def _row(found: Figure, other: bool, place: int, count: int) -> list[Axes]:
    """Axes side by side: in the upper row, twice as high, or in the lower one; over the whole figure where there is no other row."""
    if not count:
        return []
    whole = found.add_gridspec(2, 1, height_ratios=(2, 1))[place] if other else found.add_gridspec(1, 1)[0]
    columns = whole.subgridspec(1, count)
    return [found.add_subplot(columns[i]) for i in range(count)]


def _places(moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where blocks are drawn on the axis of moves; where that is logarithmic, the start at half of the first block."""
    return np.maximum(moves, 0.5 * _first(moves)) if _long(moves) else moves


def _long(moves: NDArray[np.float64]) -> bool:
    """Whether moves span so much that their axis is logarithmic."""
    return bool(moves[-1] > DECADES * _first(moves))


def _first(moves: NDArray[np.float64]) -> float:
    made = moves[moves > 0]
    return float(made.min()) if made.size else 1.0


def _draw_residuals(axes: Axes, history: History, others: Sequence[History]) -> None:
    names = data_names(history)
    for i, name in enumerate(names):
        for other in others:
            axes.plot(_places(other["moves"]), other[PREFIX + name], color=SERIES[i % len(SERIES)], alpha=0.4, linewidth=0.6)
        axes.plot(_places(history["moves"]), history[PREFIX + name], color=SERIES[i % len(SERIES)], label=name)
        axes.plot(_places(history["moves"])[0], history[PREFIX + name][0], "o", color=SERIES[i % len(SERIES)], markersize=4)
    if len(names) > 1 and "r_chi" in history:
        axes.plot(_places(history["moves"]), history["r_chi"], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="all data")
    if "mean r_chi" in history:
        axes.plot(_places(history["moves"]), history["mean r_chi"], color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label="of the mean structure")
    axes.set_ylabel("$R_\\chi$")
    values = np.concatenate([history[PREFIX + name] for name in names])
    if values[np.isfinite(values)].min(initial=1.0) > 0 and np.nanmax(values) > 5 * np.nanmin(values):
        _logarithmic(axes, "y")
    else:
        axes.set_ylim(bottom=0)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        axes.legend()
    else:
        axes.set_title(names[0], loc="right", fontsize=8.5, color=MUTED)


def _draw_energy(axes: Axes, history: History, others: Sequence[History]) -> None:
    for other in others:
        if "energy" in other:
            axes.plot(_places(other["moves"]), other["energy"], color=SERIES[2], alpha=0.4, linewidth=0.6)
    steps = history.get(AFTER_STEPS, np.zeros(0))
    axes.plot(_places(history["moves"]), history["energy"], color=SERIES[2], label="after moves by the data")
    axes.plot(_places(history["moves"])[0], history["energy"][0], "o", color=SERIES[2], markersize=4)
    if steps.size:
        axes.plot(_places(history["moves"]), steps, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), label="after steps by the forces")
        axes.legend()
    axes.set_ylabel("U (eV/atom)")
    known = history["energy"][np.isfinite(history["energy"])]
    if known.size > 4:  # a random start may lie far above everything that follows
        low, high = float(np.nanmin([known.min(), *steps])), float(np.percentile(known[known.size // 8 :], 98))
        if known.max() > high + 3 * (high - low) > low:
            axes.set_ylim(low - 0.06 * (high - low), high + 0.3 * (high - low))


def _draw_levels(axes: Axes, levels: Mapping[str, float]) -> None:
    """Energies of other glasses, where they lie in the panel or less than half of its height below it."""
    low, high = axes.get_ylim()
    near = {label: level for label, level in levels.items() if 1.5 * low - 0.5 * high < level < high}
    if near:
        axes.set_ylim(min(low, *(level - 0.06 * (high - low) for level in near.values())), high)
    for label, level in near.items():
        axes.axhline(level, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(label, (0.01, level), xycoords=("axes fraction", "data"), va="bottom", fontsize=7.5, color=MUTED)


def _logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """A logarithmic axis whose numbers are written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = np.log10((axes.get_xlim if which == "x" else axes.get_ylim)())
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high - low < 1.7 else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _along_moves(axes: Axes, moves: NDArray[np.float64], stages: NDArray[np.str_] | None) -> None:
    from matplotlib.ticker import EngFormatter

    places = _places(moves)
    if _long(moves):
        _logarithmic(axes, "x")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_xlim(0.85 * places[0] if _long(moves) else -0.02 * places[-1], places[-1])
    axes.set_xlabel("moves tried")
    if stages is not None and len(set(stages)) > 1:
        starts = np.flatnonzero(np.r_[True, stages[1:] != stages[:-1]])
        for first, after in zip(starts, [*starts[1:], len(stages) - 1], strict=True):
            axes.axvspan(places[first], places[after], color=_COLOURS.get(str(stages[first]), MUTED), alpha=0.1, linewidth=0)
        axes.grid(axis="x", visible=False)


def _stage_legend(found: Figure, stages: NDArray[np.str_] | None) -> None:
    names = [] if stages is None else list(dict.fromkeys(map(str, stages)))
    if len(names) > 1:
        from matplotlib.patches import Patch

        handles = [Patch(color=_COLOURS.get(name, MUTED), alpha=0.35, linewidth=0) for name in names]
        found.legend(handles, names, loc="outside upper left", ncols=len(names), borderaxespad=0.2, handlelength=1.0, handleheight=0.9)


def pareto(r_chi: NDArray[np.float64], energy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Blocks that no other beats in both residual and energy, by rising residual."""
    order = np.lexsort((energy, r_chi))
    order = order[np.isfinite(r_chi[order]) & np.isfinite(energy[order])]
    best = np.minimum.accumulate(energy[order]) if order.size else energy[order]
    return order[np.r_[True, best[1:] < best[:-1]]] if order.size else order


def plot_trade(history: History, *, others: Sequence[History] = ()) -> Figure:
    """Energy per atom against the residual of all data, coloured by the moves; the non-dominated blocks joined."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import EngFormatter

    r_chi, energy, moves = history["r_chi"], history["energy"], _places(history["moves"])
    best = pareto(r_chi, energy)
    with style():
        found = figures.new_figure((WIDE[0], 3.9))
        axes = found.add_subplot()
        for other in others:
            if {"energy", "r_chi"} <= set(other):
                axes.plot(other["r_chi"][-1], other["energy"][-1], "s", color=MUTED, markersize=5, markerfacecolor="none")
        axes.plot(r_chi, energy, color=MUTED, linewidth=0.5, alpha=0.6)
        norm = LogNorm(moves[0], moves[-1]) if _long(history["moves"]) else None
        dots = axes.scatter(r_chi, energy, c=moves, s=13, cmap="cividis", norm=norm, linewidths=0, zorder=3)
        axes.plot(r_chi[best], energy[best], color=SERIES[1], linewidth=1.3, zorder=2, drawstyle="steps-post")
        axes.plot(r_chi[-1], energy[-1], "s", color=INK, markersize=6, markerfacecolor="none", zorder=4, label="end" if not others else "end of each replica")
        axes.set_xlabel("$R_\\chi$, all data")
        axes.set_ylabel("U (eV/atom)")
        for values, frame in ((energy, axes.set_ylim), (r_chi, axes.set_xlim)):
            known = values[np.isfinite(values)]
            if known.size > 8:  # where the bargain is struck: the way there would fill the picture
                low, high = float(known.min()), float(np.max(known[known.size // 3 :]))
                frame(low - 0.08 * (high - low or 1), high + 0.25 * (high - low or 1))
        figures.add_legend(found, axes)
        bar = found.colorbar(dots, ax=axes, label="moves tried", format=EngFormatter(sep=""))
        bar.outline.set_visible(False)
        bar.ax.minorticks_off()
    return found
