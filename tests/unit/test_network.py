"""Networks of crystals and small made-up ones, where every answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from glasswright import analysis
from glasswright.analysis.network.constraints import _ranks
from glasswright.analysis.network.survey import survey_network
from glasswright.analysis.sample import Sample
from glasswright.errors import InputError
from reference import crystals, networks
from reference.networks import CUTOFFS


def values(cases):
    return {name: number.value for name, number in cases.items()}


def molecules(*groups, box=30.0):
    """Atoms in a big box, groups ``(symbols, positions)`` 10 Å apart."""
    atoms = Atoms(cell=[box, 30, 30], pbc=True)
    for i, (symbols, positions) in enumerate(groups):
        atoms += Atoms(symbols, positions=np.asarray(positions, dtype=float) + [3 + 10 * i, 12, 12])
    return atoms


TETRAHEDRON = np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.93
TRIANGLE = np.array([[0, 0, 0], *[[1.37 * np.cos(t), 1.37 * np.sin(t), 0] for t in np.radians([0, 120, 240])]])


@pytest.mark.parametrize("make", crystals.SILICA)
def test_silica_is_a_perfect_network(make):
    atoms = make()
    assert values(analysis.linkages(atoms, CUTOFFS)) == {"Si-O-Si": 1}
    assert {e: values(c) for e, c in analysis.environments(atoms, CUTOFFS).items()} == {"O": {"OSi2": 1}, "Si": {"SiO4": 1}}
    assert analysis.coordination_defects(atoms, CUTOFFS) == {}
    assert values(analysis.qn_environments(atoms, CUTOFFS)["Si"]) == {"Q4": 1}
    sharing = analysis.polyhedra_sharing(atoms, CUTOFFS)["Si", "Si"]
    assert (sharing.corner.value, sharing.edge.value, sharing.per_polyhedron.value) == (1, 0, 2)
    network = analysis.clusters(atoms, "Si", "O", CUTOFFS)
    assert (network.largest.value, network.spanning.value) == (1, 3)
    # Phillips and Thorpe: 11/3, and 3 without the angle at oxygen.
    assert analysis.mean_field_constraints(atoms, CUTOFFS).total.value == pytest.approx(11 / 3)
    assert analysis.mean_field_constraints(atoms, CUTOFFS, bridges=False).total.value == pytest.approx(3)


@pytest.mark.parametrize(
    ("make", "centre", "linker", "shares", "joined"),
    [
        (crystals.stishovite, "Si", "O", (8, 2, 0), 5),
        (networks.rutile, "Ti", "O", (8, 2, 0), 5),
        (networks.anatase, "Ti", "O", (4, 4, 0), 4),
        (networks.corundum, "Al", "O", (9, 3, 1), 6.5),
        (crystals.silicon_disulfide, "Si", "S", (0, 2, 0), 1),
    ],
)
def test_shared_corners_edges_and_faces(make, centre, linker, shares, joined):
    """Textbook numbers of neighbouring polyhedra, half of each pair belonging to either."""
    sharing = analysis.polyhedra_sharing(make(), CUTOFFS)[centre, centre]
    assert np.allclose([sharing.corner.value, sharing.edge.value, sharing.face.value], np.array(shares) / sum(shares))
    assert sharing.per_polyhedron.value == joined
    assert values(analysis.edge_sharing(make(), CUTOFFS)) == {centre: 1}


def test_stishovite_is_all_defects():
    assert {e: values(c) for e, c in analysis.coordination_defects(crystals.stishovite(), CUTOFFS).items()} == {
        "O": {"[3]O: OSi3": 1},
        "Si": {"[6]Si: SiO6": 1},
    }
    assert values(analysis.linkages(crystals.stishovite(), CUTOFFS)) == {"OSi3": 1}


def test_loewenstein_in_carnegieite():
    atoms = networks.carnegieite()
    assert values(analysis.linkages(atoms, CUTOFFS)) == {"Al-O-Si": 1}
    units = analysis.qn_environments(atoms, CUTOFFS)
    assert (values(units["Al"]), values(units["Si"])) == ({"Q4(4Si)": 1}, {"Q4(4Al)": 1})
    bridges = analysis.connectivity(atoms, CUTOFFS)
    assert {pair: b.random.value for pair, b in bridges.items()} == {("Al", "Al"): 0.25, ("Al", "Si"): 0.5, ("Si", "Si"): 0.25}
    assert {pair: b.ratio.value for pair, b in bridges.items()} == {("Al", "Al"): 0, ("Al", "Si"): 2, ("Si", "Si"): 0}
    sodium = analysis.modifier_surroundings(atoms, CUTOFFS)["Na"]
    assert (sodium.bridging.value, sodium.non_bridging.value, sodium.compensating.value, sodium.modifying.value) == (12, 0, 1, 0)


def test_random_mixing_has_ratios_of_one():
    """Aluminium put at random into 5 × 5 × 5 cells of beta-cristobalite; 4000 bridges leave 2 % of noise in the rarest kind, Al-O-Al."""
    atoms = crystals.beta_cristobalite().repeat(5)
    silicon = np.flatnonzero(atoms.symbols == "Si")
    atoms.symbols[np.random.default_rng(3).choice(silicon, 400, replace=False)] = "Al"
    for bridges in analysis.connectivity(atoms, CUTOFFS).values():
        assert bridges.ratio.value == pytest.approx(1, abs=0.07)


def test_kinds_of_oxygen_and_boron():
    chain = [[0, 0, 0], [1.6, 0, 0], [3.2, 0, 0]]  # Si-O-Si
    sodium = [[0, 0, 0], [1.6, 0, 0], [3.9, 0, 0]]  # Si-O-Na
    atoms = molecules(("SiOSi", chain), ("SiONa", sodium), ("ONa", sodium[:2]), ("SiO", chain[:2]), ("BO4", TETRAHEDRON * 0.9), ("BO3", TRIANGLE), box=80)
    cutoffs = {("Si", "O"): 1.9, ("Na", "O"): 2.6, ("B", "O"): 1.7}
    found = values(analysis.linkages(atoms, cutoffs))
    assert found == {"B-O": 7 / 11, "O-Na": 1 / 11, "Si-O": 1 / 11, "Si-O-Na": 1 / 11, "Si-O-Si": 1 / 11}
    assert analysis.four_coordinated(atoms, cutoffs=cutoffs).value == 0.5
    assert values(analysis.coordination_defects(atoms, cutoffs)["O"]) == {"[1]O: OB": 7 / 11, "[1]O: OSi": 1 / 11}  # not where sodium is beside it
    assert "B" not in analysis.coordination_defects(atoms, cutoffs)  # three and four are both as expected
    assert analysis.coordination_fractions(atoms, cutoffs)["B", "O"][3].value == 0.5
    assert analysis.modifier_surroundings(atoms, cutoffs)["Na"].non_bridging.value == 1


def test_wrong_bonds():
    """An ethane-like Ge2Se6 beside GeSe4 with a pair of selenium: one Ge-Ge of 11 bonds, one Se-Se."""
    ethane = [*(TETRAHEDRON[[0, 2, 3, 4]] * 1.45), [1.4, 1.4, 1.4], *(np.array([1.4, 1.4, 1.4]) - TETRAHEDRON[2:] * 1.45)]
    atoms = molecules(("GeSe3GeSe3", ethane), ("GeSe4Se", [*(TETRAHEDRON * 1.45), [2.7, 2.7, 2.7]]))
    found = analysis.homopolar_bonds(atoms, {("Ge", "Ge"): 2.7, ("Ge", "Se"): 2.7, ("Se", "Se"): 2.7})
    assert found["Ge", "Ge"].of_bonds.value == pytest.approx(1 / 12)
    assert found["Se", "Se"].of_bonds.value == pytest.approx(1 / 12)
    assert found["Ge", "Ge"].of_atoms.value == pytest.approx(2 / 3)
    assert found["Se", "Se"].of_atoms.value == pytest.approx(2 / 11)
    environments = values(analysis.environments(atoms, {("Ge", "Ge"): 2.7, ("Ge", "Se"): 2.7, ("Se", "Se"): 2.7})["Ge"])
    assert environments == pytest.approx({"GeGeSe3": 2 / 3, "GeSe4": 1 / 3})
    assert all(w.of_bonds.value == 0 for w in analysis.homopolar_bonds(crystals.silicon_disulfide().repeat(2)).values())
    # Silicon is 2.77 Å from the next in its chain of shared edges: near, not bonded.
    near = {("S", "Si"): 2.5, ("Si", "Si"): 2.9, ("S", "S"): 2.4}
    assert all(w.of_bonds.value == 0 for w in analysis.homopolar_bonds(crystals.silicon_disulfide(), near).values())


@pytest.mark.parametrize(
    ("make", "members", "through", "parts", "dimension"),
    [
        (crystals.diamond, "C", (), 1, 3),
        (crystals.graphite, "C", (), 2, 2),
        (crystals.silicon_disulfide, "Si", "S", 2, 1),
        (crystals.bcc_iron, "Fe", (), 1, 3),
        (crystals.stishovite, "Si", "O", 1, 3),
        (lambda: networks.cuprite().repeat(2), "Cu", "O", 2, 3),
        (lambda: molecules(("SiO4", TETRAHEDRON)), "Si", "O", 1, 0),
    ],
)
def test_parts_of_crystals_and_the_directions_they_span(make, members, through, parts, dimension):
    atoms = make()
    found = analysis.clusters(atoms, members, through, CUTOFFS)
    assert found.dimension.tolist() == [dimension] * parts
    assert found.size.sum() == np.count_nonzero(atoms.symbols == members)
    assert found.largest.value == pytest.approx(1 / parts)


def test_sizes_of_clusters():
    atoms = molecules(("NaO", [[0, 0, 0], [2.3, 0, 0]]), ("NaONa", [[0, 0, 0], [2.3, 0, 0], [4.6, 0, 0]]), box=40)
    found = analysis.clusters(atoms, "Na", "non-bridging", {("Na", "O"): 2.5})
    assert found.size.tolist() == [2, 1]
    assert found.mean_size.value == pytest.approx(5 / 3)
    assert found.shares(1, 1).value == pytest.approx(1 / 3)
    # A bridging oxygen does not join them where only non-bridging ones may.
    bridge = molecules(("SiOSiNa2", [[0, 0, 0], [1.6, 0, 0], [3.2, 0, 0], [1.6, 2.3, 0], [1.6, -2.3, 0]]))
    bonds = {("Na", "O"): 2.5, ("Si", "O"): 1.9}
    assert analysis.clusters(bridge, "Na", "non-bridging", bonds).size.tolist() == [1, 1]
    assert analysis.clusters(bridge, "Na", "O", bonds).size.tolist() == [2]
    with pytest.raises(InputError, match="no K"):
        analysis.clusters(atoms, "K", "O")


def test_sites_of_a_cubic_lattice_percolate_where_they_must():
    """Site percolation on the simple cubic lattice: threshold 0.3116, correlation length of a few sites at 0.24 and 0.40."""
    rng = np.random.default_rng(5)
    for occupied, spans in ((0.24, 0), (0.40, 3)):
        sites = np.argwhere(rng.random((20, 20, 20)) < occupied) * 3.0
        found = analysis.clusters(Atoms(f"Na{len(sites)}", positions=sites, cell=[60] * 3, pbc=True), "Na", cutoffs={("Na", "Na"): 3.2})
        assert found.spanning.value == spans
        assert (found.largest.value > 0.8) == (spans == 3)


def test_dihedral_angles_by_iupac():
    """Looking along the middle bond, the rear one at +y of one at +x: a quarter turn clockwise."""
    cutoffs = {("Si", "O"): 1.9}
    for angle in (-150.0, -60.0, 0.0, 60.0, 90.0, 180.0):
        t = np.radians(angle)
        rear = [0.5 + 1.6 * np.cos(t), 1.6 * np.sin(t), 1.5]
        atoms = molecules(("OSiOSi", [[1.6, 0, 0], [0, 0, 0], [0, 0, 1.6], np.array(rear) - [0.5, 0, -0.1]]))
        (curve,) = analysis.dihedral_angles(atoms, cutoffs, 1.0, signed=True).values()
        assert (curve.metadata["mean"] - angle + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
        assert (curve.metadata["mean"] - atoms.get_dihedral(0, 1, 2, 3) + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)
        assert np.sum(curve.y) == pytest.approx(1)


def test_dihedral_angles_of_crystals():
    """Diamond: staggered, a third trans. Graphite: flat. Straight Si-O-Si: none."""
    (curve,) = analysis.dihedral_angles(crystals.diamond(), CUTOFFS, 22.5).values()
    assert curve.x[curve.y > 0].tolist() == [56.25, 168.75]
    assert curve.y[-1] * 22.5 == pytest.approx(1 / 3)
    (flat,) = analysis.dihedral_angles(crystals.graphite(), CUTOFFS, 10.0).values()
    assert flat.x[flat.y > 0].tolist() == [5, 175]
    assert analysis.dihedral_angles(crystals.beta_cristobalite(), CUTOFFS) == {}


def test_angles_between_units():
    chain = [[0, 0, 0], [1.6, 0, 0], [1.6, 1.6, 0], [3.2, 1.6, 0], [4.8, 1.6, 0]]  # Si-O-Si-O-Si: one right angle at the first oxygen, one straight
    found = analysis.bridge_angles(molecules(("SiOSiOSi", chain)), {("Si", "O"): 1.9})
    assert list(found) == [("Si Q1", "Si Q2")]
    assert found["Si Q1", "Si Q2"].metadata["mean"] == pytest.approx(135)


@pytest.mark.parametrize(("make", "expected"), [(crystals.diamond, 7), (crystals.graphite, 4.5), (crystals.silicon_disulfide, 11 / 3)])
def test_mean_field_counts(make, expected):
    """5r/2 - 3 per atom: 7 for r = 4, 4.5 for r = 3; GeSe2 and its like have 11/3 (Thorpe 1983)."""
    assert analysis.mean_field_constraints(make(), CUTOFFS).total.value == pytest.approx(expected)


def test_fixed_angles_that_follow_from_others_are_not_counted():
    """Four directions have six angles: all of them are five constraints, as are any five; four are four. A triangle of fixed angles
    among four directions is three, and a lone one one."""
    patterns = np.array([[1] * 6, [1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0], [1, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1], [0] * 6], dtype=bool)
    assert _ranks(4, patterns).tolist() == [5, 5, 4, 3, 1, 0]
    for m in range(2, 13):
        assert _ranks(m, np.ones((1, m * (m - 1) // 2), dtype=bool)).tolist() == [2 * m - 3]


def swinging(amplitude, n=40):
    """SiO4 that stands still, and a hinge Si-O-Si of constant bonds that swings about 130 degrees; all of it moves through the boundary."""
    frames = []
    for i in range(n):
        t = np.radians(130 + amplitude * np.sqrt(2) * np.sin(2 * np.pi * i / n))
        hinge = [[1.6, 0, 0], [0, 0, 0], [1.6 * np.cos(t), 1.6 * np.sin(t), 0]]
        atoms = molecules(("SiO4", TETRAHEDRON), ("SiOSi", hinge))
        atoms.positions += 0.7 * i
        atoms.wrap()
        frames.append(atoms)
    return frames


def test_constraints_from_motion():
    cutoffs = {("Si", "O"): 1.9}
    stiff, loose = (analysis.moving_constraints(swinging(a), cutoffs) for a in (10.0, 20.0))
    # SiO4: 4 bonds and 5 angles; hinge: 2 bonds and its angle where that stays within 15 degrees.
    assert stiff.total.value == pytest.approx((9 + 3) / 8)
    assert loose.total.value == pytest.approx((9 + 2) / 8)
    assert loose.deviations["Si", "O", "Si"] == pytest.approx(20, rel=0.03)  # n - 1 of n = 40
    assert loose.fixed["O", "Si", "O"] == 1
    assert loose.stretching.value == pytest.approx(6 / 8)
    with pytest.raises(InputError, match="too few"):
        analysis.moving_constraints(swinging(10.0)[:9], cutoffs)


@pytest.mark.parametrize(
    "name", ["linkages", "qn_environments", "polyhedra_sharing", "edge_sharing", "connectivity", "modifier_surroundings", "homopolar_bonds"]
)
def test_what_has_no_polyhedra_is_refused(name):
    with pytest.raises(InputError, match="no network of linked polyhedra"):
        getattr(analysis, name)(bulk("Si", "diamond", a=5.43, cubic=True).repeat(2))


@pytest.mark.parametrize(
    "make", [crystals.alpha_quartz, crystals.silicon_disulfide, crystals.diamond, crystals.bcc_iron, networks.carnegieite, networks.cuprite]
)
def test_every_kind_of_solid_is_surveyed(make):
    atoms = make().repeat(2)
    before = atoms.copy()
    found = survey_network(Sample([atoms, atoms]))
    assert atoms == before
    assert found.curves
    assert all(np.isfinite(n.value) for n in found.numbers.values())
    assert found.numbers["constraints per atom, mean field, all angles"].spread == 0
    for population in found.populations.values():
        if population.what == "fraction" and population.title.startswith(("Qn", "Oxygen", "What")):
            assert sum(n.value for n in population.cases.values()) == pytest.approx(1)


def test_survey_follows_what_moves_in_time():
    frames = swinging(20.0)
    assert "constraints per atom, from motion" not in survey_network(Sample(frames, frames)).numbers  # of no known time
    for i, atoms in enumerate(frames):
        atoms.info = {"time": 10.0 * i, "stage": "melt"}
    found = survey_network(Sample(frames[:1], frames))
    assert found.numbers["constraints per atom, from motion in the melt"].value == pytest.approx(11 / 8)
    for atoms in frames:
        atoms.info["stage"] = "sample"
    assert survey_network(Sample(frames)).numbers["constraints per atom, from motion"].value == pytest.approx(11 / 8)


def test_halides_and_oxides_without_a_proper_former_have_a_network():
    from glasswright.analysis.network.bonds import Roles, roles

    assert roles(("Be", "F")) == Roles(("Be",), ("F",), ())
    assert roles(("Na", "O")) == Roles((), ("O",), ("Na",))
    assert roles(("As", "Ge", "Te")) == Roles(("As", "Ge"), ("Te",), ())
    assert roles(("Al", "Na", "O", "Si")) == Roles(("Al", "Si"), ("O",), ("Na",))
    assert roles(("Cu", "Zr")) == Roles(("Cu", "Zr"), (), ())
    assert roles(("Se", "Te")) == Roles(("Se", "Te"), (), ())
