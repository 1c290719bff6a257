"""What a contestant is, and the list of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

Answer = dict[str, np.ndarray]
Call = Callable[[], Answer]
BOND = 2.2
"""Si-O [Å]."""

CONTESTANTS: dict[tuple[str, str], Callable[[Atoms, Path], Call]] = {}


def contestant(task: str, code: str, **settings: str) -> Callable[[Any], Any]:
    """Register a function for one task and program."""

    def register(function: Any) -> Any:
        CONTESTANTS[task, code] = partial(function, **settings)
        return function

    return register


def ovito_pipeline(atoms: Atoms) -> Any:
    from ovito.io.ase import ase_to_ovito
    from ovito.pipeline import Pipeline, StaticSource

    return Pipeline(source=StaticSource(data=ase_to_ovito(atoms)))


def groups(atoms: Atoms) -> dict[str, np.ndarray]:
    """Atoms of each element."""
    return {element: np.flatnonzero(atoms.numbers == z) for element, z in (("O", 8), ("Si", 14))}
