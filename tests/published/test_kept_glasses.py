"""Glasses made by this package at 50, 10 and 1 K/ps (gallery/glasses), independent replicas, against measurement and each other.

Tolerances: a quench at least twelve orders of magnitude faster than the laboratory's keeps short-range order (bond lengths and coordination
to 1-2 %, the accuracy of the force fields), is off in density by a few per cent, and visibly so in medium-range order. The first are tested
tightly, the others loosely, and each says why.
"""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

import glasswright as gw
from glasswright.analysis import density
from glasswright.library.measurements import data_folder

GLASSES = Path(__file__).parents[2] / "gallery" / "glasses"


RATES = (50, 10, 1)
"""Cooling rates [K/ps], fastest first."""


@cache
def replicas(name: str, rate: int) -> list[Atoms]:
    return [read(path, format="extxyz") for path in sorted(GLASSES.glob(f"{name}-{rate}Kps-?.extxyz.gz"))]


@pytest.fixture(scope="module", params=RATES)
def silica(request: pytest.FixtureRequest) -> list[Atoms]:
    return replicas("silica-shik", request.param)


@pytest.fixture(scope="module", params=RATES)
def silicate(request: pytest.FixtureRequest) -> list[Atoms]:
    return replicas("sodium-silicate-teter", request.param)


def mean_angle(glasses: list[Atoms], triplet: tuple[str, str, str]) -> float:
    curves = [gw.analysis.bond_angles(glass)[triplet] for glass in glasses]
    return float(np.mean([np.average(c.x, weights=c.y) for c in curves]))


def peak(glasses: list[Atoms], pair: tuple[str, str]) -> float:
    curves = [gw.analysis.partial_rdf(glass, bin_width=0.02)[pair] for glass in glasses]
    return float(np.mean([c.x[np.argmax(np.where(c.x < 3.6, c.y, 0))] for c in curves]))


@pytest.mark.parametrize("name", ["silica-shik", "sodium-silicate-teter"])
def test_there_are_enough_of_each(name: str) -> None:
    # At 50 K/ps three by each engine.
    assert [len(replicas(name, rate)) for rate in RATES] == [6, 3, 3]
    assert all(glass.info["cooling_rate"] == f"{rate} K/ps" for rate in RATES for glass in replicas(name, rate))


@pytest.mark.parametrize("name", ["silica-shik", "sodium-silicate-teter"])
def test_slower_cooling_reaches_deeper(name: str) -> None:
    """Inherent-structure energies fall with the cooling rate (review, section 2.1), by more than replicas differ."""
    energies = [np.array([glass.info["inherent_structure_energy"] for glass in replicas(name, rate)]) for rate in RATES]
    for fast, slow in pairwise(energies):
        error = np.hypot(fast.std(ddof=1) / np.sqrt(fast.size), slow.std(ddof=1) / np.sqrt(slow.size))
        assert slow.mean() < fast.mean() - 3 * error


@pytest.mark.parametrize(("name", "triplet"), [("silica-shik", ("Si", "O", "Si")), ("sodium-silicate-teter", ("Si", "O", "Si"))])
def test_the_engines_agree(name: str, triplet: tuple[str, str, str]) -> None:
    """The first three glasses were made with LAMMPS, the others with the compiled core, by the same protocol: one population."""
    glasses = replicas(name, 50)
    lammps, native = glasses[:3], glasses[3:]
    assert {glass.info.get("engine") for glass in native} == {"native"}
    for quantity in (density, lambda glass: mean_angle([glass], triplet), lambda glass: glass.info["inherent_structure_energy"]):
        a, b = (np.array([quantity(glass) for glass in some]) for some in (lammps, native))
        # Two means of three: 4.6 standard errors is the 1 % point of Student's t with four degrees of freedom.
        assert abs(a.mean() - b.mean()) < 4.6 * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 3)


def test_silica(silica: list[Atoms]) -> None:
    densities = [density(glass) for glass in silica]
    # 2.203 g/cm³ measured; SHIK is fitted to it for slow cooling, and fast quenches are denser by a few per cent.
    assert np.mean(densities) == pytest.approx(2.203, rel=0.05)
    assert np.std(densities, ddof=1) < 0.025  # replicas of 3000 atoms agree to 1 %
    # Mozzi and Warren 1969: 1.62 Å; ISIS T(r): 2.64 and 3.11 Å; bins of 0.02 Å and thermal asymmetry allow 0.03 Å.
    assert peak(silica, ("O", "Si")) == pytest.approx(1.61, abs=0.03)
    assert peak(silica, ("O", "O")) == pytest.approx(2.63, abs=0.03)
    assert peak(silica, ("Si", "Si")) == pytest.approx(3.11, abs=0.04)
    fourfold = np.mean([np.mean(gw.analysis.coordination(glass)[("Si", "O")] == 4) for glass in silica])
    assert fourfold > 0.99
    assert mean_angle(silica, ("O", "Si", "O")) == pytest.approx(109.47, abs=0.5)
    # NMR: 147 to 151° (Charpentier 2009, Mauri 2000); X-rays: 144° (Mozzi and Warren 1969).
    assert 143 < mean_angle(silica, ("Si", "O", "Si")) < 152
    assert np.mean([gw.analysis.qn(glass)["Si"].get(4, 0) for glass in silica]) > 0.96


