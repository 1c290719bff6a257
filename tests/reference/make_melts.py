"""Makes tests/reference/melts/*.extxyz: small melts in which every species of a force field occurs.

Run it from the repository root as ``python tests/reference/make_melts.py``: it makes the missing ones. The files are kept, so that
tests compare the same atoms forever.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.io import write

from glasswright.engines import get_engine
from glasswright.library.forcefields import load_forcefield
from glasswright.stage import Stage

# Cations and the oxygens that each brings; Fe2 and Fe3 are labels.
_OXYGEN = {
    **dict.fromkeys(("Li", "Na", "K", "Cu", "Ag"), 0.5),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Mn", "Fe2", "Co", "Ni", "Zn"), 1.0),
    **dict.fromkeys(("B", "Al", "Sc", "Cr", "Fe3", "La", "Y", "Nd", "Er", "Eu", "Ce", "Gd"), 1.5),
    **dict.fromkeys(("Si", "Ti", "Zr", "Ge", "Sn"), 2.0),
    "P": 2.5,
}
_WITHOUT_OXYGEN = ("sw-si",)
MELTS: dict[str, dict[str, int]] = {
    "silica": {"Si": 48},
    "teter": {
        **dict.fromkeys(("Na", "Li", "K", "Ca", "Sr", "Mg", "Ba", "Al", "P", "Zr", "Ti", "La", "Y", "Nd", "Fe2", "Fe3", "Er", "Eu", "Ce"), 2),
        "B": 8,
        "Si": 24,
    },
    "shik": {**dict.fromkeys(("Na", "Li", "K", "Ca", "Mg", "Al"), 4), "B": 8, "Si": 24},
    "wang-bauchy": {"Na": 8, "Ca": 8, "B": 16, "Si": 24},
    "guillot-sator": {**dict.fromkeys(("Ti", "Al", "Fe3", "Fe2", "Mg", "Ca", "Na", "K"), 4), "Si": 24},
    "pmmcs-1": {**dict.fromkeys(("Li", "Na", "K", "Be", "Mg", "Ca", "Sr", "Ba", "Al", "Fe2", "Fe3", "Zn", "P"), 2), "Si": 24},
    "pmmcs-2": {**dict.fromkeys(("Sc", "Ti", "Zr", "Cr", "Mn", "Co", "Ni", "Cu", "Ag", "Ge", "Sn", "Nd", "Gd", "Er"), 2), "Si": 24},
    "bouhadja": {"Ca": 12, "Al": 24, "Si": 16},
    "sw-si": {"Si": 216},
}
"""Number of cations of each melt; its name is that of the force field that makes it, before any dash and number (``silica``: bks)."""


def start(cations: dict[str, int], seed: int, oxide: bool) -> Atoms:
    """Species at random on a cubic grid of 0.07 atoms/Å³, without oxygen of 0.054 (liquid silicon)."""
    oxygens = round(sum(_OXYGEN[c] * n for c, n in cations.items())) if oxide else 0
    labels = np.array([c for c, n in cations.items() for _ in range(n)] + ["O"] * oxygens)
    length = (len(labels) / (0.07 if oxide else 0.054)) ** (1 / 3)
    side = int(np.ceil(len(labels) ** (1 / 3)))
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3), axis=-1).reshape(-1, 3) / side
    sites = grid[random.permutation(len(grid))[: len(labels)]]
    numbers = [atomic_numbers[label.rstrip("23")] for label in labels]
    atoms = Atoms(numbers, scaled_positions=sites, cell=[length] * 3, pbc=True)
    atoms.arrays["species"] = labels
    return atoms


def read_melt(name: str) -> Atoms:
    """One of the kept melts with its species labels (extxyz calls the element column ``species``, so the file says ``label``)."""
    from ase.io import read

    atoms = read(Path(__file__).parent / "melts" / f"{name}.extxyz")
    atoms.arrays["species"] = atoms.arrays.pop("label")
    return atoms


def melt(name: str, cations: dict[str, int]) -> Atoms:
    """Two picoseconds at 3000 K at constant volume."""
    atoms = start(cations, seed=7, oxide=name not in _WITHOUT_OXYGEN)
    forcefield = load_forcefield("bks" if name == "silica" else name.rstrip("-12"))
    engine, _ = get_engine("lammps", forcefield)
    with tempfile.TemporaryDirectory() as folder, engine.open(atoms, forcefield, Path(folder)) as simulation:
        simulation.set_velocities(3000, 1)
        simulation.start(Stage("push-off", "nvt", 1000, 1.0, (3000, 3000), max_displacement=0.05))
        simulation.advance(1000)
        simulation.start(Stage("melt", "nvt", 2000, 1.0, (3000, 3000)))
        state = simulation.advance(2000)
    atoms.positions = state.positions
    atoms.wrap()
    atoms.arrays["label"] = atoms.arrays.pop("species")
    return atoms


if __name__ == "__main__":
    folder = Path(__file__).parent / "melts"
    folder.mkdir(exist_ok=True)
    for name, cations in MELTS.items():
        if (folder / f"{name}.extxyz").exists():
            continue
        atoms = melt(name, cations)
        write(folder / f"{name}.extxyz", atoms, format="extxyz", columns=["symbols", "label", "positions"])
        print(name, len(atoms), atoms.cell.lengths()[0])
