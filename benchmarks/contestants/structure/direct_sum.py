"""S(Q) on the full reciprocal lattice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from .contestant import Answer, Call, contestant, groups


def q_max(n_atoms: int) -> float:
    """The direct sum goes so far [1/Å]."""
    return 10.0 if n_atoms < 100_000 else 5.0


def q_bins(n_atoms: int) -> np.ndarray:
    """Middles of bins of 0.1 [1/Å]."""
    return np.arange(0.55, q_max(n_atoms), 0.1)


@contestant("direct S(Q)", "glasswright")
def direct_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import partial_structure_factors

    q = q_bins(len(atoms))
    c = np.mean(atoms.numbers == 14)

    def call() -> Answer:
        s = [partial.y for partial in partial_structure_factors(atoms, q, method="direct", q_width=0.1).values()]
        return {"S(Q)": 1 + (1 - c) ** 2 * (s[0] - 1) + 2 * c * (1 - c) * (s[1] - 1) + c**2 * (s[2] - 1)}

    return call


@contestant("direct S(Q)", "dynasor")
def direct_dynasor(atoms: Atoms, folder: Path) -> Call:
    from ase.io.trajectory import Trajectory as Writer
    from dynasor import Trajectory, compute_static_structure_factors
    from dynasor.qpoints import get_spherical_qpoints

    q, path = q_bins(len(atoms)), folder / f"still-{len(atoms)}.traj"
    with Writer(path, "w") as file:
        for _ in range(2):
            file.write(atoms)

    def call() -> Answer:
        vectors = get_spherical_qpoints(atoms.cell.array, q_max(len(atoms)))
        vectors = vectors[np.linalg.norm(vectors, axis=1) > 0.5]
        sample = compute_static_structure_factors(Trajectory(str(path), "ase", atomic_indices=groups(atoms), frame_stop=1), vectors)
        s = sum(sample[f"Sq_{pair}"] for pair in ("O_O", "O_Si", "Si_Si")).ravel()
        bin_of = np.round((np.linalg.norm(vectors, axis=1) - q[0]) / 0.1).astype(int)
        return {"S(Q)": (np.bincount(bin_of, s) / np.bincount(bin_of))[: q.size]}

    return call


@contestant("direct S(Q)", "freud")
def direct_freud(atoms: Atoms, folder: Path) -> Call:
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box(*atoms.cell.lengths())
    limit = q_max(len(atoms))

    def call() -> Answer:
        found = freud.diffraction.StaticStructureFactorDirect(round((limit - 0.5) / 0.1), k_max=limit, k_min=0.5)
        return {"S(Q)": np.array(found.compute((box, atoms.positions)).S_k)}

    return call
