"""The package fullrmc 4.1.0, which installs on nothing newer than Python 3.9 (with Cython below 3 and NumPy below 1.24)."""

from __future__ import annotations

import os
import tempfile
import warnings

import numpy as np

from .refinement import Refinement, shells
from .worker import serve

os.chdir(tempfile.gettempdir())  # where its log goes

from fullrmc.Constraints.DistanceConstraints import InterMolecularDistanceConstraint  # noqa: E402
from fullrmc.Constraints.PairCorrelationConstraints import PairCorrelationConstraint  # noqa: E402
from fullrmc.Engine import Engine  # noqa: E402
from fullrmc.Generators.Translations import TranslationGenerator  # noqa: E402
from fullrmc.Globals import LOGGER, maxint  # noqa: E402

warnings.simplefilter("ignore")
LOGGER.set_minimum_level(maxint, stdoutFlag=True, fileFlag=True)
RECORD = "ATOM  {:>5d} {:<4s} {:<3s}  {:>4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00          {:>2s}"


class Fullrmc(Refinement):
    def restart(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.engine = Engine(path=f"{self.folder.name}/engine.rmc", freshStart=True)
        lines = [
            RECORD.format(k % 100_000, symbol, symbol, k % 10_000, *position, symbol)
            for k, (symbol, position) in enumerate(zip(self.symbols, self.atoms["positions"]), 1)  # noqa: B905
        ]
        self.engine.set_pdb([line + "\n" for line in lines], boundaryConditions=float(self.atoms["lengths"][0]))
        n, r_max = self.spec["n_bins"], self.spec["r_max"]
        middles = (np.arange(n) + 0.5) * r_max / n
        # The curve was divided by the shells of another program.
        g = self.atoms["g"] * shells(r_max / (n - 1), n) / shells(r_max / n, n)
        self.curve = PairCorrelationConstraint(np.column_stack([middles, g]).astype(np.float32), weighting="neutronCohb")
        self.engine.add_constraints([self.curve])
        if self.spec["minimum"]:
            pairs = [(a, b, float(self.atoms["minimum"][i, j])) for i, a in enumerate(self.elements) for j, b in enumerate(self.elements) if i <= j]
            cores = InterMolecularDistanceConstraint(flexible=False)
            self.engine.add_constraints([cores])
            cores.set_pairs_distance([(a.lower(), b.lower(), d) for a, b, d in pairs])
        self.engine.set_groups_as_atoms()
        for group in self.engine.groups:
            group.set_move_generator(TranslationGenerator(amplitude=1.92 * self.spec["step"]))
        self.engine.save()
        self.engine.run(numberOfSteps=1, saveFrequency=10**9, restartPdb=None, ncores=1)  # counts all pairs

    def answer(self) -> np.ndarray:
        return np.array([float(self.curve.standardError)])

    def steps(self, n_steps: int) -> None:
        self.engine.run(numberOfSteps=n_steps, saveFrequency=10**9, restartPdb=None, ncores=1)

    def accepted(self) -> int:
        return int(self.engine.accepted)


if __name__ == "__main__":
    serve(Fullrmc())
