"""What a merged table is worth: steps per second of one silica melt in LAMMPS, and the price of cutting the Coulomb sum.

The same 3000 atoms of liquid BKS silica run NVT by four routes: our merged table with damped shifted force Coulomb, the same
physics as ``hybrid/overlay buck + nm/cut (the core) + coul/dsf``, our tables with the measured PPPM, and LAMMPS' own ``buck/coul/long`` with PPPM 1e-5.
Forces are compared before anything is timed. Then melts with either Coulomb method are followed for energy, pressure and structure.

Run it as ``make bench-md-tables``, or with ``--quick`` for a look in half a minute.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal

from glasswright.analysis import partial_rdf
from glasswright.engines import Simulation
from glasswright.engines.lammps import LammpsEngine
from glasswright.engines.lammps.program import load_lammps
from glasswright.forcefield import ForceField
from glasswright.library.forcefields import load_forcefield
from glasswright.stage import Stage

QUICK = "--quick" in sys.argv
TEMPERATURE = 3500.0
STEPS, REPEATS = (40, 3) if QUICK else (200, 5)
MELT, EQUILIBRATION, FRAMES, STRIDE = (2000, 200, 5, 50) if QUICK else (4000, 1000, 20, 75)
CORE = ("pair_coeff * * nm/cut 0.0 1.0 30 6", "pair_coeff 1 2 nm/cut 0.006629613 1.404752 30 6", "pair_coeff 1 1 nm/cut 0.002249236 1.902647 30 6")
BUCKINGHAM = ("1 2 {} 18003.7572 0.205204814 133.5381", "1 1 {} 1388.773 0.362318841 175.0")
NATIVE_DSF = (
    "pair_style hybrid/overlay buck 5.5 nm/cut 5.5 coul/dsf 0.25 8.0",
    "pair_modify shift yes",
    "pair_coeff * * buck 0.0 1.0 0.0",
    *CORE,
    "pair_coeff * * coul/dsf",
    *("pair_coeff " + row.format("buck") for row in BUCKINGHAM),
)
NATIVE_EWALD = (
    "pair_style hybrid/overlay buck/coul/long 5.5 8.0 nm/cut 5.5",
    "pair_modify shift yes",
    "pair_coeff * * buck/coul/long 0.0 1.0 0.0",
    *CORE,
    *("pair_coeff " + row.format("buck/coul/long") for row in BUCKINGHAM),
    "kspace_style pppm 1e-5",
)


@dataclass
class Contestant:
    """One way to run the melt."""

    name: str
    model: str
    forces: np.ndarray
    run: Callable[[int], None]
    seconds: list[float]


def model(coulomb: str) -> ForceField:
    return load_forcefield("bks", coulomb=None if coulomb == "ewald" else coulomb)


def liquid(folder: Path) -> Atoms:
    """Cristobalite of 3000 atoms, molten."""
    sites = [(0, 0, 0), (1 / 8, 1 / 8, 1 / 8)]
    atoms = crystal(["Si", "O"], basis=sites, spacegroup=227, cellpar=[7.16, 7.16, 7.16, 90, 90, 90]).repeat(5)
    with LammpsEngine().open(atoms, model("dsf"), folder) as simulation:
        simulation.set_velocities(9000.0, seed=1)
        simulation.start(Stage("melt", "nvt", MELT, 1.0, (9000.0, 4000.0)))
        simulation.advance(MELT)
        simulation.start(Stage("melt", "nvt", MELT, 1.0, (4000.0, TEMPERATURE)))
        atoms.positions = simulation.advance(MELT).positions
    atoms.wrap()
    return atoms


def ours(name: str, coulomb: str, atoms: Atoms, folder: Path, engine: LammpsEngine) -> Contestant:
    simulation: Any = engine.open(atoms, model(coulomb), folder / name.replace(" ", "-").replace("/", "-"))
    forces = simulation.forces()
    simulation.set_velocities(TEMPERATURE, seed=2)
    simulation.start(Stage("sample", "nvt", 1_000_000, 1.0, (TEMPERATURE, TEMPERATURE)))
    return Contestant(name, coulomb, forces, simulation.advance, [])


def native(name: str, coulomb: str, atoms: Atoms, styles: tuple[str, ...], fast: bool) -> Contestant:
    lmp = load_lammps().lammps(cmdargs=["-screen", "none", "-log", "none", *(["-sf", "omp", "-pk", "omp", "1"] if fast else [])])
    lengths = atoms.cell.lengths()
    lmp.commands_list(["units metal", "atom_style charge", "atom_modify map array", "region box block 0 {} 0 {} 0 {}".format(*lengths), "create_box 2 box"])
    lmp.create_atoms(len(atoms), None, [1 if s == "O" else 2 for s in atoms.symbols], atoms.positions.flatten().tolist())
    lmp.commands_list(["mass 1 15.999", "mass 2 28.085", "set type 1 charge -1.2", "set type 2 charge 2.4", *styles, "thermo 0", "run 0 post no"])
    forces = np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
    if fast:
        lmp.commands_list(["neighbor 0.6 bin", "neigh_modify every 1 delay 0 check yes"])
    lmp.commands_list([f"velocity all create {TEMPERATURE} 2 mom yes dist gaussian", f"fix 1 all nvt temp {TEMPERATURE} {TEMPERATURE} 0.1", "run 0 post no"])
    return Contestant(name, coulomb, forces, lambda n: lmp.command(f"run {n} pre no post no"), [])


def error(forces: np.ndarray, reference: np.ndarray) -> float:
    """rms(ΔF)/rms(F)."""
    return float(np.sqrt(np.mean((forces - reference) ** 2) / np.mean(reference**2)))


def race(contestants: list[Contestant]) -> None:
    """Time all in turn, so that the machine's moods touch all alike."""
    for contestant in contestants:
        contestant.run(STEPS // 4)
    for _ in range(REPEATS):
        for contestant in contestants:
            start = time.perf_counter()
            contestant.run(STEPS)
            contestant.seconds.append(time.perf_counter() - start)


def followed(coulomb: str, atoms: Atoms, folder: Path) -> dict[str, float]:
    """Energy, pressure and first peaks of the melt with one Coulomb method."""
    simulation: Simulation
    with LammpsEngine().open(atoms, model(coulomb), folder / f"followed-{coulomb}") as simulation:
        simulation.set_velocities(TEMPERATURE, seed=3)
        simulation.start(Stage("sample", "nvt", EQUILIBRATION + FRAMES * STRIDE, 1.0, (TEMPERATURE, TEMPERATURE)))
        simulation.advance(EQUILIBRATION)
        states = [simulation.advance(STRIDE) for _ in range(FRAMES)]
    frames = []
    for state in states:
        frame = atoms.copy()
        frame.positions = state.positions
        frames.append(frame)
    found = {"energy [eV/atom]": np.mean([s.potential_energy for s in states]) / len(atoms), "pressure [GPa]": np.mean([s.pressure for s in states])}
    for (a, b), curve in partial_rdf(frames, r_max=5.0, bin_width=0.02).items():
        top = np.argsort(curve.y)[-5:]
        found[f"{a}-{b} first peak [Å]"] = np.average(curve.x[top], weights=curve.y[top])
        found[f"{a}-{b} peak height"] = curve.y.max()
    return {name: float(value) for name, value in found.items()}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        atoms = liquid(folder / "liquid")
        exact = ours("exact Ewald", "ewald", atoms, folder, LammpsEngine(kspace="ewald")).forces
        contestants = [
            ours("merged table, dsf", "dsf", atoms, folder, LammpsEngine()),
            native("hybrid/overlay buck + nm/cut + coul/dsf", "dsf", atoms, NATIVE_DSF, fast=False),
            native("the same, /omp styles, skin 0.6 Å", "dsf", atoms, NATIVE_DSF, fast=True),
            ours("tables + PPPM, measured 1e-5", "ewald", atoms, folder, LammpsEngine(accuracy=1e-5)),
            ours("tables + PPPM, measured 1e-4", "ewald", atoms, folder, LammpsEngine(accuracy=1e-4)),
            native("buck/coul/long + PPPM 1e-5, defaults", "ewald", atoms, NATIVE_EWALD, fast=False),
        ]
        reference = {"dsf": contestants[1].forces, "ewald": exact}
        errors = {c.name: error(c.forces, reference[c.model]) for c in contestants}
        if max(errors.values()) > 1e-3:
            sys.exit(f"The forces do not agree, so there is nothing to time: {errors}")
        race(contestants)
        price = {coulomb: followed(coulomb, atoms, folder) for coulomb in ("ewald", "dsf")}
        price["dsf"]["force difference from Ewald"] = error(reference["dsf"], exact)
    report(len(atoms), contestants, errors, price)


def report(n_atoms: int, contestants: list[Contestant], errors: dict[str, float], price: dict[str, dict[str, float]]) -> None:
    slowest = statistics.median(contestants[1].seconds)
    print(f"\n{n_atoms} atoms of BKS silica at {TEMPERATURE:g} K, NVT, one thread; median of {REPEATS} × {STEPS} steps\n")
    print(f"{'':40s}{'steps/s':>9s}{'M atom-steps/s':>16s}{'ratio':>7s}{'force error':>13s}")
    rows = []
    for c in contestants:
        median = statistics.median(c.seconds)
        row = {"name": c.name, "steps_per_second": STEPS / median, "ratio": slowest / median, "force_error": errors[c.name], "seconds": c.seconds}
        rows.append(row)
        print(f"{c.name:40s}{STEPS / median:9.1f}{n_atoms * STEPS / median / 1e6:16.3f}{slowest / median:7.2f}{errors[c.name]:13.1e}")
    print("\nratio: to hybrid/overlay as it stands. force error: rms(ΔF)/rms(F), dsf against hybrid/overlay, the others against exact Ewald.")
    print(f"\nThe price of dsf (α = 0.25 1/Å, 8 Å): forces {100 * price['dsf']['force difference from Ewald']:.1f} % rms from Ewald on one configuration\n")
    print(f"{'':30s}{'Ewald':>12s}{'dsf':>12s}{'difference':>12s}")
    for name, value in price["ewald"].items():
        print(f"{name:30s}{value:12.4f}{price['dsf'][name]:12.4f}{price['dsf'][name] - value:12.4f}")
    versions = {name: metadata.version(name) for name in ("glasswright", "lammps", "mpich", "numpy")} | {"python": platform.python_version()}
    machine = {"processor": processor(), "cores": os.cpu_count(), "load": os.getloadavg(), "system": platform.platform()}
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    record = {"atoms": n_atoms, "steps": STEPS, "quick": QUICK, "runs": rows, "price": price, "versions": versions, "machine": machine}
    (results / "md-tables.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def processor() -> str:
    listing = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in listing.read_text().splitlines() if line.startswith("model name")] if listing.exists() else []
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
