"""``glasswright report``: write a run's report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, or a set of replicas.", show_default=False)],
    beside: Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Run of a glass made in another way, to show beside it.", show_default=False)] = None,
) -> None:
    """Write report.html again from what lies in a run directory."""
    from ..io.run import Run
    from ..report import write_report

    typer.echo(f"report: {write_report(Run(directory), beside or ())}")
