"""The package reverse-monte-carlo, greedy, one thread."""

from __future__ import annotations

import sys

import numpy as np

from .refinement import Refinement
from .worker import serve

here = sys.path.pop(0)  # where rmc.py is the benchmark
import rmc  # noqa: E402

sys.path.insert(0, here)


class ReverseMonteCarlo(Refinement):
    def restart(self) -> None:
        rmc.set_max_concurrency(1)
        n = len(self.symbols)
        structure = rmc.AtomicStructure(np.ascontiguousarray(self.atoms["positions"]), self.symbols, molecule_ids=range(n))
        self.cell = rmc.PeriodicBC(np.diag(self.atoms["lengths"]))
        self.engine = rmc.Engine(structure, self.cell)
        # A length between 0 and 1.92 s has the mean of a displacement within a cube of ± s. With the seeds of build_atomic_groups, which
        # follow each other, the first displacement of every atom would be ten times shorter.
        for k, seed in enumerate(np.random.default_rng(1).integers(2**32, size=n).tolist()):
            self.engine.add_group(rmc.Group(f"atom {k}", [k], rmc.TranslationGenerator(0.0, 1.92 * self.spec["step"], seed=seed)))
        for term in self.terms():
            self.engine.add_constraint(term)
        if self.spec["minimum"]:
            cores = rmc.InterMolecularDistanceConstraint()
            cores.set_structure(self.engine.structure)
            for i, a in enumerate(self.elements):
                for j, b in enumerate(self.elements[i:], i):
                    cores.set_minimum_distance(a, b, float(self.atoms["minimum"][i, j]))
            self.engine.add_constraint(cores)
        self.engine.run(1)  # counts all pairs

    def terms(self) -> list[object]:
        """The curves it is to follow."""
        g = rmc.PairCorrelationConstraint()
        n = self.spec["n_bins"]
        g.set_experimental_data(np.column_stack([np.linspace(0, self.spec["r_max"], n), self.atoms["g"] - 1]))
        found = [g]
        if self.spec["q"]:
            s, cut = rmc.StructureFactorConstraint(), self.spec["r_max"] - 0.05
            s.set_experimental_data(np.column_stack([self.atoms["q"], self.atoms["s"]]))
            s.set_shape_function(lambda r: float(r < cut))
            found.append(s)
        for term in found:
            term.set_number_density(self.density)
            for i, a in enumerate(self.elements):
                for j, b in enumerate(self.elements[i:], i):
                    term.set_weight(a, b, float(self.atoms["weights"][i, j]))
            term.set_elements(self.engine.structure)
        return found

    def answer(self) -> np.ndarray:
        costs = []
        for term in self.terms():
            term.set_boundary_conditions(self.cell)
            term.initialise()
            costs.append(term.compute_error(np.ascontiguousarray(self.atoms["positions"]), []))
        return np.array(costs)

    def steps(self, n_steps: int) -> None:
        self.engine.run(n_steps)

    def accepted(self) -> int:
        return int(self.engine.steps_accepted)


if __name__ == "__main__":
    serve(ReverseMonteCarlo())
