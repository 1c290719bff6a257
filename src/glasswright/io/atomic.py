"""Files that are either complete or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a scratch file beside ``path``, put it on disk, then rename it into place."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        write(scratch)
        with open(scratch, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_atomically(path, lambda scratch: scratch.write_text(text, encoding="utf-8"))
