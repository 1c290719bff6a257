"""The Monte Carlo kernel: what it counts and sums, how it accepts, and how it goes on from a saved state."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from glasswright.engines.native.tables import PairTables, pair_tables
from glasswright.errors import InputError
from glasswright.library.forcefields import load_forcefield
from glasswright.native import core, instruction_sets, pair_histogram
from glasswright.native.monte_carlo import MonteCarlo, Moves
from glasswright.targets import Binwise, Residual
from reference.make_melts import read_melt

CELLS = {
    "cubic": np.diag([11.0, 11.0, 11.0]),
    "flat": np.diag([30.0, 9.0, 14.0]),
    "skewed": np.array([[12.0, 0, 0], [-4.5, 11.5, 0], [3.7, 5.9, 13.0]]),
    "left-handed and turned": np.array([[0, 12.0, 3.0], [11.0, 0, 2.0], [1.0, 2.0, 14.0]]),
}
N_TYPES, N_BINS = 3, 90


@pytest.fixture(params=instruction_sets())
def build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core for one instruction set, in place of the best one."""
    module = pytest.importorskip(f"glasswright.native._core_{request.param}", reason="not built for this instruction set")
    monkeypatch.setattr("glasswright.native.monte_carlo.core", lambda: module)


def gas(cell: np.ndarray, n_atoms: int = 130, seed: int = 1, n_types: int = N_TYPES, **options) -> MonteCarlo:
    """Atoms anywhere in and around the cell."""
    rng = np.random.default_rng(seed)
    r_max = options.pop("r_max", 0.499 / np.linalg.norm(np.linalg.inv(cell), axis=0).max())
    return MonteCarlo(
        rng.uniform(-1, 2, (n_atoms, 3)) @ cell, cell, rng.integers(0, n_types, n_atoms), n_types, r_max=r_max, n_bins=N_BINS, seed=seed, **options
    )


def binwise(kernel: MonteCarlo, seed: int = 2) -> Binwise:
    """A made-up curve on the bins, and values near it."""
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0, 1, kernel.histogram.shape)
    weight = weight + weight.swapaxes(0, 1)
    exact = Binwise(weight, np.zeros(N_BINS), 0.0).vector(kernel.histogram)
    return Binwise(weight, exact + rng.normal(size=N_BINS), 0.5)


def residual(kernel: MonteCarlo, rank: int, one_curve: bool, seed: int = 3) -> Residual:
    """A made-up linear map of the histogram; with weights that are the same for every row, or not."""
    rng = np.random.default_rng(seed)
    n = len(kernel.histogram)
    rows = rng.normal(size=(N_BINS, rank)) if one_curve else rng.normal(size=(n, n, N_BINS, rank))
    pairs = rng.uniform(0.5, 2, (n, n))
    rows = (pairs + pairs.T)[:, :, None, None] * rows if one_curve else rows + rows.swapaxes(0, 1)
    exact = Residual(rows.astype(np.float32), np.zeros(rank), 0.0)
    return Residual(exact.rows, rng.normal(size=rank) - exact.vector(kernel.histogram), 0.25)


@cache
def tables(per_octave_from: str = "bks/dsf") -> PairTables:
    return pair_tables(load_forcefield(per_octave_from).bind(read_melt("silica")))


def silica(**options) -> MonteCarlo:
    """A melt of silica, wide enough for its pair tables."""
    atoms = read_melt("silica").repeat(2)
    types = load_forcefield("bks/dsf").bind(atoms).types
    return MonteCarlo(atoms.positions, atoms.cell.array, types, 2, r_max=6.0, n_bins=N_BINS, **options)


