"""The force-field library, the file reader, the choice for a composition, and binding to atoms."""

import pickle
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from glasswright.composition import Composition
from glasswright.errors import InputError
from glasswright.library.forcefield_file import forcefield_toml
from glasswright.library.forcefield_reader import parse_forcefield
from glasswright.library.forcefields import check_validity, choose_forcefield, forcefield_names, load_forcefield

EXAMPLE = files("glasswright.library").joinpath("examples", "forcefield.toml").read_text(encoding="utf-8")


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_library_has_exactly_the_promised_names() -> None:
    assert forcefield_names() == [
        *("bks", "bouhadja", "chik", "cleri-rosato", "guillot-sator", "munetoh", "pmmcs", "shik"),
        *("sw-si", "sw-vink", "tersoff-si", "tersoff-si-1988", "teter", "wang-bauchy"),
    ]


@pytest.mark.parametrize("name", forcefield_names())
def test_a_shipped_force_field_is_complete(name: str) -> None:
    forcefield = load_forcefield(name)
    assert forcefield.name == name and forcefield.title and forcefield.our_choices and forcefield.coulomb.as_published
    assert forcefield.sources and any(s.doi for s in forcefield.sources)
    assert forcefield.validity.composition and forcefield.validity.temperature
    assert forcefield.validity.formers or name == "cleri-rosato"  # metals have none
    assert {t.status for t in forcefield.pairs.values()} | {s.status for s in forcefield.species} <= {"V1", "V2", "VC"}
    assert 1000 < forcefield.melt_quench.melt_temperature < 10000
    assert len(pickle.loads(pickle.dumps(forcefield.species))) == len(forcefield.species)


def test_teter_knows_21_cations() -> None:
    assert len(load_forcefield("teter").species) == 22


def test_another_coulomb_method_is_a_model_of_its_own() -> None:
    dsf = load_forcefield("bks", coulomb="dsf")
    assert dsf.name == "bks/dsf" and not dsf.coulomb.as_published
    assert (dsf.coulomb.alpha, dsf.coulomb.cutoff) == (0.25, 8.0)
    assert load_forcefield("bks/dsf") == dsf
    assert load_forcefield("bks", coulomb="ewald") == load_forcefield("bks")
    with pytest.raises(InputError, match="Start from 'bks'"):
        dsf.with_coulomb("wolf")
    with pytest.raises(InputError, match="Coulomb method 'pppm'"):
        load_forcefield("bks", coulomb="pppm")


@pytest.mark.parametrize(
    ("method", "word", "doi"), [("dsf", "damped shifted force", "10.1063/1.2206581"), ("wolf", "damped shifted (Wolf)", "10.1063/1.478738")]
)
@pytest.mark.parametrize("name", [n for n in forcefield_names() if not load_forcefield(n).many_body])
def test_a_damped_coulomb_method_is_not_passed_off_as_the_authors(name: str, method: str, word: str, doi: str) -> None:
    published = load_forcefield(name)
    own = load_forcefield(name, coulomb=method)
    assert own.title == f"{published.title}, with {word} Coulomb (not the authors')"
    assert own.sources[:-1] == published.sources and own.sources[-1].doi == doi
    assert "13 to 19 %" in own.notes[-1] and "a model of its own" in own.notes[-1]
    assert not any("Ewald" in s for s in (*own.our_choices, *own.notes[:-1]))
    assert "cutoff 8 Å and damping 0.25 1/Å was asked for" in own.our_choices[-1]
    assert set(own.our_choices[:-1]) <= set(published.our_choices)


def test_a_force_field_without_charges_takes_no_coulomb_method() -> None:
    with pytest.raises(InputError, match="sw-si' has no charges"):
        load_forcefield("sw-si", coulomb="dsf")


def test_ewald_in_place_of_the_authors_method_drops_what_was_said_of_theirs() -> None:
    ewald = load_forcefield("shik", coulomb="ewald")
    assert ewald.title.endswith("with Ewald Coulomb (not the authors')") and "Ewald" in ewald.sources[-1].text
    assert not any("pair style" in s or "13 to 19 %" in s for s in ewald.notes)


@pytest.mark.parametrize("name", [*forcefield_names(), "bks/dsf", "shik/ewald", "teter/wolf", "shik/dsf"])
def test_a_force_field_written_to_a_run_directory_reads_back_the_same(name: str) -> None:
    forcefield = load_forcefield(name)
    assert parse_forcefield(forcefield_toml(forcefield).encode(), "forcefield.toml") == forcefield


def test_an_unknown_name_lists_the_library() -> None:
    with pytest.raises(InputError, match="bks, bouhadja"):
        load_forcefield("bsk")
    with pytest.raises(InputError):
        load_forcefield("")


