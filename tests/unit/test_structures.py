"""Structures from files: what is read, how types become elements, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from glasswright.errors import InputError
from glasswright.io.structures import read_structure, write_structure


@pytest.fixture
def glass():
    rng = np.random.default_rng(1)
    return Atoms("Si4O8Na2", positions=rng.random((14, 3)) * 7, cell=[7.0, 7.5, 8.0], pbc=True)


DATA = """LAMMPS data file, {note}

4 atoms
2 atom types

0.0 6.0 xlo xhi
0.0 6.5 ylo yhi
-1.0 6.0 zlo zhi  # comment
{tilt}
{masses}
Atoms{style}

{atoms}
"""
MASSES = "Masses\n\n1 28.0855  # Si\n2 15.9994\n"
CHARGE = "3 2 -1.2 4.0 5.0 1.0\n1 1 2.4 1.0 2.0 3.0\n2 2 -1.2 2.0 2.0 3.0  # an oxygen\n4 1 2.4 0.5 0.5 0.5"
ATOMIC = "3 2 4.0 5.0 1.0\n1 1 1.0 2.0 3.0\n2 2 2.0 2.0 3.0\n4 1 0.5 0.5 0.5"


def _data(path, masses=MASSES, style=" # charge", atoms=CHARGE, tilt=""):
    path.write_text(DATA.format(note="made by hand", masses=masses, style=style, atoms=atoms, tilt=tilt))
    return path


DUMP_FRAME = """ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS pp pp pp
0.0 6.0
0.0 6.0
0.0 6.0
ITEM: ATOMS id type {columns}
2 2 {second}
1 1 1.0 1.0 1.0
3 2 3.0 3.0 3.0
"""


def _dump(path, columns="x y z", second="2.0 2.0 {x}", frames=2):
    path.write_text("".join(DUMP_FRAME.format(step=10 * n, columns=columns, second=second.format(x=2.0 + n)) for n in range(frames)))
    return path


@pytest.mark.parametrize("suffix", ["extxyz", "vasp", "cif", "json", "traj"])
def test_what_ase_writes_comes_back(glass, tmp_path, suffix):
    path = write_structure(tmp_path / f"glass.{suffix}", glass)
    back = read_structure(path)
    assert sorted(back.symbols) == sorted(glass.symbols)
    assert back.get_volume() == pytest.approx(glass.get_volume(), rel=1e-6)
    assert back.pbc.all()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # no scratch file is left


def test_frames_are_chosen_by_number(glass, tmp_path):
    frames = []
    for n in range(3):
        frame = glass.copy()
        frame.positions += n
        frames.append(frame)
    write(tmp_path / "run.extxyz", frames)
    for index in (0, 1, -1, -2):
        assert np.allclose(read_structure(tmp_path / "run.extxyz", index=index).positions, frames[index].positions, atol=1e-6)
    with pytest.raises(InputError, match="no frame 3"):
        read_structure(tmp_path / "run.extxyz", index=3)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"style": ""},
        {"style": " # atomic", "atoms": ATOMIC},
        {"style": "", "atoms": ATOMIC},
        {"style": "", "atoms": "\n".join(f"{line.split('#')[0]} 0 0 0" for line in CHARGE.splitlines())},
        {"style": " # full", "atoms": "\n".join(" ".join([line.split()[0], "1", *line.split("#")[0].split()[1:]]) for line in CHARGE.splitlines())},
        {"masses": "Masses\n\n1 28.0855\n2 15.9994\n"},
    ],
)
def test_lammps_data_file_names_its_elements(tmp_path, arguments):
    atoms = read_structure(_data(tmp_path / "glass.data", **arguments))
    assert str(atoms.symbols) == "SiO2Si"  # in order of the ids
    assert np.allclose(atoms.get_distance(0, 1), 1.0)
    assert np.allclose(atoms.cell.lengths(), [6.0, 6.5, 7.0])


def test_lammps_data_file_with_named_types(tmp_path):
    path = _data(tmp_path / "glass.data", masses="")
    with pytest.raises(InputError, match="type 1"):
        read_structure(path)
    assert str(read_structure(path, types="Ge,O").symbols) == "GeO2Ge"
    assert str(read_structure(path, types=["Ge", "Se"]).symbols) == "GeSe2Ge"
    iron = read_structure(path, types="Fe3, O")
    assert list(iron.arrays["species"]) == ["Fe3", "O", "O", "Fe3"]
    assert str(iron.symbols) == "FeO2Fe"


def test_lammps_data_file_may_be_triclinic(tmp_path):
    atoms = read_structure(_data(tmp_path / "glass.data", tilt="1.0 0.5 0.25 xy xz yz\n"))
    assert np.allclose(atoms.cell, [[6.0, 0, 0], [1.0, 6.5, 0], [0.5, 0.25, 7.0]])


def test_lammps_dump(tmp_path):
    path = _dump(tmp_path / "run.lammpstrj")
    with pytest.raises(InputError, match="types"):
        read_structure(path)
    last, first = read_structure(path, types="Si,O"), read_structure(path, types="Si,O", index=0)
    assert str(last.symbols) == "SiO2"
    assert last.positions[1, 2] == pytest.approx(3.0)
    assert first.positions[1, 2] == pytest.approx(2.0)
    with pytest.raises(InputError, match="no frame 2"):
        read_structure(path, types="Si,O", index=2)


def test_lammps_dump_with_elements_needs_no_types(tmp_path):
    path = tmp_path / "run.dump"
    text = _dump(tmp_path / "x", frames=1).read_text().replace("id type x y z", "id type element x y z")
    text = text.replace("\n2 2 2.0", "\n2 2 O 2.0").replace("\n1 1 1.0", "\n1 1 Si 1.0").replace("\n3 2 3.0", "\n3 2 O 3.0")
    path.write_text(text)
    assert str(read_structure(path).symbols) == "SiO2"


def test_scaled_dump_positions_are_scaled_back(tmp_path):
    path = tmp_path / "run.dump"
    text = _dump(tmp_path / "x", frames=1).read_text().replace("x y z", "xs ys zs")
    path.write_text(text.replace("1.0 1.0 1.0", "0.5 0.5 0.5").replace("2.0 2.0 2.0", "0.25 0.25 0.25").replace("3.0 3.0 3.0", "0.75 0.5 0.5"))
    assert read_structure(path, types="Si,O").positions[0] == pytest.approx([3.0, 3.0, 3.0])


def _cut(path, keep):
    text = path.read_text()
    path.write_text(text[: int(len(text) * keep)])
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: d / "absent.xyz", "no file"),
        (lambda d: d, "folder"),
        (lambda d: (d / "a.xyz").touch() or d / "a.xyz", "empty"),
        (lambda d: (d / "a.xyz").write_bytes(np.random.default_rng(1).bytes(4000)) and d / "a.xyz", "broken|format"),
        (lambda d: (d / "a.data").write_bytes(b"\x00\xff" * 4000) and d / "a.data", "broken|format"),
        (lambda d: (d / "a.xyz").write_text("3\nno cell\nSi 0 0 0\nO 1 0 0\nO 0 1 0\n") and d / "a.xyz", "no periodic cell"),
        (
            lambda d: (d / "a.extxyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 0" Properties=species:S:1:pos:R:3\nSi 0 0 0\n') and d / "a.extxyz",
            "no periodic cell",
        ),
        (lambda d: (d / "a.extxyz").write_text('1\nLattice=".5 0 0 0 .5 0 0 0 .5" Properties=species:S:1:pos:R:3\nSi 0 0 0\n') and d / "a.extxyz", "high"),
        (lambda d: (d / "a.extxyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3\nSi nan 0 0\n') and d / "a.extxyz", "not finite"),
        (
            lambda d: (d / "a.extxyz").write_text('4\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3\nSi 0 0 0\n') and d / "a.extxyz",
            "broken|truncated",
        ),
        (lambda d: (d / "a.extxyz").write_text('0\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3\n') and d / "a.extxyz", "no atoms|broken"),
        (
            lambda d: (d / "a.extxyz").write_text('1\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3\nQq 0 0 0\n') and d / "a.extxyz",
            "broken|element",
        ),
        (lambda d: _cut(_data(d / "a.data"), 0.9), "announces 4 atoms"),
        (lambda d: _cut(_data(d / "a.data"), 0.5), "truncated|broken|format"),
        (lambda d: _data(d / "a.data", style="", atoms="1 1 2 3"), "truncated|style|broken"),
        (lambda d: _data(d / "a.data", atoms=CHARGE.replace("1.0 2.0 3.0", "1.0 two 3.0")), "broken"),
        (lambda d: _data(d / "a.data", masses="Masses\n\n1 28.1\n2 15.5\n"), "type 2"),
    ],
)
def test_broken_files_are_refused(tmp_path, make, words):
    path = make(tmp_path)
    with pytest.raises(InputError, match=words):
        read_structure(path)


@pytest.mark.parametrize("keep", [0.95, 0.8, 0.6, 0.3])
def test_truncated_dump_is_refused(tmp_path, keep):
    with pytest.raises(InputError):
        read_structure(_cut(_dump(tmp_path / "run.dump"), keep), types="Si,O")


@pytest.mark.parametrize("types", ["", "Si,Qq", "Si,,O", ["X"], []])
def test_senseless_types_are_refused(tmp_path, types):
    with pytest.raises(InputError, match="element"):
        read_structure(_dump(tmp_path / "run.dump"), types=types)


def test_too_few_types_are_refused(tmp_path):
    with pytest.raises(InputError, match="1 are named"):
        read_structure(_dump(tmp_path / "run.dump"), types="Si")


def test_writing_fails_cleanly(glass, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_structure(tmp_path / "glass.unheard-of", glass)
    with pytest.raises(InputError, match="does not exist"):
        write_structure(tmp_path / "nowhere" / "glass.extxyz", glass)
    write_structure(tmp_path / "glass.extxyz", glass)
    before = (tmp_path / "glass.extxyz").read_bytes()
    with pytest.raises(InputError):
        write_structure(tmp_path / "glass.extxyz", glass, no_such_argument=1)
    assert (tmp_path / "glass.extxyz").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["glass.extxyz"]


def test_the_callers_atoms_are_left_alone(glass, tmp_path):
    before = glass.copy()
    write_structure(tmp_path / "glass.extxyz", glass)
    assert np.array_equal(before.positions, glass.positions)
    assert before.arrays.keys() == glass.arrays.keys()


def test_a_damaged_number_of_atoms_is_no_lack_of_memory(tmp_path):
    path = tmp_path / "a.vasp"
    path.write_text("Si\n1.0\n5 0 0\n0 5 0\n0 0 5\nSi\n999999999999999\nDirect\n0 0 0\n")
    with pytest.raises(InputError, match="no memory for what"):
        read_structure(path)
