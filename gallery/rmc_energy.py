"""Whether the energy of reverse Monte Carlo falls or rises, by where it starts and how closely it follows the data.

Reverse Monte Carlo draws from exp(-N R²/T_chi): without forces the energy goes, from either side, to the one that this ensemble has.
``python gallery/rmc_energy.py --out runs/rmc-energy`` walks silica, against neutron and X-ray data at once, from random atoms, from a glass
quenched at 10 K/ps and from cristobalite; energies by SHIK, which no move sees.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read
from ase.spacegroup import crystal

import glasswright as gw

HERE = Path(__file__).parent
DATA = HERE.parent / "docs" / "examples" / "refine" / "joint.toml"


def cristobalite() -> Atoms:
    """β-cristobalite with oxygen midway between silicon, 3000 atoms at 2.20 g/cm³."""
    cell = crystal("SiO", [(0.125, 0.125, 0.125), (0, 0, 0)], spacegroup=227, setting=2, cellpar=[7.13, 7.13, 7.13, 90, 90, 90])
    return cell.repeat(5)


def cases() -> dict[str, tuple[Atoms | None, Mapping[str, Any]]]:
    """Name → start (None: random atoms) and settings."""
    glass = read(HERE / "glasses" / "silica-shik-10Kps-1.extxyz.gz", format="extxyz")
    held: dict[str, Any] = {"anneal": 0.0, "moves": 300}
    touching = dict.fromkeys(("O-Si", "O-O", "Si-Si"), 0.5)
    return {
        "random, T_chi 0.05 to 0.001": (None, {"n_atoms": 600}),
        "random, T_chi 0.05 to 1e-5": (None, {"n_atoms": 600, "chi_temperature": (0.05, 1e-5)}),
        "random, no least distances": (None, {"n_atoms": 600, "moves": 1200, "anneal": 0.0, "chi_temperature": 1e-3, "minimum_distances": touching}),
        "quenched, T_chi 0.001": (glass, held | {"chi_temperature": 1e-3}),
        "quenched, T_chi 1e-5": (glass, held | {"chi_temperature": 1e-5}),
        "cristobalite, T_chi 0.001": (cristobalite(), held | {"chi_temperature": 1e-3}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/rmc-energy"))
    parser.add_argument("--only", default="", help="Cases whose names contain this.")
    options = parser.parse_args()
    print(f"{'':34s}{'R_chi':>16s}{'U at the start':>16s}{'lowest':>10s}{'after':>8s}{'last (eV/atom)':>16s}{'s':>6s}")
    for number, (name, (start, settings)) in enumerate(cases().items()):
        if options.only not in name:
            continue
        path = options.out / str(number)
        if not (path / "glass.extxyz").exists():
            gw.refine("rmc", DATA, start, "shik", out=path, overwrite=True, report=False, flat_r_chi=1e-9, **settings)
        run = gw.read_run(path)
        h = {column: np.asarray(values) for column, values in run.history.items()}
        lowest, per_atom = int(np.argmin(h["energy"])), h["moves"] / len(run.atoms)
        residual = f"{h['r_chi'][0]:.3f} → {h['r_chi'][-1]:.3f}"
        energies = f"{h['energy'][0]:16.3f}{h['energy'][lowest]:10.3f}{per_atom[lowest]:8.0f}{h['energy'][-1]:16.3f}"
        print(f"{name:34s}{residual:>16s}{energies}{h['time'][-1]:6.0f}")


if __name__ == "__main__":
    main()
