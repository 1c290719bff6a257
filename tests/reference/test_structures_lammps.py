"""Files that LAMMPS itself writes, read back."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.engines.lammps.program import load_lammps
from glasswright.io.structures import read_structure

SCRIPT = """
units metal
atom_style {style}
region box prism -1.5 10 0 11 0.5 12 {tilt}
create_box 2 box
create_atoms 1 random 20 4321 box
create_atoms 2 random 40 1234 box
mass 1 28.0855
mass 2 15.9994
pair_style zero 5.0
pair_coeff * *
write_data {folder}/glass.data
write_dump all custom {folder}/glass.dump id type x y z
write_dump all custom {folder}/scaled.dump id type xs ys zs
write_dump all custom {folder}/element.dump id type element xu yu zu modify element Si O
"""


@pytest.mark.parametrize("style", ["atomic", "charge", "full"])
@pytest.mark.parametrize("tilt", ["0 0 0", "2.0 -1.0 0.5"])
def test_data_and_dump_files_of_lammps(tmp_path, style, tilt):
    lammps = load_lammps()
    program = lammps.lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
    try:
        for line in SCRIPT.format(style=style, tilt=tilt, folder=tmp_path).strip().splitlines():
            program.command(line)
        positions = np.array(program.numpy.extract_atom("x")[: program.get_natoms()])
        order = np.argsort(program.numpy.extract_atom("id")[: program.get_natoms()])
        volume = program.get_thermo("vol")
    finally:
        program.close()
    read = {
        "data": read_structure(tmp_path / "glass.data"),
        "dump": read_structure(tmp_path / "glass.dump", types="Si,O"),
        "scaled": read_structure(tmp_path / "scaled.dump", types="Si,O"),
        "element": read_structure(tmp_path / "element.dump"),
    }
    for name, atoms in read.items():
        assert str(atoms.symbols) == "Si20O40", name
        assert atoms.get_volume() == pytest.approx(volume, rel=1e-6), name
        # The origin may shift, separations under periodic images may not. Dumps carry six digits: 5e-5 Å at 13 Å, for two atoms.
        tolerance = 1e-9 if name == "data" else 1.1e-5
        for i, j in ((0, 7), (3, 55), (20, 59)):
            separation = atoms.cell.scaled_positions((positions[order][i] - positions[order][j])[None])[0]
            there = atoms.cell.scaled_positions((atoms.positions[i] - atoms.positions[j])[None])[0]
            assert np.allclose((separation - there + 0.5) % 1.0 - 0.5, 0, atol=tolerance), name
