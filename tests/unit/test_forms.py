"""Pair forms, cores and Coulomb parts: forces are derivatives, joints are smooth, nothing turns over."""

import itertools

import numpy as np
import pytest
from ase import Atoms

from glasswright.errors import InputError
from glasswright.forcefield import BoundForceField, Coulomb, ForceField
from glasswright.forms import PAIR_FORMS, splice
from glasswright.forms.coulomb import pair_coulomb, self_energy, smoothing
from glasswright.forms.pair import derivative
from glasswright.forms.tabulate import INNER_RADIUS, core_radius, inner_radius, pair_energy_force
from glasswright.library.forcefields import forcefield_names, load_forcefield

PARAMETERS = {
    "buckingham": {"A": 13702.905, "rho": 0.193817, "C": 54.681},
    "buckingham24": {"A": 23107.8, "B": 5.0979, "C": 139.7, "D": 66.0},
    "born": {"A": 0.007, "rho": 0.156, "sigma": 2.5419, "C": 46.293, "D": 3.0},
    "morse12": {"D": 0.340554, "a": 2.0067, "r0": 2.1, "C": 1.0},
    "stillinger-weber": {"epsilon": 2.1683, "sigma": 2.0951, "a": 1.8, "gamma": 1.2, "A": 7.05, "B": 0.6, "p": 4.0, "q": 0.5},
    "tersoff": {"A": 1830.8, "lambda1": 2.4799, "B": 471.18, "lambda2": 1.7322, "R": 2.85, "D": 0.15},
    "second-moment": {"A": 0.0855, "p": 10.96, "xi": 1.224, "q": 2.278, "r0": 2.556, "start": 3.3, "end": 5.1},
}
LITERAL = {
    "buckingham": lambda r: 13702.905 * np.exp(-r / 0.193817) - 54.681 / r**6,
    "buckingham24": lambda r: 23107.8 * np.exp(-5.0979 * r) - 139.7 / r**6 + 66.0 / r**24,
    "born": lambda r: 0.007 * np.exp((2.5419 - r) / 0.156) - 46.293 / r**6 + 3.0 / r**8,
    "morse12": lambda r: 0.340554 * ((1 - np.exp(-2.0067 * (r - 2.1))) ** 2 - 1) + 1.0 / r**12,
    "stillinger-weber": lambda r: np.where(
        r < 1.8 * 2.0951, 2.1683 * 7.05 * (0.6 * (2.0951 / r) ** 4 - (2.0951 / r) ** 0.5) * np.exp(2.0951 / np.minimum(r - 1.8 * 2.0951, -1e-3)), 0.0
    ),
    "tersoff": lambda r: (
        (1830.8 * np.exp(-2.4799 * r) - 471.18 * np.exp(-1.7322 * r))
        * np.where(r < 2.7, 1.0, np.where(r < 3.0, 0.5 - 0.5 * np.sin(np.pi / 2 * (r - 2.85) / 0.15), 0.0))
    ),
    "second-moment": lambda r: 0.171 * np.exp(-10.96 * (r / 2.556 - 1)) * _smoothstep((5.1 - r) / 1.8),
}


def _smoothstep(x: np.ndarray) -> np.ndarray:
    """From 0 at 0 to 1 at 1 with two derivatives of zero at both."""
    y = np.clip(x, 0, 1)
    return y**3 * (10 - 15 * y + 6 * y**2)


COULOMBS = [Coulomb("ewald", 10), Coulomb("dsf", 8, 0.25), Coulomb("wolf", 8, 0.25), Coulomb("shik-wolf", 10, smoothing=0.2)]


def bind_every_species(forcefield: ForceField) -> BoundForceField:
    """All species of a force field at once, in no particular amounts."""
    names = tuple(sorted(s.name for s in forcefield.species))
    of = {s.name: s for s in forcefield.species}
    charges = np.array([-0.9 if of[n].charge is None else of[n].charge for n in names])
    pairs = {p: t for p, t in forcefield.pairs.items() if set(p) <= set(names)}
    return BoundForceField(forcefield, names, np.arange(len(names)), np.ones(len(names)), charges, pairs)


