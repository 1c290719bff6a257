"""How far a run is: on the screen for one run, through a small file for runs in other processes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

Show = Callable[[float, str], None]
"""Takes the fraction that is done and a few words about the present state."""


def announce(path: Path, fraction: float, text: str) -> None:
    """Leave a line about the present state for whoever watches the directory; it is news, not data, so it is not made durable."""
    (path / "progress.json").write_text(json.dumps({"fraction": fraction, "text": text}))


def _bars(transient: bool = False) -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    left = TimeRemainingColumn(compact=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TaskProgressColumn(), left, TextColumn("left, {task.fields[state]}"))
    screen = Console(stderr=True)
    return Progress(*columns, console=screen, speed_estimate_period=120, transient=transient, disable=transient and not screen.is_terminal)


@contextmanager
def progress_bar(name: str) -> Iterator[Show]:
    """A progress bar with the time left."""
    with _bars() as bars:
        task = bars.add_task(name, total=1.0, state="")
        yield lambda fraction, text: bars.update(task, completed=fraction, state=text)
        bars.update(task, completed=1.0)


@contextmanager
def replica_bars(paths: list[Path]) -> Iterator[Callable[[], None]]:
    """One bar for each replica, fed by the files that replicas leave; call what it yields to look again."""
    with _bars() as bars:
        tasks = {path: bars.add_task(path.name, total=1.0, state="waiting") for path in paths}

        def look() -> None:
            for path, task in tasks.items():
                try:
                    news = json.loads((path / "progress.json").read_text())
                except (OSError, ValueError):  # not begun, ended, or caught in mid-write
                    continue
                bars.update(task, completed=news["fraction"], state=news["text"])

        yield look
        look()


@contextmanager
def analysis_bar(name: str) -> Iterator[Show]:
    """A progress bar with the time left, fed with a fraction and a word; gone when it is done."""
    with _bars(transient=True) as bars:
        task = bars.add_task(name, total=1.0, state="")
        yield lambda fraction, what: bars.update(task, completed=fraction, state=what)
