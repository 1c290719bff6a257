"""``glasswright analyze``: structure of a run, or of any file that holds atoms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from . import messages


def analyze(
    source: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="Run directory, or a structure file.", show_default=False)],
    types: Annotated[str | None, typer.Option(help="Elements of atom types 1, 2, ... in LAMMPS files: Si,O,Na.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where curves and tables go (the run directory, or FILE-analysis).")] = None,
) -> None:
    """Compute g(r), S(Q), coordination, angles and Qn, beside what was measured."""
    from ..workflows.analyze import analyze as run_analysis
    from .summary import print_tables

    if source.is_dir():
        if types:
            raise InputError("--types is for structure files.", "A run directory knows its elements.", "Leave it out.")
        from ..io.run import Run

        run = Run(source)
        directory = out or run.path
        analysis = run_analysis(run, out)
    else:
        from ..io.structures import read_structure

        directory = out or source.with_name(f"{source.stem}-analysis")
        analysis = run_analysis(read_structure(source, types=types), directory)
    print_tables(directory)
    screen = messages.console()
    for sentence in analysis.absent:
        screen.print(sentence)
    screen.print(f"curves and tables: {directory}")
    if source.is_dir():
        messages.next_command(f"glasswright report {source}")