def assert_same_pairs(kernel: MonteCarlo, types: np.ndarray, cell: np.ndarray, r_max: float) -> None:
    """Counts of the kernel are those of the analysis, but for distances that single precision puts on the other side of an edge."""
    n_types = len(kernel.histogram)
    ordered = pair_histogram(kernel.positions, cell, types, n_types, r_max, N_BINS)
    expected = np.where(np.eye(n_types, dtype=bool)[:, :, None], ordered // 2, np.triu(np.ones((n_types, n_types)))[:, :, None] * ordered)
    total = np.abs(np.cumsum(kernel.histogram - expected, axis=2))
    assert total.max() <= 2
    assert total.sum() <= 1e-4 * expected.sum() + 2


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("column_width", [None, 1.0, 50.0])
def test_histogram_is_that_of_the_positions_before_and_after_moves(name: str, column_width: float | None) -> None:
    cell = CELLS[name]
    kernel = gas(cell, column_width=column_width)
    r_max = 0.499 / np.linalg.norm(np.linalg.inv(cell), axis=0).max()
    types = np.random.default_rng(1)
    types.uniform(-1, 2, (130, 3))
    kinds = types.integers(0, N_TYPES, 130)
    assert_same_pairs(kernel, kinds, cell, r_max)
    kernel.set_data([binwise(kernel)])
    kernel.set_groups([[0, 5, 7], [2], [8, 9, 100, 101]])
    before = kernel.positions
    counts = kernel.run(2000, chi_temperature=1e4, moves=Moves((0.3, 0.6, 2.0), swaps=0.2, clusters=0.2, cluster_step=0.5, cluster_angle=40.0))
    for kind in (counts.displacements, counts.swaps, counts.clusters):
        assert kind.tried > 300
        assert 0 < kind.accepted < kind.tried
    assert not np.allclose(kernel.positions, before)
    assert np.array_equal(kernel.histogram, kernel.histogram_full())
    assert_same_pairs(kernel, kinds, cell, r_max)


@pytest.mark.usefixtures("build")
def test_a_cell_that_fills_no_cache() -> None:
    cell = np.diag([90.0, 100.0, 95.0])
    kernel = gas(cell, n_atoms=60000, r_max=5.0)
    kernel.set_data([binwise(kernel)])
    assert kernel.run(3000, chi_temperature=1e9, moves=Moves(0.5, swaps=0.1)).accepted > 1000
    assert np.array_equal(kernel.histogram, kernel.histogram_full())


@pytest.mark.usefixtures("build")
@pytest.mark.parametrize("rank", [1, 5, 33, 150])
@pytest.mark.parametrize("one_curve", [True, False])
def test_misfits_are_those_of_the_histogram(rank: int, one_curve: bool) -> None:
    kernel = gas(CELLS["skewed"])
    terms = [binwise(kernel), residual(kernel, rank, one_curve), binwise(kernel, 7)]
    kernel.set_data(terms)

    def expected() -> list[float]:
        return [term.squared(kernel.histogram) for term in terms]

    # The kernel keeps rows in single precision; sums over a histogram of about 1e4 pairs lose 1e-7 of their parts.
    assert kernel.residuals == pytest.approx(expected(), rel=1e-4, abs=1e-3)
    counts = kernel.run(3000, chi_temperature=3e5, data_weights=[1.0, 1 / rank, 0.1], moves=Moves(0.5, swaps=0.1))
    assert 100 < counts.accepted < 2900
    assert counts.drift < 1e-5
    assert kernel.residuals == pytest.approx(expected(), rel=1e-4, abs=1e-3)


@pytest.mark.usefixtures("build")
def test_downhill_only() -> None:
    kernel = gas(CELLS["flat"])
    kernel.set_data([binwise(kernel)])
    start = kernel.residuals[0]
    last = start
    for _ in range(20):
        kernel.run(100, chi_temperature=0.0)
        assert kernel.residuals[0] <= last * (1 + 1e-6)
        last = kernel.residuals[0]
    assert last < start


def test_weights_multiply_what_they_weigh() -> None:
    """Twice the weight at twice the temperature: the very same moves, because powers of two are exact."""
    ends = []
    for factor in (1.0, 2.0, 4.0):
        kernel = silica(seed=3)
        kernel.set_data([binwise(kernel), residual(kernel, 5, False)])
        kernel.set_pairs(tables())
        weights = {"energy_weight": 0.5 * factor, "data_weights": [0.25 * factor, 0.5 * factor]}
        counts = kernel.run(1000, temperature=0.3 * factor, chi_temperature=1e7 * factor, **weights)
        assert 100 < counts.accepted < 900
        assert counts.energy_change > 0
        assert min(counts.data_change) > 0
        ends.append(kernel.positions)
    assert np.array_equal(ends[0], ends[1])
    assert np.array_equal(ends[0], ends[2])


@pytest.mark.usefixtures("build")
def test_conditions_may_change_from_run_to_run() -> None:
    kernel = silica(seed=3)
    terms = [binwise(kernel), residual(kernel, 5, True)]
    kernel.set_data(terms)
    kernel.set_pairs(tables())
    for step in (0.05, 0.6, 0.2, 3.0, 0.6):
        for temperature, chi_temperature in ((0.3, np.inf), (np.inf, 1e7), (0.5, 1e7), (np.inf, np.inf)):
            kernel.run(100, temperature=temperature, chi_temperature=chi_temperature, moves=Moves(step))
            assert kernel.energy == kernel.energy_full()
            if step != 0.6:  # else the data are asked for first
                assert np.array_equal(kernel.histogram, kernel.histogram_full())
            assert kernel.residuals == pytest.approx([term.squared(kernel.histogram) for term in terms], rel=1e-4)


@pytest.mark.usefixtures("build")
def test_energy_is_that_of_the_molecular_dynamics() -> None:
    kernel = silica(seed=4)
    atoms = read_melt("silica").repeat(2)
    bound = load_forcefield("bks/dsf").bind(atoms)
    kernel.set_pairs(tables())
    exact = pair_tables(bound, double_precision=True)

    def by_dynamics() -> float:
        forces = core().Forces(bound.types, pairs=exact.term())
        return float(forces.evaluate(np.ascontiguousarray(kernel.positions), atoms.cell.array)["energy"])

    # Two µeV an atom: single precision of the tables, whose force error is 3e-6.
    assert kernel.energy == pytest.approx(by_dynamics(), abs=2e-6 * len(kernel))
    kernel.set_groups([[0, 1, 2], [50, 60]])
    counts = kernel.run(3000, temperature=0.3, moves=Moves(0.1, swaps=0.05, clusters=0.1))
    assert 300 < counts.accepted < 2900
    assert kernel.energy == kernel.energy_full()
    assert kernel.energy == pytest.approx(by_dynamics(), abs=2e-6 * len(kernel))


@pytest.mark.usefixtures("build")
def test_twenty_types_and_tables_of_high_degree() -> None:
    """More types than a register holds; the tables of the double-precision kernel."""
    few = pair_tables(load_forcefield("bks/dsf").bind(read_melt("silica")), double_precision=True)
    pick = np.arange(20) % 2
    many = replace(few, **{f: getattr(few, f)[np.ix_(pick, pick)] for f in ("cutoff", "scale", "force", "energy")}, self_energy=few.self_energy[pick])
    atoms = read_melt("silica").repeat(2)
    types = load_forcefield("bks/dsf").bind(atoms).types
    spread = types + 2 * np.random.default_rng(0).integers(0, 10, len(types))
    energies = []
    for n_types, kinds, pairs in ((2, types, few), (20, spread, many)):
        kernel = MonteCarlo(atoms.positions, atoms.cell.array, kinds, n_types, r_max=6.0, n_bins=N_BINS, seed=4)
        kernel.set_pairs(pairs)
        kernel.run(500, temperature=0.3)
        energies.append(kernel.energy)
        assert np.array_equal(kernel.histogram, kernel.histogram_full())
    assert energies[0] == energies[1]


def test_overlapping_atoms_have_a_finite_energy() -> None:
    kernel = silica()
    kernel.set_pairs(tables())
    kernel.positions = np.zeros((len(kernel), 3))
    assert np.isfinite(kernel.energy)
    start = kernel.energy
    kernel.run(2000, temperature=0.0)
    assert kernel.energy < start


@pytest.mark.usefixtures("build")
def test_minimum_distances_hold() -> None:
    cell = CELLS["skewed"]
    limits = np.array([[1.2, 0.9, 0.0], [0.9, 0.5, 1.6], [0.0, 1.6, 0.7]])
    rng = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(*[np.arange(5)] * 3), -1).reshape(-1, 3) / 5
    types = rng.integers(0, 3, len(grid))
    kernel = MonteCarlo(grid @ cell, cell, types, 3, r_max=4.0, n_bins=N_BINS, minimum_distances=limits, seed=1)
    kernel.set_groups([[3, 4, 9]])

    def closest() -> np.ndarray:
        counts = pair_histogram(kernel.positions, cell, types, 3, 2.0, 20000)
        return np.array([[np.flatnonzero(row)[0] if row.any() else 20000 for row in rows] for rows in counts]) * 1e-4

    counts = kernel.run(30000, moves=Moves(0.4, swaps=0.2, clusters=0.1))
    assert all(kind.too_close > 0 for kind in (counts.displacements, counts.swaps, counts.clusters))
    assert counts.accepted == counts.tried - sum(kind.too_close for kind in (counts.displacements, counts.swaps, counts.clusters))
    # One width of the bins; and atoms did come close to what is allowed.
    assert np.all(closest() >= limits - 1e-4)
    assert np.all(closest() <= limits + 0.7)


