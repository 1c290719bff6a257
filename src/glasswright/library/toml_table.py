"""TOML files, and their tables whose every complaint names the file and the key."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from ..errors import InputError


def read_toml(path: Path, what: str, *, unread: str, binary: str, invalid: str) -> dict[str, Any]:
    """The content of a TOML file.

    Parameters
    ----------
    what
        What the file is, in complaints: ``"data file"``.
    unread, binary, invalid
        How to mend a file that cannot be read, is no text, or no TOML.

    Raises
    ------
    InputError
        If it is one of these.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise InputError(f"The {what} {path} cannot be read.", f"{error.strerror}.", unread) from error
    except UnicodeDecodeError as error:
        raise InputError(f"The {what} {path} is no text in UTF-8.", mend=binary) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"The {what} {path} is no valid TOML.", f"{error}.", invalid) from error


class Table:
    """One table of the file that knows where it stands, so that every complaint names file and key."""

    def __init__(self, file: str, where: str, values: Any) -> None:
        self.file, self.where = file, where
        if not isinstance(values, dict):
            self.refuse("", f"must be a table, not {values!r}")
        self.values: dict[str, Any] = values
        self.used: set[str] = set()

    def path(self, key: str) -> str:
        return ".".join(part for part in (self.where, key) if part)

    def refuse(self, key: str, why: str, mend: str = "") -> NoReturn:
        raise InputError(f"{self.file}: {self.path(key)} {why}.", mend=mend)

    def has(self, key: str) -> bool:
        return key in self.values

    def raw(self, key: str) -> Any:
        self.used.add(key)
        if key not in self.values:
            self.refuse(key, "is missing")
        return self.values[key]

    def table(self, key: str) -> Table:
        return Table(self.file, self.path(key), self.raw(key))

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self.values:
            return default
        value = self.raw(key)
        if not isinstance(value, str):
            self.refuse(key, f"must be a text, not {value!r}")
        return value

    def number(self, key: str, default: float | None = None, low: float = -math.inf, high: float = math.inf) -> float:
        if default is not None and key not in self.values:
            return default
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, f"must be a number, not {value!r}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or not low <= number <= high:
            span = f" between {low:g} and {high:g}" if math.isfinite(low) or math.isfinite(high) else ""
            self.refuse(key, f"must be a finite number{span}, not {number:g}")
        return number

    def flag(self, key: str, default: bool) -> bool:
        value = self.raw(key) if key in self.values else default
        if not isinstance(value, bool):
            self.refuse(key, f"must be true or false, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw(key) if key in self.values else []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.refuse(key, f"must be a list of texts, not {value!r}")
        return tuple(value)

    def finish(self, known: Iterable[str] = ()) -> None:
        """Refuse a key that nobody asked for and that is not among ``known``."""
        names = sorted({*self.used, *known})
        unknown = sorted(set(self.values) - set(names))
        if unknown:
            near = get_close_matches(unknown[0], names, 1)
            meant = f"Did you mean {near[0]!r}? " if near else ""
            self.refuse(unknown[0], "is not known here", f"{meant}Known: {', '.join(names)}.")
