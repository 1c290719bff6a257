"""The free parameters of a force field: which there are, and what follows from them."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from glasswright.errors import InputError
from glasswright.forms.parameters import parameters, with_parameters
from glasswright.library.forcefields import load_forcefield


def test_names_are_species_and_the_parameters_of_the_form() -> None:
    found = parameters(load_forcefield("bks").bind(Atoms("SiO2")))
    assert {name for name in found if name.startswith("O-Si")} == {f"O-Si.{p}" for p in ("A", "B", "C", "D", "core.epsilon", "core.sigma")}
    assert found["O-Si.A"] == 18003.7572 and found["charge.Si"] == 2.4 and found["charge.O"] == -1.2
    assert {"Si-Si-Si.lambda", "Si-Si-Si.cos_theta0", "Si-Si.gamma"} < set(parameters(load_forcefield("sw-si").bind(Atoms("Si2"))))


def test_a_charge_that_follows_from_neutrality_follows() -> None:
    bound = load_forcefield("shik").bind(Atoms("SiO2"))
    assert "charge.O" not in parameters(bound) and "charge.Si" in parameters(bound)
    moved = with_parameters(bound, {"charge.Si": 2.0})
    assert moved.charge("O") == pytest.approx(-1.0) and bound.charge("Si") != 2.0
    assert moved.start is bound and with_parameters(moved, {"O-O.A": 1.0}).start is bound


def test_what_a_rule_makes_of_the_composition_is_no_parameter() -> None:
    bound = load_forcefield("teter").bind(Atoms("Na2B2Si2O8"))
    names = parameters(bound)
    assert "B-O.rho" in names and "B-O.A" not in names and "O-Si.A" in names


def test_only_what_is_named_changes() -> None:
    bound = load_forcefield("teter").bind(Atoms("SiO2"))
    moved = with_parameters(bound, {"O-Si.C": 60.0})
    assert parameters(moved) == parameters(bound) | {"O-Si.C": 60.0}
    assert moved.charges is bound.charges and np.array_equal(moved.types, bound.types)


def test_an_unknown_name_is_refused_with_those_known() -> None:
    bound = load_forcefield("shik").bind(Atoms("SiO2"))
    with pytest.raises(InputError, match=r"no free parameter charge\.O") as refusal:
        with_parameters(bound, {"charge.O": -1.0, "O-Si.A": 1.0})
    assert "charge.Si" in str(refusal.value)