def test_atoms_that_start_too_close_may_part() -> None:
    kernel = MonteCarlo(np.zeros((2, 3)), np.eye(3) * 10, [0, 0], 1, r_max=4.0, n_bins=10, minimum_distances=[[3.0]])
    kernel.run(2000, moves=Moves(2.0))
    assert kernel.histogram[0, 0, :7].sum() == 0


@pytest.mark.usefixtures("build")
def test_groups_stay_rigid() -> None:
    cell = CELLS["left-handed and turned"]
    rng = np.random.default_rng(8)
    positions = rng.uniform(0, 1, (60, 3)) @ cell
    kernel = MonteCarlo(positions, cell, np.zeros(60, int), 1, r_max=4.0, n_bins=N_BINS, seed=2)
    groups = [list(range(5 * k, 5 * k + 5)) for k in range(12)]
    for group in groups:
        positions[group] = positions[group[0]] + rng.uniform(-1, 1, (5, 3))
    kernel.positions = positions
    kernel.set_groups(groups)
    counts = kernel.run(3000, moves=Moves(clusters=1.0, cluster_step=0.3, cluster_angle=30.0))
    assert counts.clusters.accepted == 3000

    def shape(x: np.ndarray, group: list[int]) -> np.ndarray:
        d = (x[group][:, None] - x[group][None]) @ np.linalg.inv(cell)
        return np.linalg.norm((d - np.round(d)) @ cell, axis=2)

    # Every move rounds to 2^-32 of the cell: 250 moves a group, 3e-9 Å each.
    assert all(np.allclose(shape(kernel.positions, g), shape(positions, g), atol=2e-7) for g in groups)
    moved = (kernel.positions - positions) @ np.linalg.inv(cell)
    assert np.linalg.norm((moved - np.round(moved)) @ cell, axis=1).min() > 0.05


