"""Whatever a structure file holds: atoms in a cell, or a clear refusal."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.errors import InputError
from glasswright.io.structures import read_structure

GLASS = Atoms("Si4O8", positions=np.random.default_rng(1).random((12, 3)) * 7, cell=[7.0] * 3, pbc=True)
DUMP = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 6\n0 6\n0 6\nITEM: ATOMS id type x y z\n1 1 1 1 1\n2 2 3 3 3\n"


def _written(suffix, **arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        write(path, GLASS, **arguments)
        return path.read_bytes()


FILES = {
    "extxyz": _written("extxyz"),
    "vasp": _written("vasp"),
    "cif": _written("cif"),
    "data": _written("data", format="lammps-data", masses=True),
    "dump": DUMP.encode() * 2,
}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_damaged_file_is_read_or_refused(suffix, data):
    content = bytearray(FILES[suffix])
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=6))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        path.write_bytes(content)
        try:
            atoms = read_structure(path, types=data.draw(st.sampled_from([None, "Si,O"])))
        except InputError:
            return
    assert len(atoms) > 0
    assert atoms.get_volume() > 0
    assert np.isfinite(atoms.positions).all()
    assert atoms.pbc.all()