def test_the_example_file_loads_and_says_what_it_says(tmp_path: Path) -> None:
    forcefield = load_forcefield(written(tmp_path, EXAMPLE))
    assert forcefield.name == "my-silica" and forcefield.sources[0].doi == "10.1000/example"
    term = forcefield.pairs[("O", "Si")]
    assert (term.form, term.cutoff, term.shifted, term.core["kind"], term.status) == ("buckingham", 8.0, True, "splice", "user")
    assert forcefield.bind(Atoms("SiO2")).pair_term("Si", "O") == term
    assert load_forcefield(tmp_path / "mine.toml", coulomb="wolf").name == "my-silica/wolf"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"O-O" = { A = 1390.0, rho = 0.3623, C = 175.0 }', "", r'pairs\."O-O" is missing'),
        ('form = "buckingham" ', 'form = "lennard-jones" ', r"pairs\.defaults\.form 'lennard-jones' is unknown"),
        ("C = 175.0", "C = nan", r"pairs\.O-O\.C must be a finite number"),
        ("C = 175.0", "C = 175.0, E = 1.0", r"pairs\.O-O\.E is not known here"),
        ("C = 175.0", "D = 1.0", r"pairs\.O-O\.C is missing"),
        ("rho = 0.3623", "rho = -0.3623", r"pairs\.O-O\.rho must be positive"),
        ("charge = -1.2", 'charge = "much"', r"species\.O\.charge must be a number"),
        ("charge = -1.2", "charge = true", r"species\.O\.charge must be a number"),
        ("O = { charge = -1.2 }", 'Ox = { element = "Oo", charge = -1.2 }', "no chemical element"),
        ('"Si-O" =', '"Si-Zr" =', r'pairs\."Si-Zr" is not a pair'),
        ('"Si-O" =', '"O-Si" = { A = 1.0, rho = 1.0, C = 0.0 }\n"Si-O" =', "given twice"),
        ('units = "eV, angstrom, e"', 'units = "kcal/mol"', "units is 'kcal/mol'"),
        ('method = "ewald"', 'method = "pppm"', r"coulomb\.method 'pppm' is unknown"),
        ('method = "ewald"', 'method = "dsf"', r"coulomb\.alpha is missing"),
        ("cutoff = 10.0", "cutoff = 1e400", r"coulomb\.cutoff must be a finite number"),
        ("melt_temperature = 4500.0", 'melt_temperature = "hot"', r"melt_quench\.melt_temperature must be a number"),
        ("temperature = [300, 6000]", "temperature = [6000, 300]", r"validity\.temperature must rise"),
        ('kind = "splice"', 'kind = "hard"', r"core\.kind 'hard' is unknown"),
        ('name = "my-silica"', 'name = "my/silica"', "no name"),
        ("Si = { charge", "Si-4 = { charge", "no name of a species"),
        ("A = 18000.0", "A = 1e308", "not finite"),
        ("shifted = true", "shifted = 1", "must be true or false"),
        ("[coulomb]", "[coulomb", "is not a TOML file"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(InputError, match=complaint) as error:
        load_forcefield(written(tmp_path, EXAMPLE.replace(old, new, 1)))
    assert "mine.toml" in str(error.value)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a TOML file"):
        load_forcefield(written(tmp_path, bytes(range(256))))


@pytest.mark.parametrize(
    ("composition", "name"),
    [
        ("SiO2", "shik"),
        ("30Na2O-70SiO2", "shik"),
        ("20Na2O-30B2O3-50SiO2", "shik"),
        ("10ZrO2-20Na2O-70SiO2", "teter"),
        ("50Na2O-50P2O5", "teter"),
        ("50ZnO-50P2O5", "pmmcs"),
    ],
)
def test_the_choice_for_a_composition(composition: str, name: str) -> None:
    forcefield, reason = choose_forcefield(Composition(composition))
    assert forcefield.name == name and name in reason and forcefield.validity.composition in reason


def test_no_choice_says_what_is_missing() -> None:
    with pytest.raises(InputError, match="shik lacks Ge, Se"):
        choose_forcefield(Composition("Ge20Se80"))


def test_warnings_name_the_range() -> None:
    bks, guillot = load_forcefield("bks"), load_forcefield("guillot-sator")
    assert check_validity(bks, Composition("SiO2"), 4000) == []
    assert "300 to 7000 K" in check_validity(bks, Composition("SiO2"), 9000)[0]
    assert any("no parameters for Na" in w for w in check_validity(bks, Composition("10Na2O-90SiO2")))
    assert "30 to 90 mol%" in check_validity(guillot, Composition("SiO2"))[0]


def test_iron_has_to_be_chosen() -> None:
    atoms = Atoms("FeO")
    with pytest.raises(InputError, match="no Fe but Fe2 and Fe3"):
        load_forcefield("teter").bind(atoms)
    atoms.arrays["species"] = np.array(["Fe2", "O"])
    bound = load_forcefield("teter").bind(atoms)
    assert bound.charge("Fe2") == 1.2 and bound.masses[0] == pytest.approx(55.845)


def test_charges_must_balance() -> None:
    with pytest.raises(InputError, match="do not balance"):
        load_forcefield("teter").bind(Atoms("Si2O3"))


def test_binding_keeps_the_order_of_the_atoms_and_only_the_pairs_present() -> None:
    bound = load_forcefield("teter").bind(Atoms("SiO2Na2O"))
    assert bound.species == ("Na", "O", "Si") and [bound.species[t] for t in bound.types] == ["Si", "O", "O", "Na", "Na", "O"]
    assert set(bound.pairs) == {("O", "O"), ("O", "Si"), ("Na", "O")}
    assert bound.cutoff == 10.0 and bound.pair_term("Si", "Na") is None
