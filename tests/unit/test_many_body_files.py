"""Force-field files beyond pairs: what is refused and in which words, and setfl texts that are none."""

import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright.engines import get_engine
from glasswright.errors import InputError
from glasswright.forms.setfl import coefficients, interpolated, read_setfl, sampled, setfl
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import load_forcefield
from reference.many_body import BOND_ORDERS, HEADER, tables

TERSOFF = HEADER.format(name="mine", a="C", b="Si") + BOND_ORDERS
METAL = HEADER.format(name="mine", a="Cu", b="Zr")
COPPER = '"Cu-Cu" = { form = "second-moment", A = 0.0855, p = 10.96, xi = 1.224, q = 2.278, r0 = 2.556, start = 5.7, end = 6.2 }\n'


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"C-C" = { A', '"X-C" = { A', r'pairs\."X-C" is not a pair'),
        ('"C-Si-Si" =', '"C-Si" =', r'bond_orders\."C-Si" is neither one nor three'),
        ("C = {}\n", "", r'bond_orders\."C-C-C" is missing'),
        ('"C-C" = { A = 1393.6', '"C-C" = { form = "stillinger-weber", A = 1393.6', r"epsilon is missing"),
        ("R = 2.85, D = 0.15", "R = 2.85, D = 2.9", r"pairs\.Si-Si ends at R \+ D"),
        ("R = 2.85, D = 0.15", "R = 2.85, D = 0.15, cutoff = 3.0", r"cutoff has no place in the form tersoff"),
        ("m = 1\n", "m = 2\n", r"m must be 1 or 3"),
        ("n = 0.9\n", "n = 0.0\n", r"n must be a finite number"),
        ('method = "none"', 'method = "ewald"\ncutoff = 10.0', r"coulomb\.method must be none"),
        ("Si = { charge = 0.0 }", "Si = { charge = 0.1 }", r"species\.Si\.charge must be 0"),
        ('"C-C" = { A = 1393.6, lambda1 = 3.4879, B = 346.7, lambda2 = 2.2119, R = 2.2, D = 0.2 }', "", r'pairs\."C-C" must have the form tersoff'),
    ],
)
def test_a_wrong_bond_order_file_is_refused(old: str, new: str, complaint: str) -> None:
    assert old in TERSOFF
    parse_forcefield(TERSOFF.encode(), "mine.toml")
    with pytest.raises(InputError, match=complaint):
        parse_forcefield(TERSOFF.replace(old, new, 1).encode(), "mine.toml")


def test_metals_without_a_common_pair_do_not_mix() -> None:
    forcefield = parse_forcefield((METAL + "[pairs]\n" + COPPER + COPPER.replace("Cu", "Zr")).encode(), "mine.toml")
    assert forcefield.bind(Atoms("Cu2")).cutoff == 6.2
    with pytest.raises(InputError, match="has no Cu-Zr term"):
        forcefield.bind(Atoms("CuZr"))


def test_two_potentials_in_one_file_are_refused() -> None:
    with pytest.raises(InputError, match="mixes second-moment and tersoff"):
        parse_forcefield((METAL + "[pairs]\n" + COPPER + BOND_ORDERS[BOND_ORDERS.index("[bond_orders") :].split("C = {}")[0] + "Cu = {}").encode(), "mine.toml")


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda text: "", "are no setfl file"),
        (lambda text: text.replace("2 Cu Zr", "3 Cu Zr"), "claim 3 elements"),
        (lambda text: text[:-40], "are not complete"),
        (lambda text: re.sub(r"none\n\S+", "none\nnan", text, count=1), "no finite number"),
        (lambda text: text.replace(" 5.5\n", " 9.5\n", 1), "make no sense"),
    ],
)
def test_a_broken_setfl_text_is_refused(break_it, complaint: str) -> None:  # type: ignore[no-untyped-def]
    embedded = tables(50).embedded
    assert embedded is not None
    with pytest.raises(InputError, match=complaint):
        read_setfl(break_it(embedded.text))


def test_a_setfl_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(METAL + '[embedded]\nfile = "none.eam.fs"\n')
    with pytest.raises(InputError, match=r"embedded\.file .*none\.eam\.fs' cannot be read"):
        load_forcefield(path)
    embedded = tables(50).embedded
    assert embedded is not None
    (tmp_path / "none.eam.fs").write_text(embedded.text)
    assert load_forcefield(path).bind(Atoms("CuZr")).cutoff == 5.5
    path.write_text(METAL.replace("Zr =", "Nb =") + '[embedded]\nfile = "none.eam.fs"\n')
    with pytest.raises(InputError, match="embedded has no functions for Nb"):
        load_forcefield(path)


def test_tables_written_and_read_are_the_same() -> None:
    def both(a: str, b: str, r: np.ndarray) -> np.ndarray:
        return (2.0 if a == "Cu" else 1.0) * np.exp(-r) + (0.5 if b == "Cu" else 0.0)

    made = sampled(["Cu", "Zr"], 6.0, 3.0, lambda a, rho: -np.sqrt(rho), both, lambda a, b, r: both(a, b, r) + both(b, a, r), 200)
    read = read_setfl(setfl(made, [63.5, 91.2], "title"))
    assert read.elements == made.elements and (read.spacing, read.density_spacing, read.cutoff) == (made.spacing, made.density_spacing, made.cutoff)
    for name in ("embedding", "density", "pair"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))


def test_polynomials_between_rows_are_exact_for_quadratics_and_end_at_the_last_row() -> None:
    x = np.arange(30.0)
    at = np.linspace(2.0, 26.9, 200)
    np.testing.assert_allclose(interpolated(coefficients(0.3 * x**2 - x + 1), at), 0.3 * at**2 - at + 1, rtol=1e-12)
    assert interpolated(coefficients(x**2), np.array([29.0, 40.0])).tolist() == [29.0**2, 29.0**2]


@pytest.mark.parametrize("name", ["tersoff-si", "munetoh", "cleri-rosato"])
def test_the_compiled_core_says_what_it_does_not_run(name: str) -> None:
    forcefield = load_forcefield(name)
    with pytest.raises(InputError, match=rf"Engine 'native' cannot run force field '{name}'(.|\n)*use engine lammps or jax"):
        get_engine("native", forcefield)
    from glasswright.engines.native import NativeEngine

    with pytest.raises(InputError, match="cannot evaluate"):
        NativeEngine().interactions(forcefield, bulk("Cu") if name == "cleri-rosato" else bulk("Si"))


def test_no_coulomb_method_beside_them() -> None:
    with pytest.raises(InputError, match="has no charges"):
        load_forcefield("munetoh", coulomb="dsf")
