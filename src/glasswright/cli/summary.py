"""The table a verb leaves on the screen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from ..library.measurements import is_expected
from . import messages

if TYPE_CHECKING:
    from ..io.run import Run


def print_run(run: Run) -> None:
    """Print outcome, warnings, simulated beside measured, and what to do next."""
    from rich.text import Text

    out = messages.console()
    out.print(Text.assemble((str(run.path), "bold"), f": {run.outcome}"))
    for warning in run.warnings:
        out.print(Text.assemble(("warning: ", "yellow"), warning))
    print_tables(run.path)
    glass, page = run.replicas[0].path / "glass.extxyz", run.path / "report.html"
    if glass.is_file():
        out.print(f"glass: {glass} (opens in OVITO)")
    if page.is_file():
        out.print(f"report: {page}")
        messages.next_command(f"open {page} in a browser")
    else:
        messages.next_command(f"glasswright resume {run.path}")


def print_tables(directory: Path) -> None:
    """Print tables/summary.csv: quantity, simulated, measured; the sources are in the report."""
    from rich.table import Table

    path = directory / "tables" / "summary.csv"
    if not path.is_file():
        return
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = Table("quantity", title="Simulated and measured")
    table.add_column("simulated", justify="right", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    for row in rows:
        unit = f" ({row['unit']})" if row["unit"] not in ("", "1") else ""
        table.add_row(f"{row['quantity']}{unit}", _number(row["simulated"], row["spread"]), _measured(row))
    messages.console().print(table)


def _number(value: str, spread: str = "") -> str:
    """``1.615 ± 0.002``: the spread to one digit, the value as far as the spread allows."""
    if not value:
        return ""
    if not spread or float(spread) == 0:
        return f"{float(value):.4g}"
    digits = max(0, -int(f"{float(spread):e}".split("e")[1]))
    return f"{float(value):.{digits}f} ± {float(spread):.{digits}f}"


def _measured(row: dict[str, str]) -> str:
    low, high = row["measured_low"], row["measured_high"]
    value = f"{_number(low)} to {_number(high)}" if low and high and low != high else _number(row["measured"])
    return f"{value} (expected)" if value and is_expected(row["source"]) else value
