"""Stillinger-Weber force fields as data: the file, what it refuses, the choice for silicon; and what the core refuses."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest
from ase import Atoms

import glasswright as gw
from glasswright.engines.native.triplets import triplet_term
from glasswright.errors import InputError
from glasswright.forcefield import ForceField
from glasswright.library.density import choose_density
from glasswright.library.forcefield_file import forcefield_toml
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import choose_forcefield, load_forcefield
from glasswright.native import core

EXAMPLE = files("glasswright.library").joinpath("examples", "stillinger_weber.toml").read_text(encoding="utf-8")


def parsed(text: str = EXAMPLE) -> ForceField:
    return parse_forcefield(text.encode(), "mine.toml")


def test_the_example_says_what_it_says() -> None:
    forcefield = parsed()
    assert forcefield.pairs[("Ge", "Ge")].cutoff == pytest.approx(1.7 * 2.18) and forcefield.pairs[("Se", "Se")].parameters["q"] == 1.5
    assert set(forcefield.triplets) == {(a, c, b) for c in ("Ge", "Se") for a, b in (("Ge", "Ge"), ("Ge", "Se"), ("Se", "Se"))}
    assert forcefield.triplets[("Se", "Ge", "Se")].parameters == {"epsilon": 1.5, "lambda": 25.0, "cos_theta0": -1 / 3}
    bound = forcefield.bind(Atoms("Ge3"))
    assert set(bound.triplets) == {("Ge", "Ge", "Ge")} and bound.cutoff == pytest.approx(1.7 * 2.18)


def test_it_reads_back_the_same() -> None:
    assert parse_forcefield(forcefield_toml(parsed()).encode(), "again.toml") == parsed()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (('"Ge-Ge-Se" = {}\n', ""), r'triplets."Ge-Ge-Se" is missing'),
        (('"Ge-Ge-Se" = {}', '"Ge-Ge-Se" = { sigma = 2.0 }'), r"triplets.Ge-Ge-Se.sigma is not known here"),
        (('"Ge-Ge-Se" = {}', '"Ge-Ge-Te" = {}'), r'"Ge-Ge-Te" is not three of the species'),
        (('"Ge-Ge-Se" = {}', '"Ge-Se" = {}'), r'"Ge-Se" is not three of the species'),
        (('"Ge-Ge-Se" = {}', '"Ge-Ge-Se" = {}\n"Se-Ge-Ge" = {}'), r'"Se-Ge-Ge" is given twice'),
        (("cos_theta0 = -0.26", "cos_theta0 = -1.26"), r"cos_theta0 must be a finite number between -1 and 1"),
        (("sigma = 2.11", "sigma = -2.11"), r"sigma must be positive"),
        (("sigma = 2.11", "sigma = 0"), r"sigma must be positive"),
        (("a = 1.7", "a = 0.1"), r"ends at a·sigma = 0.218"),
        (("gamma = 1.2", "gamma = 0"), r"gamma must be a positive number"),
        (("p = 4.0", "p = 65"), r"p must be a positive number up to 64"),
        (("epsilon = 0.7", "epsilon = nan"), r"epsilon must be a finite number"),
        (("epsilon = 0.7, ", ""), r"pairs.Ge-Ge.epsilon is missing"),
        (("epsilon = 0.7", "epsilon = 0.7, cutoff = 4.0"), r"cutoff has no place"),
        (("epsilon = 0.7", "epsilon = 0.7, shifted = true"), r"shifted has no place"),
        (("p = 4.0", "p = 4.0\nrho = 0.3"), r"Ge-Ge"),
        (('"Ge-Ge" = {', '"Ge-Ge" = { form = "born", A = 1, rho = 0.3, sigma = 1, C = 0, D = 0, cutoff = 5,'), r"mine.toml"),
        (("charge = 0.0", "charge = 1.0"), r"species.Ge.charge must be 0"),
        (('method = "none"', 'method = "ewald"\ncutoff = 8.0'), r"coulomb.method must be none"),
        ((EXAMPLE[EXAMPLE.index("[triplets.defaults]") :], ""), r"triplets.*is missing"),
        (('"Ge-Ge" = { epsilon = 0.7, sigma = 2.18, a = 1.7 }\n', ""), r'pairs."Ge-Ge" must have the form stillinger-weber'),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(change: tuple[str, str], match: str) -> None:
    text = EXAMPLE.replace(*change)
    assert text != EXAMPLE
    if change[1].endswith("rho = 0.3"):
        assert parsed(text)  # a default of another form is no harm
        return
    with pytest.raises(InputError, match=match) as refusal:
        parsed(text)
    assert "mine.toml" in str(refusal.value)


def test_silicon_is_chosen_and_packed_without_further_words() -> None:
    forcefield, reason = choose_forcefield(gw.Composition("Si"))
    assert forcefield.name == "sw-vink" and "also possible: sw-si, tersoff-si, " in reason
    assert choose_density("Si").value == 2.285
    plan = gw.plan_quench("Si", n_atoms=64, engine="lammps")
    assert plan.job.forcefield.name == "sw-vink" and plan.job.protocol.melt_temperature == 2500.0  # type: ignore[attr-defined]


def test_oxide_force_fields_are_not_offered_for_what_has_no_oxygen() -> None:
    with pytest.raises(InputError, match="teter knows these elements with charges of one sign alone"):
        choose_forcefield(gw.Composition("NaSi"))


def test_no_triplets_no_term() -> None:
    assert triplet_term(load_forcefield("bks").bind(Atoms("SiO2"))) is None


PAIRS = np.array([[[15.0, 2.1, 3.77, 1.2, 0.6, 4.0, 0.0]]])
TRIPLETS = np.array([[[[45.0, -1 / 3]]]])


def test_the_core_takes_good_numbers() -> None:
    term = core().triplet_term(PAIRS, TRIPLETS)
    forces = core().Forces(np.zeros(2, dtype=np.int64), triplets=term)
    assert forces.cutoff == 3.77
    # Atoms on top of each other: finite, whatever else.
    assert np.isfinite(forces.evaluate(np.zeros((2, 3)), 20 * np.eye(3))["energy"])


@pytest.mark.parametrize(
    ("pairs", "triplets", "match"),
    [
        (PAIRS * np.nan, TRIPLETS, "Parameters of pairs"),
        (-PAIRS, TRIPLETS, "Parameters of pairs"),
        (PAIRS * [1, 0, 1, 1, 1, 1, 1], TRIPLETS, "sigma"),
        (PAIRS * [1, 1, 1, 1, 1, 100, 1], TRIPLETS, "Powers"),
        (PAIRS, TRIPLETS * np.inf, "Triplets need"),
        (PAIRS, TRIPLETS * 4, "Triplets need"),
        (np.zeros((0, 0, 7)), np.zeros((0, 0, 0, 2)), "1 to 64"),
        (PAIRS, np.zeros((2, 2, 2, 2)), "must be"),
        (np.repeat(PAIRS, 2, axis=1), TRIPLETS, "must be"),
    ],
)
def test_the_core_refuses_bad_numbers(pairs: np.ndarray, triplets: np.ndarray, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        core().triplet_term(np.ascontiguousarray(pairs), np.ascontiguousarray(triplets))


def test_the_core_refuses_parameters_that_depend_on_order() -> None:
    pairs = np.broadcast_to(PAIRS, (2, 2, 7)).copy()
    triplets = np.broadcast_to(TRIPLETS, (2, 2, 2, 2)).copy()
    assert core().triplet_term(pairs, triplets)
    lopsided = triplets.copy()
    lopsided[0, 0, 1, 0] = 1.0
    with pytest.raises(ValueError, match="order of their ends"):
        core().triplet_term(pairs, lopsided)
    pairs[0, 1, 0] = 1.0
    with pytest.raises(ValueError, match="order of their types"):
        core().triplet_term(pairs, triplets)


def test_the_picture_shows_the_two_body_part_of_every_pair() -> None:
    from glasswright.report.potentials import plot_forcefield

    panels = [axes for axes in plot_forcefield(parsed()).axes if axes.get_visible()]
    assert len(panels) == 3 and {line.get_label() for line in panels[0].get_lines()} >= {"two-body part"}


def test_show_prints_every_triplet(tmp_path: object) -> None:
    from typer.testing import CliRunner

    from glasswright.cli.forcefields import forcefields

    screen = CliRunner().invoke(forcefields, ["show", "sw-vink"]).stdout
    assert re.search(r"Si-Si-Si .*stillinger-we", screen) and "lambda 31.5" in screen and "Coulomb: none\n" in screen
