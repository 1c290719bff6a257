"""A scorecard over glasses: what is counted alike for all, what the numbers are, and the page."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import glasswright as gw
from glasswright.errors import InputError
from glasswright.io.experiments import DataSet
from glasswright.result import RefineResult
from glasswright.workflows.glasses import common_cutoffs, glasses_of
from glasswright.workflows.scorecard import Scorecard, data_sets


def _silicon(shake: float, seed: int = 1, repeat: int = 3) -> Atoms:
    atoms = bulk("Si", cubic=True).repeat(repeat)
    atoms.positions += np.random.default_rng(seed).normal(0, shake, atoms.positions.shape)
    return atoms


def _measured(atoms: Atoms, kind: str = "S(Q)-1", factor: float = 1.0) -> gw.Experiment:
    q = np.arange(1.0, 15.0, 0.05)
    s = gw.analysis.structure_factor(atoms, q, method="transform")
    curve = gw.Curve(q, factor * (s.y - 1), None, kind, "1/Å")
    return gw.Experiment(curve, "neutron", gw.Composition("Si"), name="made")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Scorecard:
    cold, hot = [_silicon(0.05, seed) for seed in (1, 2)], _silicon(0.25)
    data = [DataSet("cold", _measured(cold[0]), {"scale": 1.0, "weight": 3.0}), DataSet("half", _measured(cold[0], factor=0.5), {"scale": "fit"})]
    return gw.scorecard({"cold": cold, "hot/one": hot}, data, "sw-si", out=tmp_path_factory.mktemp("card") / "card")


def test_residuals_are_those_of_compare_with_what_each_data_set_asks_for(card: Scorecard) -> None:
    cold = [_silicon(0.05, seed) for seed in (1, 2)]
    measured = _measured(cold[0])
    expected = [gw.compare(atoms, measured, scale=False).r_chi for atoms in cold]
    number = card["R_chi, cold"]["cold"]
    assert number.value == pytest.approx(np.mean(expected), rel=1e-6)
    assert number.spread == pytest.approx(np.std(expected, ddof=1), rel=1e-6)
    half = gw.compare(_silicon(0.25), _measured(cold[0], factor=0.5))
    assert card["R_chi, half"]["hot/one"].value == pytest.approx(half.r_chi_scaled, rel=1e-6)
    assert card["R_chi, half, nothing fitted"]["hot/one"].value == pytest.approx(half.r_chi, rel=1e-6)
    one, two = card["R_chi, cold"]["hot/one"].value, card["R_chi, half"]["hot/one"].value
    assert card["R_chi, all data"]["hot/one"].value == pytest.approx(np.sqrt((3 * one**2 + two**2) / 4), rel=1e-9)


def test_energies_are_by_one_force_field_before_and_after_minimisation(card: Scorecard) -> None:
    hot = _silicon(0.25)
    calculator = gw.calculator("sw-si")
    assert card["U"]["hot/one"].value == pytest.approx(calculator.get_potential_energy(hot) / len(hot), rel=1e-9)
    crystal = calculator.get_potential_energy(_silicon(0.0)) / len(hot)
    assert card["U, minimised"]["cold"].value == pytest.approx(crystal, abs=1e-4)  # shaken a little, a crystal falls back
    assert card["U, minimised"]["hot/one"].value < card["U"]["hot/one"].value
    assert card["R_chi, cold, minimised"]["cold"].value > 0
    assert card.forcefield == "sw-si"


def test_neighbours_are_counted_with_the_same_cutoffs() -> None:
    glasses = glasses_of({"a": _silicon(0.05), "b": _silicon(0.15), "c": _silicon(0.25)})
    each = sorted(g.cutoffs["Si", "Si"] for g in glasses)
    assert common_cutoffs(glasses) == {("Si", "Si"): each[1]}


def test_defects_that_one_glass_has_are_none_in_the_other(card: Scorecard) -> None:
    defects = card["Si defects"]
    assert defects["cold"].value == 0.0 < defects["hot/one"].value


def test_table_and_page_hold_what_was_found(card: Scorecard) -> None:
    with open(card.path / "tables" / "scorecard.csv", newline="") as file:
        rows = {row["quantity"]: row for row in csv.DictReader(file)}
    assert list(rows) == [row.quantity for row in card.rows]
    assert float(rows["U"]["hot/one"]) == pytest.approx(card["U"]["hot/one"].value, rel=1e-6)
    assert rows["U"]["hot/one spread"] == ""
    page = (card.path / "report.html").read_text()
    for words in ("hot/one", "Agreement with the data", "Energy", "U above", "Residual against energy", "Bond angles", "energies by sw-si"):
        assert words in page
    assert gw.write_report(card.path).read_text() == page


def test_runs_are_named_and_described(tmp_path: Path, synthetic_refinement: Callable[..., Path], synthetic_run: Callable[..., Path]) -> None:
    refined, made = synthetic_refinement(tmp_path / "refined", method="fear"), synthetic_run(tmp_path / "made")
    card = gw.scorecard([refined, made, refined / "start.extxyz"], relax=False)
    assert card.glasses == {"refined": "FEAR by teter", "made": "melt-quench at 50 K/ps by teter", "start": "structure"}
    assert card.forcefield is None  # neither directory keeps its force field
    assert set(card["R_chi, neutron"]) == {"refined", "made", "start"}  # the data of the refinement
    assert card["moves"]["refined"].value == 4e7
    assert card.rows[0].group == "data"


@pytest.mark.parametrize(
    ("glasses", "words"),
    [
        ([], "no glass"),
        ([_silicon(0.1), bulk("Ge", cubic=True).repeat(3)], "different glasses"),
    ],
)
def test_what_cannot_be_compared_is_refused(glasses: list[Atoms], words: str) -> None:
    with pytest.raises(InputError, match=words):
        gw.scorecard(glasses)


def test_equal_names_are_told_apart() -> None:
    assert [g.name for g in glasses_of([_silicon(0.1), _silicon(0.2)])] == ["structure-1", "structure-2"]


def test_an_existing_directory_is_not_overwritten(card: Scorecard) -> None:
    with pytest.raises(InputError, match="exists already"):
        gw.scorecard([_silicon(0.1)], out=card.path)


def test_a_data_file_names_the_data(tmp_path: Path) -> None:
    (tmp_path / "exp.toml").write_text('[[data]]\ncurve = "geo2-70ge"\nname = "70Ge"\nweight = 2.0\n')
    (one,) = data_sets(tmp_path / "exp.toml", [])
    assert (one.name, one.treatment["weight"]) == ("70Ge", 2.0)


def test_the_result_of_a_refinement_is_its_run(tmp_path: Path, synthetic_refinement: Callable[..., Path]) -> None:
    path = synthetic_refinement(tmp_path / "refined", method="epsr")
    result = RefineResult(gw.read_run(path).atoms, None, None, {}, {}, "done", (), path)
    (glass,) = glasses_of([result])
    assert (glass.name, glass.what) == ("refined", "EPSR by teter")
