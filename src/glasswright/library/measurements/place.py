"""Where measured data that do not ship are looked for."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "GLASSWRIGHT_DATA"


def data_folder() -> Path | None:
    """The folder named by ``GLASSWRIGHT_DATA``, else ``../shared/data`` beside the working directory or the source tree; None where absent."""
    named = os.environ.get(VARIABLE)
    source_tree = Path(__file__).resolve().parents[4]
    places = [Path(named)] if named else [base.parent / "shared" / "data" for base in (Path.cwd(), source_tree)]
    return next((place for place in places if place.is_dir()), None)


def find(name: str) -> Path | None:
    """A file of the data folder, None where it is absent."""
    folder = data_folder()
    path = None if folder is None else folder / name
    return path if path is not None and path.is_file() else None
