"""The force fields of the benchmarks, for glasswright and as LAMMPS commands (type 1 is O, type 2 is Si)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from glasswright.forcefield import ForceField, PairTerm
from glasswright.forms.tabulate import pair_energy_force
from glasswright.library.forcefields import load_forcefield

KCAL = 0.0433641153  # eV
SHORT = 5.5
"""Where the Buckingham part of BKS ends [Å]."""
SPECIES = ("O", "Si")
CHARGES = ("set type 1 charge -1.2", "set type 2 charge 2.4")
BUCKINGHAM = ("1 2 {} 18003.7572 0.205204814 133.5381", "1 1 {} 1388.773 0.362318841 175.0")
CORE = ("pair_coeff * * nm/cut 0.0 1.0 30 6", "pair_coeff 1 2 nm/cut 0.006629613 1.404752 30 6", "pair_coeff 1 1 nm/cut 0.002249236 1.902647 30 6")


def forcefield(model: str, cutoff: float) -> ForceField:
    """``bks/dsf``, ``bks`` (Ewald), ``jax-md`` (its form of BKS) or another name of the library; ``cutoff`` is that of the Coulomb part [Å]."""
    if model == "jax-md":
        return jax_md_bks(cutoff)
    ff = load_forcefield(model)
    return replace(ff, coulomb=replace(ff.coulomb, cutoff=cutoff)) if ff.coulomb.method != "none" else ff


def jax_md_bks(cutoff: float) -> ForceField:
    """The BKS of jax-md 0.2 (its ``BKS_SILICA_DICT``, kcal/mol): all terms end at the cutoff, unshifted."""
    ff = load_forcefield("bks/dsf")
    rows = {("O", "Si"): (471671.1243, 0.19173537, 2156.074422, 668.7557239), ("O", "O"): (23138.64826, 0.356855265, 1879.223108, 2605.841269)}
    rows[("Si", "Si")] = (0.0, 1.0, 0.0, 78940848.06)
    # Its Coulomb constant is 332.06371 kcal/mol Å, ours 14.399645 eV Å.
    scale = np.sqrt(332.06371 * KCAL / 14.3996454784)
    charges = {"O": -0.977476019 * scale, "Si": 1.954952037 * scale}
    species = tuple(replace(s, charge=charges[s.name]) for s in ff.species)
    pairs = {pair: PairTerm(pair, "buckingham24", {"A": KCAL * a, "B": 1 / rho, "C": KCAL * c, "D": KCAL * d}, cutoff) for pair, (a, rho, c, d) in rows.items()}
    return replace(ff, name="jax-md", species=species, pairs=MappingProxyType(pairs), coulomb=replace(ff.coulomb, cutoff=cutoff))


def hybrid_dsf(cutoff: float) -> list[str]:
    """What people write for BKS with a cut Coulomb sum, with the core without which the melt collapses."""
    return [
        *CHARGES,
        f"pair_style hybrid/overlay buck {SHORT} nm/cut {SHORT} coul/dsf 0.25 {cutoff}",
        "pair_modify shift yes",
        "pair_coeff * * buck 0.0 1.0 0.0",
        *CORE,
        "pair_coeff * * coul/dsf",
        *("pair_coeff " + row.format("buck") for row in BUCKINGHAM),
    ]


def buckingham_long(cutoff: float, *kspace: str) -> list[str]:
    """BKS without core and with Ewald: a melt of it lives for some hundred steps."""
    return [
        *CHARGES,
        f"pair_style buck/coul/long {SHORT} {cutoff}",
        "pair_modify shift yes",
        "pair_coeff * * 0.0 1.0 0.0",
        *("pair_coeff " + row.format("") for row in BUCKINGHAM),
        *kspace,
    ]


def hybrid_ewald(cutoff: float, *kspace: str) -> list[str]:
    """BKS with core and Ewald."""
    return [
        *CHARGES,
        f"pair_style hybrid/overlay buck/coul/long {SHORT} {cutoff} nm/cut {SHORT}",
        "pair_modify shift yes",
        "pair_coeff * * buck/coul/long 0.0 1.0 0.0",
        *CORE,
        *("pair_coeff " + row.format("buck/coul/long") for row in BUCKINGHAM),
        *kspace,
    ]


def tables(folder: Path, model: str, cutoff: float, interpolation: str, alpha: float | None = None) -> list[str]:
    """All terms of a pair in one table; ``interpolation`` is that of LAMMPS with its number, such as ``linear 2000``."""
    ff, rows = forcefield(model, cutoff), 20000
    bound = ff.bind(_one_of_each())
    r = np.sqrt(np.linspace(0.7**2, cutoff**2, rows))
    path = folder / f"{model.replace('/', '-')}-{cutoff:g}-{alpha or 0:.6g}.table"
    if not path.exists():
        r[-1] = np.nextafter(cutoff, 0)
        with open(path, "w", encoding="utf-8") as file:
            for i, j in ((0, 0), (0, 1), (1, 1)):
                energy, force = pair_energy_force(bound, SPECIES[i], SPECIES[j], r, alpha)
                file.write(f"# {SPECIES[i]}-{SPECIES[j]}\n\n{i + 1}-{j + 1}\nN {rows} RSQ 0.7 {cutoff}\n\n")
                np.savetxt(file, np.column_stack([np.arange(1, rows + 1), r, energy, force]), fmt="%d %.15g %.15g %.15g")
    lines = [f"pair_coeff {i} {j} {path} {i}-{j} {cutoff}" for i, j in ((1, 1), (1, 2), (2, 2))]
    return [*CHARGES, f"pair_style table {interpolation} {'pppm' if alpha else ''}", *lines]


def _one_of_each() -> object:
    from ase import Atoms

    return Atoms("SiO2", positions=np.eye(3), cell=[30, 30, 30], pbc=True)
