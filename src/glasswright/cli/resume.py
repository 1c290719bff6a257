"""``glasswright resume``: go on where a run stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import messages


def resume(directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, or a set of replicas.", show_default=False)]) -> None:
    """Go on exactly where an interrupted run stopped."""
    from ..workflows.resume import resume as resume_run
    from .summary import print_run

    with messages.resumable(directory):
        run = resume_run(directory, progress=True)
    if "method" in run.settings["settings"]:
        from ..workflows.refine import result_of
        from .refine import print_result

        print_result(result_of(run))
    else:
        print_run(run)
