"""Voronoi cells and persistent homology against second codes: scipy and gudhi, and homcloud where it is installed (GPL, extra ``homcloud``)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial import ConvexHull, Voronoi
from scipy.special import sph_harm_y

from glasswright.analysis import bond_order, persistence_diagrams, voronoi_cells
from glasswright.analysis.space.alpha import alpha_filtration
from glasswright.analysis.space.bond_order import spherical_harmonics
from glasswright.analysis.space.triangulation import triangulate

RADII = {"Si": 0.3, "O": 1.3}


def box(n=150, length=12.0, seed=0):
    rng = np.random.default_rng(seed)
    return Atoms(["Si", "O", "O"] * (n // 3), positions=rng.random((n, 3)) * length, cell=[length] * 3, pbc=True)


def finite(pairs):
    return np.sort([d - b for b, d in pairs if np.isfinite(d) and d - b > 1e-5])


def test_voronoi_volumes_against_scipy():
    atoms = box(39, 7.0)
    atoms.set_cell([[7.0, 0, 0], [5.0, 6.5, 0], [-3.0, 2.0, 7.5]])
    shifts = np.array(list(itertools.product(range(-2, 3), repeat=3))) @ np.array(atoms.cell)
    points = np.concatenate([atoms.positions + s for s in sorted(shifts.tolist(), key=np.linalg.norm)])
    diagram = Voronoi(points)
    volumes = [ConvexHull(diagram.vertices[diagram.regions[diagram.point_region[i]]]).volume for i in range(len(atoms))]
    assert voronoi_cells(atoms).volumes == pytest.approx(volumes, rel=1e-5)


def test_spherical_harmonics_against_scipy():
    unit = np.random.default_rng(0).normal(size=(40, 3))
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    polar, azimuth = np.arccos(unit[:, 2]), np.arctan2(unit[:, 1], unit[:, 0])
    for degree, found in zip((1, 4, 9), spherical_harmonics(unit, (1, 4, 9)), strict=True):
        assert found == pytest.approx(np.stack([sph_harm_y(degree, m, polar, azimuth) for m in range(degree + 1)], axis=1), abs=1e-13)


def test_bond_order_by_the_addition_theorem():
    # q_l² = <P_l(cos)> over all pairs of bonds: needs no spherical harmonics.
    atoms = box(60, 9.0)
    found = bond_order(atoms, 5, (2, 6))
    d = np.array([[atoms.get_distance(i, j, mic=True, vector=True) for j in range(60)] for i in range(60)])
    for i in (0, 17):
        nearest = d[i][np.argsort(np.linalg.norm(d[i], axis=1))[1:6]]
        unit = nearest / np.linalg.norm(nearest, axis=1)[:, None]
        for degree in (2, 6):
            legendre = np.polynomial.legendre.Legendre.basis(degree)
            assert found.q[degree][i] == pytest.approx(np.sqrt(legendre(unit @ unit.T).mean()))


@pytest.mark.parametrize("radii", [None, RADII])
def test_a_cluster_in_vacuum_against_gudhi(radii):
    gudhi = pytest.importorskip("gudhi")
    atoms = box(60, 8.0)
    atoms.set_cell([80.0] * 3)
    weights = None if radii is None else [radii[s] ** 2 for s in atoms.symbols]
    tree = gudhi.AlphaComplex(points=atoms.positions.tolist(), weights=weights, precision="exact").create_simplex_tree()
    tree.compute_persistence(homology_coeff_field=2)
    # The open complex of gudhi ends with the hull of the cluster; the periodic one goes on to the images.
    diagrams = persistence_diagrams(atoms, radii)
    for dimension in range(3):
        theirs = tree.persistence_intervals_in_dimension(dimension)
        ours = diagrams[dimension]
        inside = ours.deaths < 100
        assert np.sort(ours.lifetimes[inside]) == pytest.approx(finite(theirs), abs=1e-5)


@pytest.mark.parametrize("radii", [None, RADII])
def test_the_reduction_against_gudhi(radii):
    """The same periodic complex, simplicial in a box of this size, reduced by gudhi."""
    gudhi = pytest.importorskip("gudhi")
    atoms = box(300, 15.0)
    t = triangulate(atoms, None if radii is None else [radii[s] ** 2 for s in atoms.symbols])
    tree = gudhi.SimplexTree()
    for values, cells in zip(*alpha_filtration(t), strict=True):
        cells = cells.reshape(len(cells), -1)
        assert len(np.unique(np.sort(cells, axis=1), axis=0)) == len(cells)
        for cell, value in zip(cells.tolist(), values.tolist(), strict=True):
            assert tree.insert(cell, value)
    tree.compute_persistence(homology_coeff_field=2, persistence_dim_max=True)
    assert tree.betti_numbers() == [1, 3, 3, 1]
    for dimension, ours in enumerate(persistence_diagrams(atoms, radii)):
        theirs = tree.persistence_intervals_in_dimension(dimension)
        assert np.sort(ours.lifetimes) == pytest.approx(finite(theirs), abs=1e-12)
        assert ours.essential == pytest.approx(np.sort([b for b, d in theirs if np.isinf(d)]))


@pytest.mark.parametrize("radii", [None, RADII])
def test_periodic_diagrams_against_homcloud(radii):
    homcloud = pytest.importorskip("homcloud.interface", reason="homcloud is not installed: pip install 'glasswright[homcloud]'")
    atoms = box(300, 15.0)
    points = atoms.positions if radii is None else np.column_stack([atoms.positions, [radii[s] ** 2 for s in atoms.symbols]])
    found = homcloud.PDList.from_alpha_filtration(points, weight=radii is not None, periodicity=[(0, 15.0)] * 3)
    # homcloud lets an atom whose centre lies inside the ball of another begin a piece of its own; the union of the balls does not.
    for dimension in range(0 if radii is None else 1, 3):
        theirs = found.dth_diagram(dimension)
        ours = persistence_diagrams(atoms, radii)[dimension]
        assert np.sort(ours.lifetimes) == pytest.approx(finite(np.column_stack([theirs.births, theirs.deaths])), abs=1e-6)