@pytest.mark.usefixtures("build")
def test_swaps_exchange_the_allowed_types_only() -> None:
    cell = CELLS["cubic"]
    rng = np.random.default_rng(4)
    positions, types = rng.uniform(0, 11, (90, 3)), np.repeat([0, 1, 2], 30)
    kernel = MonteCarlo(positions, cell, types, 3, r_max=5.0, n_bins=N_BINS, seed=9)
    counts = kernel.run(500, moves=Moves(swaps=1.0, swapped=((0, 2),)))
    assert counts.swaps.accepted == 500
    now = kernel.positions
    assert np.allclose(now[30:60], positions[30:60], atol=1e-7)
    assert np.allclose(np.sort(now[:, 0]), np.sort(positions[:, 0]), atol=1e-7)
    assert not np.allclose(now[:30], positions[:30])


@pytest.mark.usefixtures("build")
def test_a_saved_state_goes_on_bit_for_bit() -> None:
    def equip(kernel: MonteCarlo) -> None:
        kernel.set_data([data, mapped])
        kernel.set_pairs(tables())
        kernel.set_groups([[0, 1, 2], [7, 9]])

    one = silica(seed=11, minimum_distances=[[1.5, 1.2], [1.2, 1.5]])
    data, mapped = binwise(one), residual(one, 20, True)
    equip(one)
    conditions = {"temperature": 0.4, "chi_temperature": 1e7, "moves": Moves((0.1, 0.2), swaps=0.05, clusters=0.05)}
    assert 100 < one.run(777, **conditions).accepted < 700
    other = MonteCarlo.restore(one.state())
    equip(other)
    for kernel in (one, other):
        kernel.run(1500, **conditions)
    assert np.array_equal(one.positions, other.positions)
    assert np.array_equal(one.residuals, other.residuals)
    assert one.energy == other.energy
    assert one.state() == other.state()
    third = silica(seed=12, minimum_distances=[[1.5, 1.2], [1.2, 1.5]])
    equip(third)
    third.run(777 + 1500, **conditions)
    assert not np.array_equal(one.positions, third.positions)


