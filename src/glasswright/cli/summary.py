"""The table a verb leaves on the screen."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from . import messages

if TYPE_CHECKING:
    from ..io.run import Run


def print_run(run: Run) -> None:
    """Print outcome, warnings, simulated beside measured, and where the report lies."""
    out = messages.console()
    out.print(f"[bold]{run.path}[/]: {run.outcome}")
    for warning in run.warnings:
        out.print(f"[yellow]warning:[/] {warning}")
    print_tables(run.path)
    page = run.path / "report.html"
    if page.is_file():
        out.print(f"report: [bold]{page}[/]")
    glass = run.replicas[0].path / "glass.extxyz"
    if glass.is_file():
        messages.next_command(f"open {page} in a browser; {glass} opens in OVITO")
    else:
        messages.next_command(f"glasswright resume {run.path}")


def print_tables(directory: Path) -> None:
    """Print tables/summary.csv: quantity, simulated, measured, source."""
    from rich.table import Table

    path = directory / "tables" / "summary.csv"
    if not path.is_file():
        return
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = Table(title="Simulated and measured")
    for name in ("quantity", "simulated", "measured", "unit", "source"):
        table.add_column(name, justify="right" if name in ("simulated", "measured") else "left")
    for row in rows:
        table.add_row(row["quantity"], _with_spread(row), row.get("measured") or "", row.get("unit") or "", row.get("source") or "")
    messages.console().print(table)


def _with_spread(row: dict[str, str]) -> str:
    spread = row.get("spread") or ""
    return f"{row['simulated']} ± {spread}" if spread else row["simulated"]
