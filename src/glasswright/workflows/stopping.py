"""Telling replicas in other processes, or on other machines, to stop: a file in their directory."""

from __future__ import annotations

from pathlib import Path

_STOP = "stop"


def ask_to_stop(path: Path) -> None:
    """Ask the run in ``path``, going on or still queued, to stop at its next look."""
    (path / _STOP).touch()


def allow(path: Path) -> None:
    """Take back what ``ask_to_stop`` asked."""
    (path / _STOP).unlink(missing_ok=True)


def check_stop(path: Path) -> None:
    """Raise KeyboardInterrupt where the run was asked to stop."""
    if (path / _STOP).exists():
        raise KeyboardInterrupt
