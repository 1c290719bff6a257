"""Order and space on structures whose answers are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright.analysis import (
    accumulated_persistence,
    bond_order,
    cavities,
    contact_radii,
    fingerprints,
    limiting_radius,
    loop_spectrum,
    persistence_diagrams,
    tetrahedrality,
    voronoi_cells,
)
from glasswright.errors import GlasswrightError, InputError
from glasswright.native.homology import persistence_pairs
from reference import crystals

SC, BCC, FCC, HCP = bulk("Po", "sc", a=2.0), bulk("Fe", "bcc", a=2.0), bulk("Cu", "fcc", a=2.0), bulk("Mg", "hcp", a=2.0, c=2.0 * (8 / 3) ** 0.5)


def random_glass(n=60, length=9.0, seed=0):
    rng = np.random.default_rng(seed)
    return Atoms(["Si", "O", "O"] * (n // 3), positions=rng.random((n, 3)) * length, cell=[length] * 3, pbc=True)


@pytest.mark.parametrize(
    ("atoms", "indices", "volume"),
    [
        (SC, (0, 6, 0, 0), 8.0),
        (FCC, (0, 12, 0, 0), 2.0),
        (HCP, (0, 12, 0, 0), 2.0**3 / 2**0.5),
        (BCC, (0, 6, 0, 8), 4.0),
        (bulk("Si", a=4.0), (12, 0, 0, 4), 8.0),
    ],
)
@pytest.mark.parametrize("repeat", [1, 2, 4])
def test_voronoi_cells_of_crystals(atoms, indices, volume, repeat):
    cells = voronoi_cells(atoms.repeat(repeat))
    assert cells.volumes == pytest.approx(volume, rel=1e-6)  # atoms are nudged by 1e-8 of their spacing
    assert cells.commonest() == {indices: 1.0}
    assert set(cells.faces) == {sum(indices)}


def test_faces_of_a_cubic_cell():
    cells = voronoi_cells(SC)
    assert cells.areas == pytest.approx(4.0, rel=1e-6)
    assert np.sort(np.abs(cells.vectors), axis=1) == pytest.approx(np.tile([0, 0, 2.0], (6, 1)), abs=1e-6)
    assert cells.surfaces == pytest.approx(24.0, rel=1e-6)


@pytest.mark.parametrize("radii", [None, {"Si": 0.3, "O": 1.3}])
def test_voronoi_cells_fill_the_box_and_meet_at_their_faces(radii):
    atoms = random_glass()
    cells = voronoi_cells(atoms, radii)
    assert cells.volumes.sum() == pytest.approx(atoms.cell.volume, rel=1e-12)
    there = sorted(zip(cells.first, cells.second, np.round(cells.areas, 9), strict=True))
    assert there == sorted(zip(cells.second, cells.first, np.round(cells.areas, 9), strict=True))


def test_radical_planes_give_space_to_the_larger_atom():
    salt = bulk("NaCl", "rocksalt", a=4.0)
    cells = voronoi_cells(salt, {"Na": 0.8, "Cl": 1.2})
    # The plane stands (1.2² - 0.8²)/(2·2) = 0.2 Å beyond the middle: cubes of 1.6 Å, cut off nowhere.
    assert cells.volumes[0] == pytest.approx(1.6**3, rel=1e-6)
    assert cells.volumes[1] == pytest.approx(16 - 1.6**3, rel=1e-6)


def test_small_faces_do_not_count():
    atoms = random_glass()
    assert voronoi_cells(atoms, small_face=0.05).faces.sum() < voronoi_cells(atoms).faces.sum()
    assert voronoi_cells(atoms, small_face=0.05).volumes == pytest.approx(voronoi_cells(atoms).volumes)


@pytest.mark.parametrize("repeat", [1, 2])
@pytest.mark.parametrize("r", [0.6, 1.0, 1.2, 1.4])
def test_free_volume_of_a_simple_cubic_crystal(r, repeat):
    found = cavities(SC.repeat(repeat), {"Po": r})
    height = max(r - 1.0, 0.0)  # the balls overlap in pairs of caps
    assert found.volumes.sum() / repeat**3 == pytest.approx(8 - 4 / 3 * np.pi * r**3 + 6 * np.pi * height**2 * (3 * r - height) / 3, rel=1e-6)
    assert found.surfaces.sum() / repeat**3 == pytest.approx(4 * np.pi * r**2 - 6 * 2 * np.pi * r * height, rel=1e-6)
    assert found.directions.tolist() == [3]
    assert found.radii == pytest.approx([3**0.5 - r], abs=1e-6)


def test_closed_cavities_of_a_simple_cubic_crystal():
    # Above a/√2 the balls close the faces of the cube; Monte Carlo with 4e6 points in the cube gives 0.1873(4).
    found = cavities(SC.repeat(2), {"Po": 1.45})
    assert found.volumes == pytest.approx([0.1868648] * 8, rel=1e-5)
    assert found.directions.tolist() == [0] * 8
    assert limiting_radius(SC, {"Po": 1.0}, 0.01) == pytest.approx(2**0.5 - 1, abs=0.005)


def test_close_packed_balls_fill_074():
    assert 1 - cavities(FCC, {"Cu": 2**-0.5}).fraction == pytest.approx(np.pi / 18**0.5, rel=1e-6)


@pytest.mark.parametrize(("small", "distance"), [(0.6, 1.2), (0.9, 2.0), (0.6, 0.7)])
def test_a_small_ball_partly_inside_a_large_one(small, distance):
    # Its centre may lie beyond the plane where the two surfaces meet, or all of it inside.
    large = 1.5
    pair = Atoms("OSi", positions=[(4, 4, 4), (4 + distance, 4, 4)], cell=[8.0, 9.0, 10.0], pbc=True)
    lens = np.pi * (large + small - distance) ** 2 * (distance**2 + 2 * distance * (large + small) - 3 * (large - small) ** 2) / (12 * distance)
    ball = 4 / 3 * np.pi
    filled = ball * (large**3 + small**3) - (lens if distance > large - small else ball * small**3)
    assert 720 - cavities(pair, {"O": large, "Si": small}).volumes.sum() == pytest.approx(filled, rel=1e-6)


@pytest.mark.parametrize("probe", [0.0, 0.3])
def test_free_volume_against_random_points(probe):
    atoms, radii = random_glass(30, 8.0, 3), {"Si": 0.9, "O": 1.4}
    points = np.random.default_rng(5).random((100_000, 3)) * 8
    free = np.ones(len(points), dtype=bool)
    for atom in atoms:
        d = (points - atom.position + 4) % 8 - 4
        free &= (d**2).sum(axis=1) > (radii[atom.symbol] + probe) ** 2
    share = free.mean()
    assert cavities(atoms, radii, probe).fraction == pytest.approx(share, abs=4 * (share * (1 - share) / len(points)) ** 0.5)


def test_layers_leave_cavities_in_two_directions():
    sheet = Atoms("Ar", cell=[2.0, 2.0, 9.0], pbc=True)
    found = cavities(sheet.repeat((2, 2, 1)), {"Ar": 1.5})
    assert found.directions.tolist() == [2]
    channel = SC.repeat((3, 3, 1))
    del channel[4]
    assert cavities(channel, {"Po": 1.45}).directions.tolist() == [1] + [0] * 5  # four cubes joined, five left
    assert cavities(sheet, {"Ar": 6.0}).fraction == 0.0


# Steinhardt, Nelson and Ronchetti, doi 10.1103/PhysRevB.28.784; Mickel et al., doi 10.1063/1.4774084: printed to three or more digits.
@pytest.mark.parametrize(
    ("atoms", "around", "q4", "q6", "w4", "w6"),
    [
        (FCC, 12, 0.19094, 0.57452, -0.15932, -0.01316),
        (HCP, 12, 0.09722, 0.48476, 0.13410, -0.01244),
        (BCC, 14, 0.03637, 0.51069, 0.15932, 0.01316),
        (SC, 6, 0.76376, 0.35355, 0.15932, 0.01316),
        (bulk("Si"), 4, 0.50918, 0.62854, -0.15932, 0.01316),
        (FCC, "voronoi", 0.19094, 0.57452, -0.15932, -0.01316),
    ],
)
def test_bond_order_of_crystals(atoms, around, q4, q6, w4, w6):
    turned = atoms.repeat(2)
    turned.rotate(50, (1, 2, 3), rotate_cell=True)
    found = bond_order(turned, around)
    for value, degree, expected in ((found.q, 4, q4), (found.q, 6, q6), (found.w, 4, w4), (found.w, 6, w6)):
        assert value[degree] == pytest.approx(expected, abs=1e-5)
    for value, degree, expected in ((found.q_average, 6, q6), (found.w_average, 4, w4)):
        assert value[degree] == pytest.approx(expected, abs=1e-5)  # all surroundings are alike, but for hcp turned: even degrees do not see it


def test_bond_order_by_cutoffs_and_of_lonely_atoms():
    found = bond_order(crystals.beta_cristobalite(), {("Si", "O"): 1.8}, (3, 4))
    silicon = np.array(crystals.beta_cristobalite().symbols) == "Si"
    assert found.q[4][silicon] == pytest.approx(0.50918, abs=1e-5)
    assert np.isnan(bond_order(SC.repeat(3), {("Po", "Po"): 1.0}).q[4]).all()


def test_tetrahedrality():
    quartz, cristobalite = crystals.alpha_quartz(), crystals.beta_cristobalite()
    assert tetrahedrality(cristobalite)["Si", "O"] == pytest.approx(1.0, abs=1e-9)
    assert tetrahedrality(bulk("Si").repeat(2))["Si", "Si"] == pytest.approx(1.0, abs=1e-9)
    assert 0.99 < tetrahedrality(quartz)["Si", "O"].mean() < 1
    assert tetrahedrality([quartz, quartz])["Si", "O"].shape == (6,)
    # Four of the six octahedral neighbours, whichever: three right angles and more.
    assert tetrahedrality(crystals.stishovite(), [("Si", "O")])["Si", "O"].max() < 0.8
    square = Atoms("SiO4", positions=[(5, 5, 5), (6, 5, 5), (4, 5, 5), (5, 6, 5), (5, 4, 5)], cell=[10.0] * 3, pbc=True)
    assert tetrahedrality(square, [("Si", "O")])["Si", "O"] == pytest.approx(0.5)
    rng = np.random.default_rng(2)
    gas = Atoms("Ar500", positions=rng.random((500, 3)) * 20, cell=[20.0] * 3, pbc=True)
    assert tetrahedrality(gas, [("Ar", "Ar")])["Ar", "Ar"].mean() == pytest.approx(0.0, abs=0.05)


def test_persistence_of_crystals():
    cubic = persistence_diagrams(SC.repeat(6))
    n = 216
    assert [len(d.births) for d in cubic] == [n - 1, 2 * n - 2, n - 1, 0]  # 3 edges, 3 squares and 1 cube per atom, less what the torus keeps
    for d, (birth, death) in zip(cubic, [(0, 1), (1, 2), (2, 3)], strict=False):
        assert d.births == pytest.approx(birth, abs=1e-6)
        assert d.deaths == pytest.approx(death, abs=1e-6)
    silicon = persistence_diagrams(bulk("Si", a=4.0).repeat(4))
    assert silicon[0].deaths == pytest.approx(0.75, abs=1e-6)  # half a bond, squared
    # Rings of six: two independent ones per atom close the network, one per atom is left by the tetrahedra of the diamond lattice.
    assert np.allclose(silicon[1].births, 0.75, atol=1e-6)
    assert silicon[1].deaths == pytest.approx(8 / 3, abs=1e-6)  # the circle through a chair of six


@pytest.mark.parametrize("repeat", [1, 2, 3])
@pytest.mark.parametrize("atoms", [SC, FCC, HCP, crystals.alpha_quartz(), random_glass(6, 4.0), random_glass(30)])
def test_the_torus_remains(atoms, repeat):
    if len(atoms) * repeat**3 < 500:
        assert [len(d.essential) for d in persistence_diagrams(atoms.repeat(repeat))] == [1, 3, 3, 1]


def test_radii_shift_the_births_of_atoms():
    diagram = persistence_diagrams(random_glass(), {"Si": 0.3, "O": 0.3})
    plain = persistence_diagrams(random_glass())
    for a, b in zip(diagram, plain, strict=True):
        assert np.sort(a.births) == pytest.approx(np.sort(b.births) - 0.09, abs=1e-9)
        assert np.sort(a.deaths) == pytest.approx(np.sort(b.deaths) - 0.09, abs=1e-9)


def test_accumulated_persistence():
    loops = persistence_diagrams(SC.repeat(6))[1]
    curve = accumulated_persistence([loops, loops], [1.0, 1.4999, 1.5001, 3.0])
    assert curve.y == pytest.approx([0, 0, 430 / 216, 430 / 216], abs=1e-6)
    assert curve.sigma == pytest.approx(0.0)
    with pytest.raises(InputError):
        accumulated_persistence([], [1.0])


def test_loops_in_reciprocal_space():
    salt = bulk("NaCl", "rocksalt", a=4.0, cubic=True).repeat(3)
    loops, q = persistence_diagrams(salt)[1], np.arange(0.5, 4.0, 0.005)
    found = loop_spectrum([loops], list(salt.symbols), 0.0, q)
    assert set(found) == {"total", "Cl-Na"}
    assert q[found["total"].y.argmax()] == pytest.approx(np.pi / 2**0.5, abs=0.005)  # squares of 2 Å fill at radius √2
    assert found["total"].y.sum() * 0.005 == pytest.approx(loops.lifetimes.sum() / len(salt), rel=1e-3)
    number = loop_spectrum([loops], list(salt.symbols), 0.0, q, "number")["total"]
    assert number.y.sum() * 0.005 == pytest.approx(len(loops.births) / len(salt), rel=1e-3)
    with pytest.raises(InputError):
        loop_spectrum([persistence_diagrams(salt)[2]], list(salt.symbols), 0.0, q)


def test_reduction_of_a_hollow_and_a_filled_triangle():
    dimensions, offsets, faces = [0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 2, 4, 6], [0, 1, 1, 2, 0, 2]
    assert persistence_pairs(dimensions, offsets, faces).tolist() == [-1, 3, 4, 1, 2, -1]
    assert persistence_pairs([*dimensions, 2], [*offsets, 9], [*faces, 3, 4, 5]).tolist() == [-1, 3, 4, 1, 2, 6, 5]
    assert persistence_pairs([0, 1], [0, 0, 2], [0, 0]).tolist() == [-1, -1]  # an edge from an atom to its own image
    assert persistence_pairs([], [0], []).tolist() == []


@pytest.mark.parametrize(
    ("dimensions", "offsets", "faces"),
    [
        ([0, 1], [0, 0, 2], [0, 1]),
        ([0, 1], [0, 0, 2], [0, -1]),
        ([0, 2], [0, 0, 1], [0]),
        ([0, 9], [0, 0, 0], []),
        ([0, 0], [0, 0], []),
        ([0, 1], [0, 2, 1], [0]),
    ],
)
def test_no_complex(dimensions, offsets, faces):
    with pytest.raises(InputError, match="filtered complex"):
        persistence_pairs(dimensions, offsets, faces)


def test_contact_radii():
    assert contact_radii(crystals.beta_cristobalite().repeat(2)) == pytest.approx({"O": 2.53 / 2, "Si": 1.55 - 2.53 / 2}, abs=0.03)
    assert contact_radii(bulk("Si").repeat(3)) == {"Si": pytest.approx(1.11)}


def test_fingerprints_tell_kinds_of_surroundings():
    found = fingerprints(crystals.coesite())
    assert found.values.shape == (48, len(found.names))
    assert len(set(found.names)) == len(found.names)
    radial = fingerprints(SC.repeat(2), cutoff=2.5, shells=[1.5, 2.0, 2.5], max_degree=0, angular_cutoff=2.5)
    weight = 0.5 * (1 + np.cos(np.pi * 2 / 2.5))
    assert radial.values == pytest.approx(np.tile(6 * weight * np.exp([-0.5, 0, -0.5]), (8, 1)))
    silicon = [a.index for a in crystals.coesite() if a.symbol == "Si"]
    assert found.similarity()[silicon[0], silicon[1]] > found.similarity()[silicon[0], -1]
    assert np.diag(found.similarity()) == pytest.approx(1.0)
    assert found.distance(found).min() == pytest.approx(0.0, abs=1e-7)


def test_angular_fingerprint_is_the_legendre_sum_over_pairs():
    atoms = random_glass(12, 5.0)
    found = fingerprints(atoms, shells=[1.2, 1.6, 2.0, 2.4], max_degree=2)
    d = atoms.get_all_distances(mic=True, vector=True)
    assert "A(O 1.2, Si 2, 2)" in found.names
    near = [(j, v) for i in (0,) for j in range(12) for s in np.ndindex(3, 3, 3) if 1e-9 < np.linalg.norm(v := d[i, j] + 5.0 * (np.array(s) - 1)) < 3.5]

    def weight(v, place):
        r = np.linalg.norm(v)
        return np.exp(-0.5 * ((r - place) / 0.8) ** 2) * 0.5 * (1 + np.cos(np.pi * r / 3.5))

    total = 0.0
    for j, v in near:
        for k, u in near:
            if atoms[j].symbol == "O" and atoms[k].symbol == "Si":
                cosine = v @ u / np.linalg.norm(v) / np.linalg.norm(u)
                total += weight(v, 1.2) * weight(u, 2.0) * 0.5 * (3 * cosine**2 - 1)
    assert found.values[0, found.names.index("A(O 1.2, Si 2, 2)")] == pytest.approx(total)


@pytest.mark.parametrize(
    "call",
    [
        lambda a: cavities(a, {"O": 1.3}),
        lambda a: cavities(a, {"O": 1.3, "Si": -1.0}),
        lambda a: cavities(a, {"O": 1.3, "Si": 0.3}, -0.1),
        lambda a: limiting_radius(a, {"O": 1.3, "Si": 0.3}, 0.0),
        lambda a: voronoi_cells(a, small_face=2.0),
        lambda a: voronoi_cells(Atoms("Si", positions=[[0, 0, np.nan]], cell=[3.0] * 3, pbc=True)),
        lambda a: persistence_diagrams(Atoms("Si", cell=[3.0] * 3, pbc=False)),
        lambda a: bond_order(a, "nearest"),
        lambda a: bond_order(a, 0),
        lambda a: bond_order(a, degrees=(0,)),
        lambda a: tetrahedrality(a, [("Ge", "O")]),
        lambda a: fingerprints(a, cutoff=-1.0),
        lambda a: fingerprints(a, elements=["O"]),
        lambda a: fingerprints(a).similarity(fingerprints(a, max_degree=0)),
    ],
)
def test_bad_input(call):
    with pytest.raises(InputError):
        call(random_glass())


def test_atoms_on_one_place_are_refused():
    atoms = random_glass()
    atoms.positions[3] = atoms.positions[4]
    with pytest.raises(GlasswrightError, match="same place"):
        voronoi_cells(atoms)
