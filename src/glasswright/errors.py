"""Errors that say what is wrong, why, and what to type or change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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


def check_keys(keys: Iterable[object], known: Sequence[str], of: str) -> None:
    """Refuse a key that is no setting ``of`` something, with the nearest known one.

    Raises
    ------
    InputError
        For the first that is unknown.
    """
    for key in keys:
        if key not in known:
            from difflib import get_close_matches

            near = get_close_matches(str(key), known, 1)
            raise InputError(f"{key!r} is no setting of {of}.", mend=f"Did you mean {near[0]!r}?" if near else f"Settings: {', '.join(known)}.")