BOUND = {name: bind_every_species(load_forcefield(name)) for name in forcefield_names()}


@pytest.mark.parametrize("name", PAIR_FORMS)
def test_a_form_is_its_formula_and_every_derivative_follows(name: str) -> None:
    form, r, h = PAIR_FORMS[name], np.linspace(1.1, 6, 40), 1e-4
    terms = form.terms(PARAMETERS[name])
    assert set(form.parameters) == set(PARAMETERS[name])
    np.testing.assert_allclose(derivative(terms, r, 0), LITERAL[name](r), rtol=1e-11)
    for order in range(3):
        slope = (derivative(terms, r + h, order) - derivative(terms, r - h, order)) / (2 * h)
        np.testing.assert_allclose(slope, derivative(terms, r, order + 1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("coulomb", COULOMBS, ids=lambda c: c.method)
def test_coulomb_forces_are_derivatives(coulomb: Coulomb) -> None:
    r, h = np.linspace(0.8, coulomb.cutoff - 0.3, 200), 1e-5
    _, force = pair_coulomb(coulomb, -2.88, r, 0.3)
    slope = (pair_coulomb(coulomb, -2.88, r + h, 0.3)[0] - pair_coulomb(coulomb, -2.88, r - h, 0.3)[0]) / (2 * h)
    np.testing.assert_allclose(force, -slope, rtol=1e-7, atol=1e-7)


def test_coulomb_parts_end_as_they_should() -> None:
    just_inside = {c.method: pair_coulomb(c, 1.0, np.array([c.cutoff - 1e-6]), 0.3) for c in COULOMBS}
    for method in ("dsf", "shik-wolf"):
        assert abs(just_inside[method][0][0]) < 1e-8 and abs(just_inside[method][1][0]) < 1e-6
    assert abs(just_inside["wolf"][0][0]) < 1e-6
    for coulomb in COULOMBS:
        assert pair_coulomb(coulomb, 1.0, np.array([coulomb.cutoff, 12.5]), 0.3)[0].tolist() == [0, 0]
    with pytest.raises(InputError, match="split"):
        pair_coulomb(COULOMBS[0], 1.0, np.array([2.0]))


def test_self_energy_belongs_to_dsf_and_wolf_alone() -> None:
    charges = np.array([2.4, -1.2, -1.2])
    assert self_energy(charges, Coulomb("shik-wolf", 10, smoothing=0.2)) == 0
    assert self_energy(charges, Coulomb("ewald", 10)) == 0
    # -k Σq² (α/√π + erfc(α rc)/(2 rc)) with erfc(2) = 0.00467773498104727.
    expected = -14.399645 * 8.64 * (0.25 / np.sqrt(np.pi) + 0.00467773498104727 / 16)
    assert self_energy(charges, Coulomb("wolf", 8, 0.25)) == pytest.approx(expected, rel=1e-12)


def test_smoothing_is_zero_with_all_derivatives_at_the_cutoff() -> None:
    g, slope = smoothing(np.array([7.0, 7.999, 8.0, 9.0]), 8.0, 0.2)
    assert g[0] == pytest.approx(np.exp(-0.04)) and np.all(g[1:] < 1e-300) and np.all(slope[2:] == 0)


def test_a_splice_joins_value_force_and_slope() -> None:
    terms = PAIR_FORMS["buckingham"].terms(PARAMETERS["buckingham"])
    core = splice(terms)
    assert core is not None
    r, h = np.array([core.r0]), 1e-5
    energy, force = core.energy_force(r)
    assert energy[0] == pytest.approx(derivative(terms, r, 0)[0], rel=1e-12)
    assert -force[0] == pytest.approx(derivative(terms, r, 1)[0], rel=1e-12)
    curvature = -(core.energy_force(r + h)[1] - core.energy_force(r - h)[1]) / (2 * h)
    assert curvature[0] == pytest.approx(derivative(terms, r, 2)[0], rel=1e-8)
    assert splice(PAIR_FORMS["buckingham"].terms({"A": 41051.938, "rho": 0.15116, "C": 0.0})) is None


@pytest.mark.parametrize("name", forcefield_names())
def test_merged_forces_are_derivatives_for_every_pair(name: str) -> None:
    bound, h = BOUND[name], 1e-5
    for a, b in itertools.combinations_with_replacement(bound.species, 2):
        term, joint = bound.pair_term(a, b), core_radius(bound, a, b) or 0.0
        r = np.linspace(inner_radius(bound, a, b) + 0.01, bound.cutoff - 0.01, 400)
        ends = [bound.coulomb.cutoff, term.cutoff if term else 0.0, joint]
        r = r[np.min(np.abs(r[:, None] - np.array(ends)), axis=1) > 2 * h]
        _, force = pair_energy_force(bound, a, b, r, 0.3)
        slope = (pair_energy_force(bound, a, b, r + h, 0.3)[0] - pair_energy_force(bound, a, b, r - h, 0.3)[0]) / (2 * h)
        # Central differences of energies of up to 1e4 eV: rounding 1e-12·E/h and curvature (U''' h²) bound the error.
        np.testing.assert_allclose(force, -slope, rtol=2e-5, atol=1e-6, err_msg=f"{a}-{b}")


@pytest.mark.parametrize("name", forcefield_names())
def test_no_pair_of_any_force_field_fuses(name: str) -> None:
    """From the first repulsive wall inwards energy only rises, finitely, opposite charges included."""
    bound, r = BOUND[name], np.arange(1e-3, 3.2, 1e-3)
    for a, b in itertools.combinations_with_replacement(bound.species, 2):
        if bound.pair_term(a, b) is None and bound.coulomb.method == "none":
            continue
        # A tiny α leaves the bare 1/r of an Ewald force field: what two atoms that meet would feel.
        energy, force = pair_energy_force(bound, a, b, r, 1e-6)
        assert np.all(np.isfinite(energy)) and np.all(np.isfinite(force))
        attractive = np.flatnonzero(force <= 0)
        wall = r[attractive[0]] if attractive.size else r[-1]
        assert wall > 1.0, f"{name} {a}-{b} attracts at {wall:.3f} Å"
        assert np.all(np.diff(energy[r < wall]) < 0)
        if bound.charge(a) * bound.charge(b) < 0:
            assert energy[0] - energy[r < wall][-1] > 500, f"{a}-{b}: the wall must be higher than any atom of a melt can climb"


def test_every_cation_and_oxygen_have_a_term() -> None:
    for name, bound in BOUND.items():
        assert "O" not in bound.species or all(bound.pair_term(s, "O") for s in bound.species), name


def test_core_radii() -> None:
    bks = load_forcefield("bks").bind(Atoms("SiO2"))
    # Where bare BKS turns over: the radii at which Vollmayr, Kob and Binder cut it, doi 10.1103/PhysRevB.54.15808.
    assert core_radius(bks, "Si", "O") == pytest.approx(1.194, abs=2e-3)
    assert core_radius(bks, "O", "O") == pytest.approx(1.439, abs=2e-3)
    assert core_radius(bks, "Si", "Si") is None
    teter = BOUND["teter"]
    assert core_radius(teter, "Si", "O") == pytest.approx(1.1678, abs=1e-4)
    assert core_radius(teter, "Li", "O") is None


def test_below_the_inner_radius_the_force_is_constant() -> None:
    bks = load_forcefield("bks").bind(Atoms("SiO2"))
    inner = inner_radius(bks, "Si", "O")
    energy, force = pair_energy_force(bks, "Si", "O", [inner, inner / 2, 0.0], 0.3)
    assert inner > INNER_RADIUS and force[0] == force[1] == force[2]
    assert energy[2] - energy[0] == pytest.approx(force[0] * inner)
