"""Random packing: distances, density, neutrality, reproducibility, refusals."""

from __future__ import annotations

import time

import numpy as np
import pytest
from ase.neighborlist import neighbor_list

from glasswright.composition import Composition
from glasswright.errors import InputError
from glasswright.packing import minimum_distance, pack


def _mass_density(atoms):
    return atoms.get_masses().sum() * 1.66053906660 / atoms.get_volume()


@pytest.mark.parametrize("spec", ["SiO2", "30Na2O-70SiO2", "25CaO-25Al2O3-50SiO2", "GeSe2", "Cu64.5Zr35.5", "Si"])
def test_no_pair_is_closer_than_its_minimum(spec):
    atoms = pack(spec, n_atoms=600, seed=3)
    oxide = Composition(spec).is_oxide
    symbols = sorted(set(atoms.symbols))
    # ASE's neighbour list is the second opinion: it knows nothing of the packing's cells and images.
    limits = {(a, b): minimum_distance(a, b, oxide) for a in symbols for b in symbols}
    first, second = neighbor_list("ij", atoms, {pair: distance - 1e-9 for pair, distance in limits.items()})
    assert len(first) == len(second) == 0
    assert np.all((atoms.get_scaled_positions(wrap=False) >= 0) & (atoms.get_scaled_positions(wrap=False) < 1))


def test_given_minimum_distances_hold_and_tell():
    atoms = pack("SiO2", n_atoms=300, minimum_distances={("Si", "Si"): 2.9, "O-Si": 1.55})
    first, _ = neighbor_list("ij", atoms, {("Si", "Si"): 2.899, ("O", "Si"): 1.549})
    assert len(first) == 0
    default = pack("SiO2", n_atoms=300)
    assert len(neighbor_list("i", default, {("Si", "Si"): 2.899})) > 0


def test_atoms_counts_density_and_where_they_come_from():
    atoms = pack("30Na2O-70SiO2", n_atoms=300)
    assert atoms.symbols.get_chemical_formula() == "Na60O170Si70"
    assert atoms.pbc.all()
    assert _mass_density(atoms) == pytest.approx(2.4519, abs=1e-3)
    assert atoms.info["composition"] == "30Na2O-70SiO2"
    assert "exactly as asked" in atoms.info["composition_deviation"]
    assert "Interpolated" in atoms.info["density_source"]
    assert atoms.info["density_warning"] is None
    assert "species" not in atoms.arrays


def test_density_can_be_given_and_an_estimate_warns():
    assert _mass_density(pack("SiO2", n_atoms=300, density="2.5 g/cm3")) == pytest.approx(2.5)
    assert "estimate" in pack("P2O5", n_atoms=70).info["density_warning"]


def test_same_seed_same_packing():
    one, same, other = (pack(Composition("SiO2"), n_atoms=300, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(one.positions, same.positions)
    assert not np.array_equal(one.positions, other.positions)


def test_positions_are_spread_evenly():
    atoms = pack("SiO2", n_atoms=3000)
    occupation, _ = np.histogramdd(atoms.get_scaled_positions(), bins=2, range=[(0, 1)] * 3)
    # Random octants: 375 ± 18 if independent, less with excluded volume.
    assert np.all(np.abs(occupation - 375) < 5 * 18)


def test_iron_species_are_labelled():
    atoms = pack("10FeO-5Fe2O3-85SiO2", n_atoms=3000, density=2.6)
    labels = atoms.arrays["species"]
    assert set(labels) == {"Fe2", "Fe3", "O", "Si"}
    assert all(label.startswith(symbol) for label, symbol in zip(labels, atoms.symbols, strict=True))
    assert (labels == "Fe2").sum() == (labels == "Fe3").sum() == 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"density": 20}, "of space"),
        ({"density": 2.2, "minimum_distances": {("O", "O"): 3.2}}, "of space"),
        ({"minimum_distances": {("O", "Na"): 2.0}}, "not a pair"),
        ({"minimum_distances": {"O": 2.0}}, "not a pair"),
        ({"minimum_distances": {("O", "Si"): -1}}, "distance of O-Si"),
        ({"n_atoms": 3, "minimum_distances": {("O", "O"): 9.0}}, "wide"),
        ({"n_atoms": 0}, "number of atoms"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        pack("SiO2", **{"n_atoms": 300, **arguments})


def test_what_only_trying_shows_is_refused_in_bounded_time():
    start = time.perf_counter()
    with pytest.raises(InputError, match="found a place"):
        pack("Si", n_atoms=64, density=2.33, minimum_distances={"Si-Si": 2.42})  # 37 % of space
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("n_atoms", [1, 2, 8])
def test_tiny_boxes(n_atoms):
    assert len(pack("Si", n_atoms=n_atoms)) == n_atoms


def test_large_boxes_are_fast():
    start = time.perf_counter()
    atoms = pack("30Na2O-70SiO2", n_atoms=24000)
    assert len(atoms) == 24000
    # 1.4 s measured on two busy cores; a quadratic algorithm would need minutes.
    assert time.perf_counter() - start < 20
