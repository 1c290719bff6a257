"""exp.toml: the examples that ship, and complaints that name file, key and what was meant."""

from __future__ import annotations

import os
from pathlib import Path

import ase.io
import numpy as np
import pytest

import glasswright as gw
from glasswright.errors import InputError
from glasswright.library.measurements.curves import library_experiment
from glasswright.refinement.settings import RefineSettings
from glasswright.targets import Coordination, bins_for, check_data, read_data

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples" / "refine").glob("*.toml"))
NEEDS = {"neutron": ["sio2-isis"], "xray": ["sio2-mozzi-warren"], "joint": ["sio2-isis", "sio2-mozzi-warren"], "isotopes": [], "known_target": []}


def available(name: str) -> bool:
    try:
        library_experiment(name)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_makes_targets(path, monkeypatch, tmp_path):
    missing = [name for name in NEEDS[path.stem] if not available(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} may not ship; GLASSWRIGHT_DATA does not name a folder that has them.")
    monkeypatch.chdir(tmp_path)  # paths are relative to the file
    file = read_data(path)
    if file.composition.formula == "GeO2":
        atoms = gw.pack("GeO2", 300, density=3.65, seed=1)
    else:
        name = "sodium-silicate-teter-10Kps-1" if "Na" in file.composition.atom_fractions else "silica-shik-50Kps-1"
        atoms = ase.io.read(ROOT / "gallery" / "glasses" / f"{name}.extxyz.gz")
    targets = file.targets(bins_for(atoms, file.experiments, r_max=8.0))
    assert len({t.name for t in targets}) == len(targets) == len(file.data)
    assert all(t.rank > 20 for t in targets)
    said = check_data(atoms, file.data, file.minimum_distances, file.constraints)
    assert [s for s in said if "In the start" not in s and "lighter" not in s] == []


def test_examples_are_all_there():
    assert {p.stem for p in EXAMPLES} == set(NEEDS)


def test_the_neutron_example_says_what_it_means():
    if not available("sio2-isis"):
        pytest.skip(f"sio2-isis may not ship; GLASSWRIGHT_DATA is {os.environ.get('GLASSWRIGHT_DATA')!r}.")
    file = read_data(ROOT / "docs" / "examples" / "refine" / "neutron.toml")
    (data,) = file.data
    assert (data.name, dict(data.treatment)) == ("sio2-isis", {"weight": 1.0, "scale": "fit", "background": 1})
    assert data.experiment.resolution == 0.02
    assert (0.6 <= data.experiment.curve.x[0] < 0.65) and (29.9 < data.experiment.curve.x[-1] <= 30.0)
    assert file.density == 2.20
    assert dict(file.minimum_distances) == {"O-Si": 1.4, "O-O": 2.2, "Si-Si": 2.7}
    assert file.constraints == (Coordination("Si", "O", 2.2, 4, weight=10.0),)
    assert set(file.settings) == {"moves", "chi_temperature"}
    assert RefineSettings.from_mapping({"method": "rmc", **file.settings}).chi_temperature == (0.1, 0.001)


def test_the_kept_target_is_the_glass_it_names():
    file = read_data(ROOT / "docs" / "examples" / "refine" / "known_target.toml")
    glass = ase.io.read(ROOT / "gallery" / "glasses" / "sodium-silicate-teter-10Kps-1.extxyz.gz")
    score = gw.compare(glass, file.experiments[0], scale=False)
    assert score.r_chi < 1e-4  # the file has five decimals


Q = np.arange(0.5, 20, 0.1)
DATA = '[[data]]\nfile = "s.dat"\nkind = "S(Q)"\nradiation = "neutron"\n'
SAMPLE = '[sample]\ncomposition = "SiO2"\ndensity = 2.2\n'


@pytest.fixture
def folder(tmp_path):
    np.savetxt(tmp_path / "s.dat", np.column_stack([Q, 1 + np.sin(Q) * np.exp(-Q / 5)]))
    return tmp_path


def read(folder: Path, text: str):
    (folder / "exp.toml").write_text(text, encoding="utf-8")
    return read_data(folder / "exp.toml")


def test_what_is_said_of_a_file_reaches_the_experiment(folder):
    file = read(
        folder,
        SAMPLE
        + DATA
        + 'q_range = [0.95, 15.05]\nrelative_resolution = 0.01\nweight = 2\nscale = 0.95\nbackground = 0\nname = "mine"\ndensity = "2200 kg/m3"\n',
    )
    (data,) = file.data
    one = data.experiment
    assert (data.name, one.relative_resolution, one.density, one.composition.formula) == ("mine", 0.01, 2.2, "SiO2")
    assert dict(data.treatment) == {"weight": 2.0, "scale": 0.95, "background": 0}
    assert (one.curve.x[0], one.curve.x[-1]) == pytest.approx((1.0, 15.0))
    twice = read(folder, SAMPLE + DATA + DATA)
    assert [d.name for d in twice.data] == ["s", "s-2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sample\n", r"is no valid TOML"),
        (SAMPLE, r"data is missing"),
        (SAMPLE + "[data]\nfile = 's.dat'\n", r"data is missing"),
        (SAMPLE + DATA + "[[constraints]]\n", r"constraints is not known here.*Did you mean 'constraint'\?"),
        (SAMPLE + "temperature = 3\n" + DATA, r"sample\.temperature is not known here"),
        (SAMPLE + DATA + "backgrund = 1\n", r"data\[1\]\.backgrund is not known here.*Did you mean 'background'\?"),
        (SAMPLE + DATA + 'curve = "geo2-70ge"\n', r"data\[1\] must have either file or curve"),
        (SAMPLE + "[[data]]\nkind = 'S(Q)'\n", r"must have either file or curve"),
        (SAMPLE + "[[data]]\nfile = 'nowhere.dat'\nkind = 'S(Q)'\n", r"data\[1\]: .*nowhere\.dat"),
        (SAMPLE + DATA.replace("S(Q)", "S(q)"), r"data\[1\]: The kind of curve 'S\(q\)' is unknown"),
        (SAMPLE + DATA + "weight = 0\n", r"data\[1\]\.weight must be a finite number"),
        (SAMPLE + DATA + "weight = '1'\n", r"data\[1\]\.weight must be a number"),
        (SAMPLE + DATA + "scale = 'free'\n", r"data\[1\]\.scale must be a number"),
        (SAMPLE + DATA + "background = 1.5\n", r"background must be the degree"),
        (SAMPLE + DATA + "q_range = 5\n", r"data\[1\]: q_range = 5"),
        (SAMPLE + DATA + "q_range = [30, 40]\n", r"holds no row with Q between 30 and 40"),
        (SAMPLE + DATA + "counted = 1\n", r"data\[1\]: counted = 1"),
        ('[[data]]\ncurve = "geo2-70ge"\nq_range = ["low"]\n', r"data\[1\]: q_range = "),
        (SAMPLE + DATA + "isotopes = 'Si'\n", r"data\[1\] has the wrong type"),
        (SAMPLE + DATA + "density = -1\n", r"data\[1\]\.density must be positive"),
        (SAMPLE.replace("2.2", "'2.2 g'") + DATA, r"sample\.density"),
        (SAMPLE + DATA + 'composition = "GeO2"\n', r"data\[1\] is a curve of GeO2, the sample is SiO2"),
        (SAMPLE + '[[data]]\ncurve = "geo2-70ge"\n', r"is a curve of GeO2, the sample is SiO2"),
        (SAMPLE + '[[data]]\ncurve = "geo2-70"\n', r"data\[1\]: There is no measured curve 'geo2-70'"),
        ('[[data]]\ncurve = "geo2-70ge"\nq_range = [30, 40]\n', r"holds no point with Q between 30 and 40"),
        (DATA, r"data\[1\]: The composition of the sample is missing"),
        (SAMPLE + DATA + "[minimum_distances]\n'Si-N' = 2\n", r"minimum_distances\.\"Si-N\" is no pair of O, Si"),
        (SAMPLE + DATA + "[minimum_distances]\n'Si-O' = 'far'\n", r"minimum_distances\.Si-O"),
        (SAMPLE + DATA + "[minimum_distances]\n'Si-O' = 1.4\n'O-Si' = 1.5\n", r"is given twice"),
        (SAMPLE + DATA + "[[constraint]]\nkind = 'coordinatoin'\n", r"constraint\[1\].*Did you mean 'coordination'"),
        (SAMPLE + DATA + "[[constraint]]\nkind = 'coordination'\ncentre = 'Ge'\n", r"constraint\[1\]\.centre is 'Ge', which is not in SiO2"),
        (SAMPLE + DATA + "[[constraint]]\nkind = 'coordination'\ncentre = 'Si'\nneighbour = 'O'\ncutoff = 2.2\nnumber = -4\n", r"constraint\[1\]"),
    ],
)
def test_a_complaint_names_file_and_key(folder, text, words):
    with pytest.raises(InputError, match=words) as error:
        read(folder, text)
    assert "exp.toml" in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read"):
        read_data(tmp_path / "exp.toml")
    (tmp_path / "exp.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"no text in UTF-8"):
        read_data(tmp_path / "exp.toml")
