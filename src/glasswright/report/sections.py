"""The sections of a report: each takes a run and gives HTML, or nothing where the run holds nothing to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ..library.measurements import is_expected
from . import figures
from .contents import Contents, value_in
from .html import figure, grid, number, picture, table, with_spread


def thermo(contents: Contents) -> str:
    """Temperature, density, energy and pressure over the run, the cooling curve, and the stage table."""
    cards = []
    if contents.thermo:
        first, others = contents.thermo[0], contents.thermo[1:]
        note = "Line: mean; band: smallest and largest value within 1/500 of the run."
        if others:
            note += f" Thin lines: the other {f'{len(others)} replicas' if len(others) > 1 else 'replica'}."
        cards.append(picture("thermo", "The whole run", figures.plot_thermo(first, contents.n_atoms, others=others), note, wide=True))
        if np.count_nonzero(first["stage"] == "quench") > 3:
            plot = figures.plot_cooling(first, contents.n_atoms, others=others)
            note = f"The bend is the glass transition of this cooling rate.{_rate(contents.document.get('settings', {}))}"
            cards.append(picture("cooling", "Along the quench", plot, note, wide=True))
    return grid([*cards, *_stages(contents), *_replicas(contents)])


_LABORATORY = (1e-2, 10.0)
"""Cooling rates of glasses in a laboratory, from annealing to a casting [K/s]."""


def _rate(settings: Mapping[str, Any]) -> str:
    """What the cooling rate of the run means."""
    rate = settings.get("rate")
    if not rate or settings.get("program"):
        return ""
    most, least = (np.log10(float(rate) * 1e15 / real) for real in _LABORATORY)
    return (
        f" {float(rate) * 1e3:.4g} K/ps is {least:.0f} to {most:.0f} orders of magnitude faster than the 0.01 to 10 K/s of a laboratory: density "
        "and medium-range order (rings, first sharp diffraction peak) depend on it, bond lengths hardly do."
    )


def _stages(contents: Contents) -> list[str]:
    """What was run, stage by stage, and what came out at the end of each; before the end of a run, what is planned."""
    rows = contents.document.get("stages", [])
    if not rows:
        return _planned(contents.document.get("plan", []))
    measured = contents.thermo[0] if contents.thermo else None
    cells, start = [], 0.0
    for row in rows:
        end = float(row.get("end_time", start))
        duration = row.get("steps", 0) * float(row.get("timestep", 0.0))
        state = _at_end(measured, start, end) if measured is not None else ["–"] * 3
        cells.append([*_stage_cells(str(row.get("name", "")), row, duration / 1e3), *state])
        start = end
    headings = (*_STAGE_HEADINGS, "T (K)", "density (g/cm³)", "P (GPa)")
    return [figure("Stages", table(headings, cells), "Last three columns: mean over the last fifth of the stage.", wide=True)]


_STAGE_HEADINGS = ("stage", "ensemble", "steps", "time (ps)", "thermostat", "barostat")


def _stage_cells(name: str, row: Mapping[str, Any], duration: float) -> list[str]:
    words = [escape(name), escape(str(row.get("ensemble", row.get("method", ""))).upper())]
    numbers = [number(row.get("steps", "–")), number(duration) if duration else "–"]
    return [*words, *numbers, _programme(row.get("temperature"), "K"), _programme(row.get("pressure"), "GPa")]


def _planned(plan: Sequence[Mapping[str, Any]]) -> list[str]:
    cells = [_stage_cells(str(row.get("stage", "")), row, float(row.get("time_ps", 0.0))) for row in plan]
    return [figure("Stages planned", table(_STAGE_HEADINGS, cells), wide=True)] if cells else []


def _replicas(contents: Contents) -> list[str]:
    """How each replica ended: the spread over independent melts is the uncertainty."""
    if not contents.replica_curves:
        return []
    cells = []
    for run in contents.run.replicas:
        document = run.settings
        results = document.get("results", {})
        energy, melted = results.get("inherent_structure_energy"), results.get("melt_time")
        late = run.thermo["density"][run.thermo["stage"] == "sample"] if (run.path / "thermo.csv").is_file() else []
        words = [escape(run.path.name), escape(str(document.get("settings", {}).get("seed", ""))), escape(run.outcome)]
        numbers = [number(np.mean(late)) if len(late) else "–", number(energy, 6) if energy is not None else "–", number(melted / 1e3) if melted else "–"]
        cells.append([*words, *numbers])
    headings = ("replica", "seed", "outcome", "density (g/cm³)", "inherent structure (eV/atom)", "melt (ps)")
    return [figure("Replicas", table(headings, cells), "Each from its own independent melt.", wide=True)]


def _programme(values: Any, unit: str) -> str:
    if not values:
        return "–"
    low, high = (values[0], values[-1]) if isinstance(values, list) else (values, values)
    return f"{number(low)} {unit}" if low == high else f"{number(low)} → {number(high)} {unit}"


def _at_end(thermo: Mapping[str, Any], start: float, end: float) -> list[str]:
    late = (thermo["time"] > end - 0.2 * (end - start)) & (thermo["time"] <= end * (1 + 1e-9))
    return [number(np.mean(thermo[name][late]), 4) if late.any() else "–" for name in ("temperature", "density", "pressure")]


def melt(contents: Contents) -> str:
    """What the melt forgot, and the checks of the run."""
    cards = []
    results = contents.document.get("results", {})
    rows = []
    for species, value in sorted(results.get("scattering", {}).items()):
        displacement = results.get("msd", {}).get(species)
        rows.append([escape(species), number(value, 2), number(displacement, 3) if displacement is not None else "–"])
    content = ""
    if rows:
        headings = ("species", "F<sub>s</sub>(1.5 Å⁻¹) at the end", "mean-square displacement (Å²)")
        content = table(headings, rows) + '<p class="note">Lost where F<sub>s</sub> is below 0.1.</p>'
    checks = _checks(results)
    if checks:
        content += table(("quantity", "value"), checks, "Checks")
    if content:
        cards.append(figure("Memory of the random packing" if rows else "", content))
    return grid(cards)


_CHECKS = (
    ("melt_time", "time in the melt", "ps", 1e-3),
    ("melt_extensions", "extensions of the melt", "", 1.0),
    ("drift", "drift of the conserved energy in NVE", "meV/atom/ps", 1e3),
    ("relax_time", "relaxation after the quench", "ps", 1e-3),
    ("inherent_structure_energy", "energy of the inherent structure", "eV/atom", 1.0),
)


def _checks(results: Mapping[str, Any]) -> list[list[str]]:
    found = [(key, text, unit, results[key] * factor) for key, text, unit, factor in _CHECKS if key in results]
    rows = [[text, f"{number(value, 5 if key.startswith('inherent') else 3)} {unit}".strip()] for key, text, unit, value in found]
    if "relaxed" in results:
        rows.append(["energy and volume flat before sampling", "yes" if results["relaxed"] else "no"])
    return rows


def facts(contents: Contents) -> str:
    """The table simulated / measured / source; numbers that nothing is known to compare with stand in a fold below it."""
    rows = [r for r in contents.run.table("summary") if not r.get("quantity", "").startswith("R_chi")]  # these stand below their curves
    if not rows:
        return ""
    cells: list[list[str]] = []
    others: list[list[str]] = []
    spreads: set[str] = set()
    for row in rows:
        unit = escape(figures.pretty_unit(row.get("unit", "") or ""))
        name, simulated = escape(row.get("quantity", "")), with_spread(row.get("simulated", ""), value_in(row, "spread"))
        notes = [part for part in (row.get("note") or "").split("; ") if part]
        spreads.update(part for part in notes if part.startswith("spread over"))
        if measured_text(row) == "–":
            others.append([name, simulated, unit])
            continue
        remarks = "; ".join(part for part in notes if not part.startswith("spread over"))
        origin = escape(row.get("source") or "") + (f" <small>{escape(remarks)}</small>" if remarks else "")
        expected = " (expected)" if is_expected(row.get("source") or "") else ""
        cells.append([name, simulated, measured_text(row) + expected, unit, agreement(row), origin])
    shown = table(("quantity", "simulated", "measured", "unit", "", "source"), cells) if cells else ""
    if others:
        rest = table(("quantity", "simulated", "unit"), others)
        shown += f"<details{'' if cells else ' open'}><summary>{len(others)} numbers that the library knows no measurement of</summary>{rest}</details>"
    return figure("", shown, _spread_note(spreads), wide=True)


def _spread_note(spreads: set[str]) -> str:
    return f"±: {escape(' or '.join(sorted(spreads)))} (sample standard deviation)." if spreads else ""


def measured_text(row: Mapping[str, str]) -> str:
    """The measured value or range of a row of summary.csv."""
    value, low, high = (value_in(row, k) for k in ("measured", "measured_low", "measured_high"))
    if low is not None and high is not None and low != high:
        return f"{number(low)}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{number(high)}"
    return "–" if value is None else number(value)


def agreement(row: Mapping[str, str]) -> str:
    """Whether a simulated value lies in the measured range, or by how much it misses the measured value."""
    simulated, value, low, high = (value_in(row, k) for k in ("simulated", "measured", "measured_low", "measured_high"))
    if simulated is None:
        return ""
    spread = value_in(row, "spread") or 0.0
    if low is not None and high is not None and low < high:
        if low - spread <= simulated <= high + spread:
            return '<span class="good">within</span>'
        value = value if value is not None else (low if simulated < low else high)
    if not value:
        return ""
    off = round(100 * (simulated / value - 1), 1)
    sign = "+" if off > 0 else "−" if off < 0 else ""
    return f'<span class="{"good" if abs(off) < 2 else "off"}">{sign}{abs(off):.1f} %</span>'