def test_positions_can_be_set() -> None:
    kernel = gas(CELLS["skewed"])
    kernel.set_data([binwise(kernel)])
    kernel.run(500, chi_temperature=100.0)
    there = gas(CELLS["skewed"], seed=5).positions
    kernel.positions = there
    assert np.allclose(kernel.positions, there, atol=1e-7)
    assert np.array_equal(kernel.histogram, kernel.histogram_full())
    assert kernel.residuals[0] == pytest.approx(binwise(gas(CELLS["skewed"])).squared(kernel.histogram), rel=1e-9)


def test_interruption_leaves_a_sound_state() -> None:
    kernel = silica()
    kernel.set_pairs(tables())
    kernel.set_data([binwise(kernel)])
    alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    alarm.start()
    with pytest.raises(KeyboardInterrupt):
        kernel.run(10**10, temperature=0.3, chi_temperature=1.0)
    alarm.join()
    assert np.array_equal(kernel.histogram, kernel.histogram_full())
    assert kernel.energy == kernel.energy_full()
    kernel.run(100, temperature=0.3)


def test_other_threads_run_meanwhile() -> None:
    kernels = [silica(seed=s) for s in range(2)]
    ends: list[float] = []

    def work(kernel: MonteCarlo) -> None:
        kernel.set_pairs(tables())
        kernel.run(2000, temperature=0.3)
        ends.append(kernel.energy)

    threads = [threading.Thread(target=work, args=(k,)) for k in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = silica(seed=0)
    again.set_pairs(tables())
    again.run(2000, temperature=0.3)
    assert again.energy in ends


REFUSED = {
    "r_max beyond half the cell": {"r_max": 5.6},
    "no r_max": {"r_max": 0.0},
    "no bins": {"n_bins": 0},
    "a billion bins": {"n_bins": 10**9},
    "a million types": {"n_types": 10**6, "minimum_distances": np.zeros((1, 1))},
    "types out of range": {"types": np.arange(100)},
    "negative types": {"types": np.full(100, -1)},
    "another number of types": {"types": np.zeros(99, int)},
    "no atoms": {"positions": np.zeros((0, 3)), "types": np.zeros(0, int)},
    "positions that are no numbers": {"positions": np.full((100, 3), np.nan)},
    "a flat cell": {"cell": np.diag([11.0, 11.0, 0.0])},
    "a cell that is no number": {"cell": np.diag([11.0, 11.0, np.inf])},
    "lop-sided minimum distances": {"minimum_distances": [[1.0, 2.0], [0.0, 1.0]]},
    "negative minimum distances": {"minimum_distances": [[1.0, -1.0], [-1.0, 1.0]]},
    "minimum distances beyond the cell": {"minimum_distances": [[6.0, 0.0], [0.0, 0.0]]},
    "a negative seed": {"seed": -1},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(changes: dict) -> None:
    rng = np.random.default_rng(0)
    sound = {"positions": rng.uniform(0, 11, (100, 3)), "cell": CELLS["cubic"], "types": rng.integers(0, 2, 100), "n_types": 2, "r_max": 5.0, "n_bins": 50}
    MonteCarlo(**sound)
    with pytest.raises(InputError):
        MonteCarlo(**(sound | changes))


WRONG_RUNS = {
    "negative trials": {"n_trials": -1},
    "negative temperature": {"temperature": -1.0},
    "no temperature": {"temperature": np.nan},
    "negative T_chi": {"chi_temperature": -1.0},
    "weights of no data": {"data_weights": [1.0]},
    "infinite weight": {"energy_weight": np.inf},
    "a step beyond the cell": {"moves": Moves(7.0)},
    "a negative step": {"moves": Moves(-0.1)},
    "steps of other types": {"moves": Moves((0.1, 0.1))},
    "more than all": {"moves": Moves(swaps=0.7, clusters=0.7)},
    "swaps of one type": {"moves": Moves(swaps=0.5, swapped=((1, 1),))},
    "swaps of unknown types": {"moves": Moves(swaps=0.5, swapped=((0, 9),))},
    "clusters without groups": {"moves": Moves(clusters=0.5)},
}


@pytest.mark.parametrize("arguments", WRONG_RUNS.values(), ids=WRONG_RUNS)
def test_runs_that_are_not_possible_are_refused(arguments: dict) -> None:
    kernel = gas(CELLS["cubic"])
    with pytest.raises(InputError):
        kernel.run(**({"n_trials": 10} | arguments))
    kernel.run(10)


def test_terms_that_do_not_fit_are_refused() -> None:
    kernel = gas(CELLS["cubic"])
    good, mapped = binwise(kernel), residual(kernel, 5, False)
    nan = np.full_like(good.weight, np.nan)
    lop_sided = mapped.rows.copy()
    lop_sided[0, 1] += 1
    for term in (
        replace(good, weight=good.weight[:2]),
        replace(good, weight=nan),
        replace(good, target=good.target[:-1]),
        replace(good, floor=-1.0),
        replace(mapped, rows=lop_sided),
        replace(mapped, rows=mapped.rows * np.float32(np.nan)),
        replace(mapped, offset=mapped.offset[:-1]),
        replace(mapped, rows=mapped.rows[:, :, :-1]),
    ):
        with pytest.raises(InputError):
            kernel.set_data([term])
    sound = tables()
    lop_sided = sound.energy.copy()
    lop_sided[0, 1] += 1
    for changes in (
        {"cutoff": sound.cutoff * np.nan},
        {"energy": lop_sided},
        {"cutoff": sound.cutoff[:1]},
        {"per_octave": 3},
        {"energy": sound.energy[..., :1]},
    ):
        with pytest.raises(InputError):
            silica().set_pairs(replace(sound, **changes))
    with pytest.raises(InputError):
        kernel.set_pairs(sound)  # two types for three
    for groups in ([[0, 0]], [[]], [[130]], [[-1]]):
        with pytest.raises(InputError):
            kernel.set_groups(groups)
    with pytest.raises(InputError):
        kernel.add("nothing of the kind")


def test_damaged_states_are_refused() -> None:
    state = gas(CELLS["cubic"]).state()
    for damaged in (b"", b"nonsense", state[:100], state[: len(state) // 2]):
        with pytest.raises(InputError):
            MonteCarlo.restore(damaged)
