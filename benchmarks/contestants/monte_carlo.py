"""glasswright's own Monte Carlo, one thread."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets import Binwise, PairBins, Residual
from glasswright.targets.compression import compress
from glasswright.targets.pair_map import PairMap

from .refinement import BINS, FIRST, WIDTH, Refinement, fitted_scale, shells, transform
from .worker import serve

TOLERANCE = 1e-5
"""Of R_chi, in the compression of S(Q)."""
TEMPERATURE = 300.0
"""With a force field [K]."""


class Product(Refinement):
    """``spec`` may name a ``forcefield`` whose energy counts as well; ``with`` says at which Coulomb method and cutoff."""

    kernel: MonteCarlo

    def restart(self) -> None:
        atoms, spec = self.atoms, self.spec
        types = np.array([self.elements.index(s) for s in self.symbols])
        n_types = len(self.elements)
        self.kernel = MonteCarlo(
            atoms["positions"], np.diag(atoms["lengths"]), types, n_types, r_max=spec["r_max"], n_bins=spec["n_bins"],
            minimum_distances=atoms["minimum"] if spec["minimum"] else None, seed=1,
        )  # fmt: skip
        if not hasattr(self, "data"):
            self.data = self._data()
        self.kernel.set_data(self.data)
        self.settings = {"chi_temperature": 0.0, "moves": Moves(step=spec["step"])}
        if spec["forcefield"]:
            self._install(spec["forcefield"])

    def _data(self) -> list[Binwise | Residual]:
        n, r_max = self.spec["n_bins"], self.spec["r_max"]
        per_pair = 2 * self.atoms["weights"] / len(self.symbols)
        histogram = self.kernel.histogram
        seen = np.einsum("ab,abk->k", per_pair, histogram)
        wanted = self.atoms["g"] - 1
        volumes = shells(r_max / (n - 1), n) * self.density
        scale = fitted_scale(seen / volumes - 1, wanted)
        found: list[Binwise | Residual] = [Binwise(scale * per_pair[:, :, None] / volumes, scale + wanted, 0.0)]
        if self.spec["q"]:
            matrix, constant = transform(self.atoms["q"], self.density, r_max - 0.05)
            bin_of = np.floor(((np.arange(n) + 0.5) * r_max / n - FIRST) / WIDTH).astype(int)
            matrix = np.where((bin_of >= 0)[:, None] & (bin_of < BINS)[:, None], matrix[np.clip(bin_of, 0, BINS - 1)], 0.0)
            found.append(self._compressed(matrix, constant, seen, per_pair))
        return found

    def _compressed(self, matrix: np.ndarray, constant: np.ndarray, seen: np.ndarray, per_pair: np.ndarray) -> Residual:
        """S(Q) in as many numbers as it needs."""
        q, target = self.atoms["q"], self.atoms["s"]
        scale = fitted_scale(constant + seen @ matrix, target)
        cell = Atoms(self.symbols, positions=self.atoms["positions"], cell=self.atoms["lengths"], pbc=True)
        bins = PairBins.of(cell, self.spec["r_max"], self.spec["n_bins"])
        pairs = {
            (a, b): per_pair[i, j] / bins.per_pair((a, b)) * np.ones_like(q) for i, a in enumerate(self.elements) for j, b in enumerate(self.elements) if i <= j
        }
        directions = compress(PairMap(bins, q, matrix, pairs, None), float(np.linalg.norm(target - 1)), TOLERANCE).directions
        rest = scale * constant - target
        along = rest @ directions
        rows = scale * per_pair[:, :, None, None] * (matrix @ directions)
        return Residual(rows.astype(np.float32), along, max(0.0, float(rest @ rest - along @ along)))

    def _install(self, name: str) -> None:
        from glasswright.engines.native.engine import NativeEngine
        from glasswright.engines.native.monte_carlo import monte_carlo_energy
        from glasswright.library.forcefields import load_forcefield
        from glasswright.units import BOLTZMANN

        library, _, coulomb = name.partition("/")
        cell = Atoms(self.symbols, positions=self.atoms["positions"], cell=self.atoms["lengths"], pbc=True)
        if not hasattr(self, "energy"):
            interactions = NativeEngine().interactions(load_forcefield(library, coulomb=coulomb or None), cell)
            self.energy = monte_carlo_energy(interactions, cell.cell.array, r_max=self.spec["r_max"])
        self.energy.install(self.kernel)
        self.settings |= {"temperature": BOLTZMANN * TEMPERATURE, "energy_weight": 1.0}

    def answer(self) -> np.ndarray:
        return self.kernel.residuals

    def steps(self, n_steps: int) -> None:
        self.counts = self.kernel.run(n_steps, **self.settings)

    def accepted(self) -> int:
        return self.counts.accepted


if __name__ == "__main__":
    serve(Product())
