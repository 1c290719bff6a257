"""Errors that say what is wrong, why, and what to type or change."""

from __future__ import annotations


class GlasswrightError(Exception):
    """An error meant for the person at the keyboard.

    Parameters
    ----------
    what
        What is wrong, as a sentence.
    why
        The reason, as a sentence; may be empty where the first says it all.
    mend
        What to type or change.
    """

    exit_status = 1
    """Exit status of the command line when this error ends a command."""

    def __init__(self, what: str, why: str = "", mend: str = "") -> None:
        self.what, self.why, self.mend = what, why, mend
        super().__init__(what, why, mend)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.mend) if part)


class InputError(GlasswrightError, ValueError):
    """The request cannot be carried out as typed (exit status 2)."""

    exit_status = 2


class MissingDependency(GlasswrightError, ImportError):
    """An optional package or program is needed and absent (exit status 1)."""


class RunFailed(GlasswrightError, RuntimeError):
    """A run stopped before its end (exit status 1): a guard, the engine or the disk."""
