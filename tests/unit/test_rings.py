"""Rings where the answer is known: crystals, small molecules, chains."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from glasswright import analysis
from glasswright.analysis.network.bonds import bonds_of
from glasswright.analysis.network.survey_rings import survey_rings
from glasswright.analysis.sample import Sample
from glasswright.errors import InputError
from glasswright.native import bond_rings
from reference import crystals
from reference.ring_search import count_rings

DEFINITIONS = ("guttman", "king", "primitive")
GLASSES = Path(__file__).resolve().parents[2] / "gallery" / "glasses"
# Guttman's, King's and primitive rings per node; those of up to six nodes are counted by brute force, too.
KNOWN = {
    "alpha_quartz": ({6: 1}, {6: 1, 8: 7}, {6: 1, 8: 5}),
    "alpha_cristobalite": ({6: 2}, {6: 2}, {6: 2}),
    "beta_cristobalite": ({6: 2}, {6: 2}, {6: 2}),
    "tridymite": ({6: 2}, {6: 2}, {6: 2}),
    "coesite": ({4: 1 / 2, 6: 1 / 4, 8: 1 / 4}, {4: 1 / 2, 6: 3 / 4, 8: 7 / 4, 9: 1}, {4: 1 / 2, 6: 1 / 4, 8: 1 / 4, 9: 1, 10: 1 / 4}),
    "keatite": ({5: 2 / 3}, {5: 2 / 3, 6: 1 / 3, 7: 2 / 3, 8: 8 / 3}, {5: 2 / 3, 7: 2 / 3, 8: 2 / 3}),
    "sodalite": ({4: 1 / 2}, {4: 1 / 2, 6: 2 / 3}, {4: 1 / 2, 6: 2 / 3}),
    "diamond": ({6: 2}, {6: 2}, {6: 2}),
    "graphite": ({6: 1 / 2}, {6: 1 / 2}, {6: 1 / 2}),
    "bcc_iron": ({4: 12}, {4: 12, 6: 60}, {4: 12, 6: 4}),
    "silicon_disulfide": ({2: 1}, {2: 1}, {2: 1}),
    "stishovite": ({2: 1, 3: 4}, {2: 1, 3: 4, 4: 9}, {2: 1, 3: 4, 4: 6}),
}


def build(name):
    """Atoms, the cutoffs of their bonds and what are nodes."""
    atoms = getattr(crystals, name)()
    here = {pair: r for pair, r in crystals.BONDS.items() if set(pair) <= set(atoms.symbols)}
    return atoms, here, "formers" if "Si" in atoms.symbols else "atoms"


def per_node(found, atoms):
    nodes = np.count_nonzero(np.isin(list(atoms.symbols), ["Si", "C", "Fe"]))
    return {size: number / nodes for size, number in found.items()}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_crystals(name, definition):
    atoms, bonds, nodes = build(name)
    expected = KNOWN[name][DEFINITIONS.index(definition)]
    found = analysis.rings(atoms, definition, 10 if nodes == "formers" and name != "stishovite" else max(expected), bonds, nodes=nodes)
    assert per_node(found, atoms) == pytest.approx(expected)
    larger = analysis.rings(atoms.repeat((2, 1, 3)), definition, max(expected), bonds, nodes=nodes)
    assert larger == pytest.approx({size: 6 * n for size, n in found.items()})


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_crystals_by_brute_force(name, definition):
    atoms, cutoffs, nodes = build(name)
    bonds, longest = bonds_of(atoms, cutoffs), {"stishovite": 3, "bcc_iron": 4}.get(name, 6)
    counted = np.isin(list(atoms.symbols), ["Si", "C", "Fe"])
    found = analysis.rings([bonds], definition, longest, nodes=nodes)
    assert found == count_rings(bonds, counted, definition, longest * (2 if nodes == "formers" else 1))


# Smallest primitive rings at the six angles of a node, and how many of them: Reticular Chemistry Structure Resource (doi 10.1021/ar800124u),
# nets qtz, dia, lon, sod.
SYMBOLS = {
    "alpha_quartz": "6.6.6_2.6_2.8_7.8_7",
    "beta_cristobalite": "6_2.6_2.6_2.6_2.6_2.6_2",
    "alpha_cristobalite": "6_2.6_2.6_2.6_2.6_2.6_2",
    "tridymite": "6_2.6_2.6_2.6_2.6_2.6_2",
    "sodalite": "4.4.6.6.6.6",
    "diamond": "6_2.6_2.6_2.6_2.6_2.6_2",
}


@pytest.mark.parametrize("name", SYMBOLS)
def test_vertex_symbols(name):
    atoms, bonds, nodes = build(name)
    angles: dict[tuple[object, ...], Counter[int]] = {}
    for ring in analysis.ring_members(atoms, "primitive", 8, bonds, nodes=nodes):
        places = [(int(a), tuple(s)) for a, s in zip(ring.atoms, ring.shifts.tolist(), strict=True)]
        for k, (atom, shift) in enumerate(places):
            ends = [(a, tuple(np.subtract(s, shift))) for a, s in (places[k - 1], places[(k + 1) % len(places)])]
            if atoms.symbols[atom] in ("Si", "C"):
                angles.setdefault((atom, *sorted(ends)), Counter())[ring.size] += 1
    for node in {key[0] for key in angles}:
        smallest = sorted(min(sizes.items()) for key, sizes in angles.items() if key[0] == node)
        assert ".".join(f"{size}_{n}" if n > 1 else f"{size}" for size, n in smallest) == SYMBOLS[name]


def molecule(text, positions):
    return Atoms(text, positions=positions, cell=[30] * 3, pbc=True)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_small_rings_and_no_rings(definition):
    bonds = {("Si", "O"): 2.0}
    edge = molecule("Si2O2", [[0, 0, 0], [2.4, 0, 0], [1.2, 1.2, 0], [1.2, -1.2, 0]])
    assert analysis.rings(edge, definition, cutoffs=bonds) == {2: 1}
    assert analysis.rings(edge, definition, 2, bonds) == {2: 1}
    tricluster = molecule("OSi3", [[0, 0, 0], [1.6, 0, 0], [-0.8, 1.4, 0], [-0.8, -1.4, 0]])
    assert analysis.rings(tricluster, definition, cutoffs=bonds) == {}
    round_the_box = Atoms("SiO", positions=[[0, 0, 0], [1.6, 0, 0]], cell=[3.2, 20, 20], pbc=True)
    assert analysis.rings(round_the_box, definition, cutoffs=bonds) == {}
    turn = np.radians(np.arange(6) * 60)
    three = molecule("SiO" * 3, np.stack([1.6 * np.cos(turn), 1.6 * np.sin(turn), 0 * turn], axis=1))
    assert analysis.rings(three, definition, cutoffs=bonds) == {3: 1}
    assert analysis.rings(three, definition, cutoffs=bonds, nodes="atoms") == {6: 1}
    assert analysis.rings(three, definition, 2, bonds) == {}


def test_a_shortcut_parts_king_from_primitive():
    """Two hexagons that share a bond, spanned by a two-step bridge: the ring of ten round both is King's nowhere and not primitive."""
    bonds = {(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (3, 6), (6, 7), (7, 8), (8, 9), (9, 2)}
    first, second = np.array([*bonds, *((b, a) for a, b in bonds)]).T
    graph = (first, second, np.zeros((len(first), 3)))
    for definition in DEFINITIONS:
        found = bond_rings(graph, np.ones(10), definition, 12)
        counts = {size: through.sum() / size for size, through in found.through.items()}
        assert counts == ({6: 2, 10: 1} if definition == "king" else {6: 2})
        assert found.open == 0


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_threads_and_members(definition):
    atoms = read(GLASSES / "sodium-silicate-teter-10Kps-1.extxyz.gz")
    bonds = bonds_of(atoms, {("Si", "O"): 2.2})
    one, three = (analysis.ring_statistics([bonds], definition, 9, threads=n) for n in (1, 3))
    assert one.number == three.number
    assert all(np.array_equal(one.through[size], three.through[size]) for size in one.through)
    listed = [analysis.ring_members([bonds], definition, 9, threads=n) for n in (1, 3)]
    assert all(np.array_equal(a.atoms, b.atoms) for a, b in zip(*listed, strict=True))
    assert Counter(ring.size for ring in listed[0]) == one.number
    atoms.wrap()
    for ring in listed[0]:
        assert len({*zip(ring.atoms.tolist(), map(tuple, ring.shifts.tolist()), strict=True)}) == len(ring.atoms) == 2 * ring.size
        places = atoms.positions[ring.atoms] + ring.shifts @ np.asarray(atoms.cell)
        assert np.linalg.norm(places - np.roll(places, 1, axis=0), axis=1).max() < 2.2
    through = np.bincount(np.concatenate([ring.atoms for ring in listed[0]]), minlength=len(atoms))[bonds.of(["Si"])]
    assert np.array_equal(through, sum(t[0] for t in one.through.values()))


def test_statistics_over_configurations():
    quartz, broken = crystals.alpha_quartz().repeat(2), crystals.alpha_quartz().repeat(2)
    broken.positions[list(broken.symbols).index("O")] += [0.4, 0.9, 0.3]
    cutoffs = {("Si", "O"): 1.8}
    each = [analysis.rings(a, "guttman", 12, cutoffs) for a in (quartz, broken)]
    found = analysis.ring_statistics([quartz, broken], "guttman", 12, cutoffs)
    assert each[0] != each[1]
    sizes = sorted({*each[0], *each[1]})
    assert found.number == pytest.approx({s: (each[0].get(s, 0) + each[1].get(s, 0)) / 2 for s in sizes})
    assert found.per_node == pytest.approx({s: n / 24 for s, n in found.number.items()})
    assert found.sigma == pytest.approx({s: abs(each[0].get(s, 0) - each[1].get(s, 0)) / 24 / 2 for s in sizes})
    assert found.share[6] <= 1
    assert found.mean_size == pytest.approx(sum(s * n for s, n in found.number.items()) / sum(found.number.values()))
    assert analysis.ring_statistics(quartz, "guttman", 12, cutoffs).share == {6: 1.0}


def test_what_is_left_open():
    atoms, bonds, _ = build("alpha_quartz")
    assert analysis.ring_statistics(atoms, "guttman", 6, bonds).open == 0
    assert analysis.ring_statistics(atoms, "king", 6, bonds).open == pytest.approx(1 / 3)  # the angles of 8-rings
    assert all(analysis.ring_statistics(atoms, definition, 5, bonds).open == 1 for definition in DEFINITIONS)
    chain, bonds, _ = build("silicon_disulfide")  # one angle within each of two 2-rings, four between them
    assert analysis.ring_statistics(chain, "king", 30, bonds, nodes="formers").open == pytest.approx(4 / 6)


def test_nodes():
    chalcogenide, bonds, _ = build("silicon_disulfide")
    assert analysis.rings(chalcogenide, cutoffs=bonds) == {4: 4}
    assert analysis.rings(chalcogenide, cutoffs=bonds, nodes="formers") == {2: 4}
    quartz = crystals.alpha_quartz()
    assert analysis.rings(quartz, cutoffs=crystals.BONDS, nodes="atoms") == {12: 3}
    with_sodium = quartz + Atoms("Na", positions=[[2.0, 2.0, 0.5]])
    assert analysis.rings(with_sodium, cutoffs={**crystals.BONDS, ("Na", "O"): 3.0}) == {6: 3}
    assert analysis.rings(crystals.diamond()) == {6: 16}


@pytest.mark.parametrize(
    ("definition", "max_size", "nodes"), [("Guttmann", 12, None), ("king", 1, None), ("king", 6.5, None), ("king", 10**6, None), ("king", 12, "bonds")]
)
def test_impossible_requests_are_refused(definition, max_size, nodes):
    with pytest.raises(InputError):
        analysis.rings(crystals.alpha_quartz(), definition, max_size, crystals.BONDS, nodes=nodes)


def test_a_glass_without_network_has_no_rings():
    salt = Atoms("Na4Cl4", positions=np.random.default_rng(0).random((8, 3)) * 6, cell=[6] * 3, pbc=True)
    with pytest.raises(InputError, match="no network"):
        analysis.rings(salt, cutoffs={("Na", "Cl"): 3.0})
    assert survey_rings(Sample([salt])).populations == {}
    with pytest.raises(InputError, match="one configuration"):
        analysis.ring_members([crystals.alpha_quartz()] * 2, cutoffs=crystals.BONDS)


BAD = {
    "atom": ([0, 7], [7, 0], [[0, 0, 0]] * 2),
    "negative": ([0, -1], [-1, 0], [[0, 0, 0]] * 2),
    "one direction": ([0], [1], [[0, 0, 0]]),
    "wrong way back": ([0, 1], [1, 0], [[1, 0, 0], [1, 0, 0]]),
    "twice": ([0, 0, 1, 1], [1, 1, 0, 0], [[0, 0, 0]] * 4),
    "to itself": ([0], [0], [[0, 0, 0]]),
    "far": ([0, 1], [1, 0], [[10**6, 0, 0], [-(10**6), 0, 0]]),
    "shape": ([0, 1], [1, 0], [[0, 0]] * 2),
    "length": ([0, 1], [1], [[0, 0, 0]] * 2),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_graph_is_refused(case):
    with pytest.raises(InputError, match="Rings cannot be counted"):
        bond_rings(BAD[case], np.ones(3, dtype=bool), "king", 12)


@pytest.mark.parametrize(("definition", "length", "threads"), [("strange", 12, 1), ("king", 2, 1), ("king", 10**9, 1), ("king", 12, 0)])
def test_arguments_of_the_core_are_checked(definition, length, threads):
    with pytest.raises(InputError, match="Rings cannot be counted"):
        bond_rings(([], [], np.zeros((0, 3))), np.ones(3, dtype=bool), definition, length, threads=threads)


def test_no_atoms_no_rings():
    found = bond_rings(([], [], np.zeros((0, 3))), np.zeros(0, dtype=bool), "primitive", 12, threads=2)
    assert (dict(found.through), found.open, found.all) == ({}, 0, 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_is_heard(threads):
    bonds = bonds_of(crystals.bcc_iron().repeat(4), crystals.BONDS)
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        analysis.rings([bonds], "primitive", 40, nodes="atoms", threads=threads)


def test_survey():
    quartz = crystals.alpha_quartz().repeat(2)
    found = survey_rings(Sample([quartz, quartz]))
    assert set(found.populations) == {"rings_guttman", "rings_king", "rings_primitive"}
    king = found.populations["rings_king"]
    assert (king.what, king.axis) == ("rings per Si", "Si in the ring")
    assert {size: number.value for size, number in king.cases.items()} == {"6": 1, "7": 0, "8": 7}
    assert found.numbers["mean ring size, King"].value == pytest.approx(62 / 8)
    assert king.cases["8"].spread == 0


def test_survey_of_a_chalcogenide_counts_atoms():
    found = survey_rings(Sample([crystals.silicon_disulfide()])).populations["rings_guttman"]
    assert (found.what, {size: number.value for size, number in found.cases.items()}) == ("rings per atom", {"4": 4 / 12})
    assert found.metadata["max_size"] == 18


def test_dense_packings_take_no_time():
    """Where ways multiply, in close packing above all, shortcuts end the search early."""
    atoms = Atoms("Al4", scaled_positions=[[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]], cell=[4.05] * 3, pbc=True)
    start = time.process_time()
    assert per_node(analysis.rings(atoms, "primitive", 18, {("Al", "Al"): 3.3}, nodes="atoms"), Atoms("C4")) == {3: 8, 4: 3}
    assert time.process_time() - start < 5  # 0.03 s; minutes without
