"""glasswright itself, through the engine that users get."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from glasswright.engines import get_engine
from glasswright.stage import Stage

from .models import forcefield
from .worker import Served, serve


class Product(Served):
    """``spec``: ``model`` and ``cutoff`` [Å] of the force field, ``engine`` and its ``settings``, ``temperature`` [K]."""

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.structure = Atoms(atoms["symbols"].tolist(), positions=atoms["positions"], cell=atoms["lengths"], pbc=True)
        model = forcefield(spec["model"], spec["cutoff"])
        engine, _ = get_engine(spec["engine"], model, **spec["settings"])
        self.structure.calc = engine.calculator(model)
        self.simulation: Any = engine.open(self.structure, model, Path(self.folder.name))
        self.temperature, self.moving = spec["temperature"], False

    def answer(self) -> np.ndarray:
        return np.array(self.structure.get_forces())

    def prepare(self) -> None:
        if not self.moving:
            t = self.temperature
            self.simulation.set_velocities(t, seed=2)
            self.simulation.start(Stage("sample", "nvt", 10_000_000, 1.0, (t, t)))
            self.simulation.advance(1)
            self.moving = True

    def steps(self, n_steps: int) -> None:
        self.simulation.advance(n_steps)


if __name__ == "__main__":
    serve(Product())
