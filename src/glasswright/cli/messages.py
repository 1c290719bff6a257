"""What a person reads when a command ends early."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from ..errors import GlasswrightError, InputError, RunFailed

if TYPE_CHECKING:
    from rich.console import Console

STOPPED = 130
"""Exit status after Ctrl-C, as shells have it."""
_WRONG_PATH = (FileNotFoundError, FileExistsError, PermissionError, NotADirectoryError, IsADirectoryError)


def console(stderr: bool = False) -> Console:
    """A rich console; colours only where a terminal is watching. Text is printed as it is: colour comes from ``rich.text.Text``."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


class PlainErrors(TyperGroup):
    """Commands whose errors are sentences and never tracebacks."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GlasswrightError as error:
            _leave(error)
        except KeyboardInterrupt:
            print_problem("Stopped.")
            raise typer.Exit(STOPPED) from None
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            _leave(_plain(error))


def print_problem(what: str, why: str = "", mend: str = "") -> None:
    """Print a problem on stderr: what in red, then why and how to mend it."""
    from rich.text import Text

    out = console(stderr=True)
    out.print(Text.assemble(("error: ", "bold red"), what))
    if why:
        out.print(Text(why))
    if mend:
        out.print(Text(mend, "green"))


def next_command(command: str) -> None:
    """Print what to type next."""
    from rich.text import Text

    console().print(Text.assemble("next: ", (command, "bold cyan")))


@contextmanager
def resumable(directory: Path) -> Iterator[None]:
    """Say how to go on when a run in ``directory`` is stopped by hand."""
    try:
        yield
    except KeyboardInterrupt:
        begun = (directory / "run.toml").is_file()
        print_problem("Stopped.", mend=f"Resume with `glasswright resume {directory}`." if begun else "Nothing had begun.")
        raise typer.Exit(STOPPED) from None


def _leave(error: GlasswrightError) -> NoReturn:
    print_problem(error.what, error.why, error.mend)
    raise typer.Exit(error.exit_status) from error


def _plain(error: OSError) -> GlasswrightError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed("The disk is full.", mend="Make room.")
    kind = InputError if isinstance(error, _WRONG_PATH) else RunFailed
    name = f"{error.filename}: " if error.filename else ""
    return kind(f"{name}{error.strerror or error}.", mend="Check the path and its permissions.")
