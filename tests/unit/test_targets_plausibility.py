"""Data, densities, distances and neighbours that contradict one another are found, and nothing is said where all is well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ase.io
import numpy as np
import pytest

import glasswright as gw
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment, factor_and_offset
from glasswright.io.experiments import DataSet
from glasswright.library.measurements.curves import library_experiment, shipped_experiment
from glasswright.library.scattering import mean_squared_length
from glasswright.targets import Coordination, check_data
from glasswright.targets.curve_doubts import data_doubts, first_peak
from glasswright.targets.room import filled_space, neighbours_that_fit

SILICA = ase.io.read(Path(__file__).parents[2] / "gallery" / "glasses" / "silica-shik-50Kps-1.extxyz.gz")
DENSITY = gw.analysis.density(SILICA)
Q = np.arange(0.6, 25.0, 0.03)
S = gw.analysis.structure_factor(SILICA, Q).y
B2 = mean_squared_length({"Si": 1 / 3, "O": 2 / 3})


def measured(kind: str, said: str | None = None, density: float = DENSITY, **details: object) -> Experiment:
    """The glass itself as a curve of one kind, which says that it is of another."""
    factor, offset = factor_and_offset(kind, Q, None, B2)
    return Experiment(Curve(Q, factor * (S - 1) + offset, None, said or kind), "neutron", gw.Composition("SiO2"), density, **details)


@pytest.mark.parametrize("kind", ["S(Q)", "S(Q)-1", "i(Q)", "Q[S(Q)-1]"])
def test_a_right_normalisation_raises_no_doubt(kind):
    assert data_doubts(measured(kind)) == []


@pytest.mark.parametrize(
    ("kind", "said"), [("i(Q)", "S(Q)-1"), ("S(Q)-1", "i(Q)"), ("S(Q)-1", "S(Q)"), ("S(Q)", "S(Q)-1"), ("i(Q)", "S(Q)"), ("i(Q)", "Q[S(Q)-1]")]
)
def test_a_wrong_normalisation_is_found_and_the_right_one_named(kind, said):
    (doubt,) = data_doubts(measured(kind, said))
    assert f"this {said} shows" in doubt
    assert f"Read as {kind} it would be" in doubt


def test_scattering_per_formula_unit_is_found():
    one = measured("i(Q)")
    (doubt,) = data_doubts(replace(one, curve=replace(one.curve, y=3 * one.curve.y)))
    assert "shows 2." in doubt or "shows 3." in doubt


@pytest.mark.parametrize("kind", ["g(r)", "G(r)", "D(r)", "T(r)", "GK(r)"])
def test_curves_in_r(kind):
    r = np.arange(0.05, 12, 0.02)
    one = gw.analysis.convert(measured("S(Q)").curve, kind, "SiO2", DENSITY, window="lorch", x=r)
    right = Experiment(one, "neutron", gw.Composition("SiO2"), DENSITY, (0.6, 25.0), "lorch")
    assert data_doubts(right) == []
    assert first_peak(right)[0] == pytest.approx(1.61, abs=0.03)
    if kind == "T(r)":
        (doubt,) = data_doubts(replace(right, density=1.3 * DENSITY))
        assert "ends at 0.77 times the density" in doubt


def test_real_data_raise_no_doubt():
    for name in ("geo2-70ge", "geo2-73ge"):
        assert data_doubts(shipped_experiment(name)) == []
        assert first_peak(shipped_experiment(name))[0] == pytest.approx(1.73, abs=0.03)
    for name in ("sio2-isis", "sio2-isis-t", "sio2-mozzi-warren"):
        try:
            one = library_experiment(name)
        except InputError as error:
            pytest.skip(str(error))
        assert data_doubts(one) == []
        assert first_peak(one)[0] == pytest.approx(1.61, abs=0.03)


def said(minimum: dict[str, float] | None = None, *constraints: Coordination, one: Experiment | None = None) -> tuple[str, ...]:
    return check_data(SILICA, [DataSet("data", one or measured("S(Q)"))], minimum, constraints)


GOOD = {"O-Si": 1.4, "O-O": 2.1, "Si-Si": 2.3}


def test_nothing_is_said_where_all_is_well():
    assert said(GOOD, Coordination("Si", "O", 2.2, 4), Coordination("O", "Si", 2.2, 2)) == ()


def test_inconsistent_densities():
    assert any("The model is" in s and "denser than the sample" in s for s in said(one=measured("S(Q)", density=2.0)))
    far = said(one=measured("S(Q)", density=3.0))
    assert any("far from the measured" in s for s in far)
    both = check_data(SILICA, [DataSet("a", measured("S(Q)")), DataSet("b", measured("S(Q)", density=2.4))])
    assert any("are of one sample" in s for s in both)


def test_a_minimum_distance_above_the_first_peak():
    with pytest.raises(InputError, match=r"first peak of the data is at 1\.6\d Å, and O-Si may not come closer than 1\.80 Å.*Lower the minimum"):
        said({"O-Si": 1.8})
    assert any("cuts into the first peak of the data, which begins near 1.4" in s for s in said({"O-Si": 1.57}))
    assert first_peak(measured("i(Q)", "S(Q)-1"))[1] > 1.4  # even where the normalisation is wrong


def test_cores_that_do_not_fit():
    with pytest.raises(InputError, match=r"fill \d+ % of space, and spheres fill 74 % at most"):
        said({"O-O": 3.2})
    assert any("few moves will find room" in s for s in said({"O-O": 2.8}))
    assert any("pairs are closer than the minimum distance; the worst is O-O" in s for s in said({"O-O": 2.8}))


def test_a_packing_may_be_too_close_at_the_start():
    packed = gw.pack("SiO2", 300, density=2.2, seed=1)
    data = [DataSet("data", measured("S(Q)", density=2.2))]
    assert any("closer than the minimum distance" in s for s in check_data(packed, data, GOOD))
    assert check_data(packed, data, GOOD, packed=True) == ()


def test_filled_space():
    numbers = np.array([10, 20])
    assert filled_space(numbers, np.array([[2.0, 2.0], [2.0, 2.0]]), 100.0) == pytest.approx(30 * 4 / 3 * np.pi / 100)
    # Unlike atoms that may come closer than like ones: either kind gives way.
    close = filled_space(numbers, np.array([[2.0, 1.5], [1.5, 2.0]]), 1.0)
    assert close == pytest.approx(4 / 3 * np.pi * (20 * 1.0**3 + 10 * 0.5**3))
    assert filled_space(numbers, np.zeros((2, 2)), 1.0) == 0


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (Coordination("Si", "O", 2.2, 8), r"at most 6 fit"),
        (Coordination("Si", "O", 1.3, 4), r"closer than 1\.3 Å, and never closer than 1\.4 Å"),
        (Coordination("Si", "Na", 3.0, 1), r"speaks of Na"),
    ],
)
def test_coordination_that_cannot_be(constraint, words):
    with pytest.raises(InputError, match=words):
        said({"O-Si": 1.4, "O-O": 2.3 * 2.2 / 1.65 * 0.999, "Si-Si": 2.0} if "fit" in words else GOOD, constraint)


def test_bonds_add_up_from_both_ends():
    with pytest.raises(InputError, match=r"Si asks for 4000 or more Si-O bonds, O allows 2000"):
        said(GOOD, Coordination("Si", "O", 2.2, 4), Coordination("O", "Si", 2.2, 1))


def test_neighbours_that_fit():
    """Known: 12 spheres touch one (kissing number), 6 octahedron corners are √2 apart, 4 tetrahedron corners √(8/3), 3 √3, 2 opposite ones 2."""
    assert [neighbours_that_fit(1.0, d - 1e-6) for d in (1.0514, np.sqrt(2), np.sqrt(8 / 3), np.sqrt(3), 2.0)] == [12, 6, 4, 3, 2]
    assert [neighbours_that_fit(1.0, d + 1e-3) for d in (np.sqrt(2), np.sqrt(8 / 3), np.sqrt(3), 2.0)] == [5, 3, 2, 1]
    assert neighbours_that_fit(2.0, 0.0) > 1e6
    assert neighbours_that_fit(3.0, 1.5) > 60