def test_silica_against_the_neutron_curve(silica: list[Atoms]) -> None:
    try:
        path = data_folder() / "sio2_neutron" / "i_of_q.dat"  # type: ignore[operator]
    except TypeError:
        pytest.skip("the ISIS curve is not here (set GLASSWRIGHT_DATA)")
    if not path.is_file():
        pytest.skip("the ISIS curve is not here (set GLASSWRIGHT_DATA)")
    measured = gw.Experiment.from_file(path, kind="i(Q)", radiation="neutron", composition="SiO2", density=2.20, q_range=(0.6, 40.0))
    scores = [gw.compare(glass, measured) for glass in silica]
    # The published RMC model, fitted to data like these, has 0.157. A simulation that was not fitted and is quenched this fast misses half of the
    # first sharp diffraction peak: 0.24 to 0.30.
    assert 0.2 < np.mean([s.r_chi for s in scores]) < 0.32
    assert all(s.r_chi_scaled <= s.r_chi + 1e-12 for s in scores)


def test_sodium_silicate(silicate: list[Atoms]) -> None:
    densities = [density(glass) for glass in silicate]
    # 2.452 g/cm³ measured; quenched from an expanded melt at 50 K/ps it comes out 4 to 5 % light.
    assert np.mean(densities) == pytest.approx(2.452, rel=0.06)
    assert peak(silicate, ("O", "Si")) == pytest.approx(1.62, abs=0.03)
    assert np.mean([np.mean(gw.analysis.coordination(glass)[("Si", "O")] == 4) for glass in silicate]) > 0.99
    assert mean_angle(silicate, ("O", "Si", "O")) == pytest.approx(109.47, abs=0.5)
    # Neutrons at 42.5 mol% (Hannon 2021): 4.8 ± 0.2 within about 3 Å; the first minimum, where we count, is broad: half an atom either way.
    sodium = np.mean([gw.analysis.coordination(glass)[("Na", "O")].mean() for glass in silicate])
    assert 4.5 < sodium < 6.0
    oxygen = [gw.analysis.oxygen_speciation(glass) for glass in silicate]
    bridging = gw.Composition("30Na2O-70SiO2").nbo_per_oxygen
    assert np.mean([o.non_bridging for o in oxygen]) == pytest.approx(bridging, abs=0.01)  # type: ignore[arg-type]
    populations = [gw.analysis.qn(glass)["Si"] for glass in silicate]
    assert np.mean([sum(n * f for n, f in q.items()) for q in populations]) == pytest.approx(3.143, abs=0.02)
    # 29Si NMR has 71 % Q3 (Maekawa 1991). A fast quench freezes the disproportionation 2 Q3 = Q2 + Q4 of a hot melt: fewer Q3.
    assert 0.40 < np.mean([q.get(3, 0) for q in populations]) < 0.72


def test_sodium_silicate_network(silicate: list[Atoms]) -> None:
    """Stoichiometry holds exactly where every oxygen is bonded to one or two silicon atoms (all but two oxygens in 1700 at most are)."""
    for glass in silicate:
        units, joined = gw.analysis.qn(glass)["Si"], {k: n.value for k, n in gw.analysis.linkages(glass).items()}
        free = joined.get("O-Na", 0.0)
        assert free <= 2 / 1700
        if not free:
            assert sum(n * f for n, f in units.items()) == pytest.approx(4 - 2 * 0.3 / 0.7)
        # Vaills et al. 2005: (11 - 10x)/3, isostatic at 20 % of Na2O.
        assert gw.analysis.mean_field_constraints(glass).total.value == pytest.approx((11 - 10 * 0.3) / 3, abs=1e-3)
        # Greaves' channels: sodium beside non-bridging oxygens, and these through the whole glass.
        sodium = gw.analysis.modifier_surroundings(glass)["Na"]
        assert sodium.non_bridging.value > 1.5 * sodium.bridging.value
        assert sodium.compensating.value < 0.005  # there is no charge to compensate
        channels = gw.analysis.clusters(glass, "Na", "non-bridging")
        assert channels.spanning.value == 3
        assert channels.largest.value > 0.95
        assert gw.analysis.edge_sharing(glass)["Si"].value == 0


def test_silica_network(silica: list[Atoms]) -> None:
    # Staggered (60 and 180 degrees) before eclipsed (0 and 120): bars of 15 degrees hold 1500 angles each, 3 % of noise.
    curve = gw.analysis.dihedral_angles(silica, bin_width=15.0)["O", "Si", "O", "Si"]
    staggered, eclipsed = curve.y[[3, 4, 11]].mean(), curve.y[[0, 7, 8]].mean()
    assert 1.03 < staggered / eclipsed < 1.3
    assert curve.metadata["number"] == pytest.approx(len(silica) * 4000 * 3, rel=0.05)  # three for each of 4000 bonds, give or take defects
    for glass in silica:
        assert gw.analysis.clusters(glass, "Si", "O").spanning.value == 3
        assert gw.analysis.edge_sharing(glass)["Si"].value < 0.05
