"""Moves per second of reverse Monte Carlo: glasswright against reverse-monte-carlo and fullrmc.

All move single atoms of the same sodium silicate glass towards the g(r), and the S(Q), of another one: same start, steps, bins and cost,
which is compared before anything is timed; only what lowers the cost is accepted. Contestants are processes that take turns, every turn
makes the same number of moves from the start, and the lower quartile of the seconds of the processor counts. Then what a move costs in
growing structures, with a force field, and above what no program can do without.

Run it as ``make bench-rmc``, or as ``python benchmarks/rmc.py --atoms 3000 --reaches 10``.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from contestants.refinement import BINS, FIRST, WIDTH, shells, transform
from contestants.worker import Failed, Taken, TooSlow, Worker

from glasswright.library.scattering import neutron_length
from glasswright.native import pair_histogram

HERE = Path(__file__).parent
GLASSES = HERE.parent / "gallery" / "glasses"
START, TARGET = "sodium-silicate-teter-50Kps-2", "sodium-silicate-teter-50Kps-1"
SIZES = {3000: 1, 24000: 2, 192000: 4}
"""Atoms → copies along an edge."""
REACHES = (8.0, 10.0, 15.0)
FAR = 17.0
"""As far as half the box of 3000 atoms allows: what an S(Q) needs [Å]."""
KINDS = ("g", "minimum", "q")
BIN, DISPLACEMENT = 0.05, 0.1
"""[Å]; a displacement is uniform within a cube of ± so much."""
Q = np.arange(0.5, 25.01, 0.05)
MINIMUM = {("Na", "Na"): 2.4, ("Na", "O"): 2.0, ("Na", "Si"): 2.6, ("O", "O"): 2.2, ("O", "Si"): 1.4, ("Si", "Si"): 2.7}
"""[Å]"""
PER_ATOM = 2
"""Moves of a turn for each atom where structures of several sizes are compared, so that all accept alike."""
SAME = 1e-3
"""Relative difference of costs that passes: pairs on the edges of bins, and those edges of the S(Q), which are met to 0.0002 Å."""
OURS, PEER, OLD = "glasswright", "reverse-monte-carlo", "fullrmc"
RESULTS = HERE / "results"


@dataclass(frozen=True)
class Case:
    """What is run."""

    atoms: int
    reach: float
    """[Å]"""
    q: bool = False
    """Whether S(Q) counts beside g(r)."""
    minimum: bool = False
    """Whether minimum distances are kept."""
    forcefield: str = ""
    """Whose energy counts as well."""
    growing: bool = False
    """Whether a turn has moves in proportion to the atoms."""

    @property
    def n_bins(self) -> int:
        return int(self.reach / (WIDTH / 2)) if self.q else round(self.reach / BIN)

    @property
    def r_max(self) -> float:
        """[Å]; with S(Q) a multiple of half its bins."""
        return self.n_bins * WIDTH / 2 if self.q else self.reach

    @property
    def title(self) -> str:
        curves = "g(r) and S(Q)" if self.q else "g(r)"
        kept = ", minimum distances" if self.minimum else ""
        energy = f", energy of {self.forcefield}" if self.forcefield else ""
        growing = f", {PER_ATOM} moves for each atom" if self.growing else ""
        return f"{self.atoms} atoms, {curves} to {self.reach:g} Å{kept}{energy}{growing}"


@dataclass
class Entry:
    """One contestant in one case."""

    code: str
    start: Callable[[], Worker]
    costs: list[float] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    """Per move."""
    accepted: float = np.nan
    """Share of the moves."""
    outcome: str = ""
    """Why there is no figure."""

    @property
    def pace(self) -> float:
        """Seconds of the processor per move."""
        return statistics.quantiles([cpu for _, cpu in self.taken], n=4, method="inclusive")[0] if self.taken and not self.outcome else np.nan


def glass(name: str, n_atoms: int) -> Atoms:
    return read(GLASSES / f"{name}.extxyz.gz").repeat(SIZES[n_atoms])


def problem(folder: Path, case: Case) -> Path:
    """File of the start and of the curves of the target."""
    start, goal = glass(START, case.atoms), glass(TARGET, 3000)
    elements = sorted(set(start.get_chemical_symbols()))
    lengths = np.array([neutron_length(e) for e in elements])
    mean = np.mean([lengths[elements.index(s)] for s in goal.get_chemical_symbols()])
    weights = np.outer(lengths, lengths) / mean**2
    curves = {"g": seen(goal, elements, weights, 0, case.r_max, case.n_bins) / shells(case.r_max / (case.n_bins - 1), case.n_bins)}
    if case.q:
        matrix, constant = transform(Q, len(goal) / goal.cell.volume, case.r_max - 0.05)
        curves["s"] = constant + seen(goal, elements, weights, FIRST, FIRST + BINS * WIDTH, BINS) @ matrix
    curves["g"] /= len(goal) / goal.cell.volume
    path = folder / f"problem-{case.atoms}-{case.reach:g}-{case.q}.npz"
    start.wrap()
    minimum = np.array([[MINIMUM[min(a, b), max(a, b)] for b in elements] for a in elements])
    np.savez(
        path, symbols=np.array(start.get_chemical_symbols()), positions=start.positions, lengths=start.cell.lengths(), elements=np.array(elements),
        weights=weights, minimum=minimum, q=Q, **curves,
    )  # fmt: skip
    return path


def seen(atoms: Atoms, elements: list[str], weights: np.ndarray, first: float, last: float, n_bins: int) -> np.ndarray:
    """Weighted mean number of atoms that an atom sees in equal bins from ``first`` to ``last`` [Å] ``(n_bins,)``."""
    types = np.array([elements.index(s) for s in atoms.get_chemical_symbols()])
    fine = 1000 if first else 1  # steps in which the first edge is met
    step = (last - first) / n_bins / fine
    skip = round(first / step)
    counts = pair_histogram(atoms.positions, atoms.cell.array, types, len(elements), (skip + fine * n_bins) * step, skip + fine * n_bins)
    total = np.einsum("ab,abk->k", weights, counts[:, :, skip:])
    return total.reshape(n_bins, fine).sum(axis=1) / len(atoms)


def contestants(folder: Path, case: Case, options: argparse.Namespace) -> Iterator[Entry]:
    spec = {"r_max": case.r_max, "n_bins": case.n_bins, "q": case.q, "minimum": case.minimum, "step": DISPLACEMENT, "forcefield": case.forcefield}
    path = problem(folder, case)

    def start(module: str, python: str = sys.executable) -> Callable[[], Worker]:
        def begin() -> Worker:
            worker = Worker(module, folder, 1, python)
            try:
                return worker.setup(path, spec)
            except BaseException:
                worker.close()
                raise

        return begin

    yield Entry(OURS, start("monte_carlo"))
    if PEER in options.peers:
        yield Entry(PEER, start("reverse_monte_carlo", options.peer_python))
    if OLD in options.peers and not case.q:
        yield Entry(OLD, start("old_fullrmc", options.fullrmc_python))


def race(entries: list[Entry], turns: int, moves: int) -> None:
    """Compare costs, then let all run in turn."""
    with ExitStack() as stack:
        running = []
        for entry in entries:
            if entries[0].outcome:
                entry.outcome = "nothing to compare with"
                continue
            try:
                worker = stack.enter_context(entry.start())
                entry.costs = [float(c) for c in worker.answer()]
                if entry.code == PEER and not abs(sum(entry.costs) / sum(entries[0].costs) - 1) < SAME:
                    entry.outcome = f"another cost: {entry.costs} instead of {entries[0].costs}"
                    continue
                running.append((entry, worker))
            except (TooSlow, Failed) as problem:
                entry.outcome = "> 120 s" if isinstance(problem, TooSlow) else str(problem)
        for turn in range(turns):
            for entry, worker in running[:: 1 if turn % 2 else -1]:
                if not entry.outcome:
                    try:
                        wall, cpu = worker.run(moves)
                        entry.taken.append((wall / moves, cpu / moves))
                        entry.accepted = worker.ask(do="accepted") / moves
                    except (TooSlow, Failed) as problem:
                        entry.outcome = "> 120 s" if isinstance(problem, TooSlow) else str(problem)


def show(case: Case, entries: list[Entry]) -> None:
    print(f"\n{case.title}\n{'':24s}{'moves/s':>12s}{'ratio':>9s}{'accepted':>10s}{'spread':>20s}   costs at the start")
    for e in entries:
        if e.outcome:
            print(f"{e.code:24s}{e.outcome:>12s}")
            continue
        paces = [cpu for _, cpu in e.taken]
        spread = f"{1 / max(paces):.0f}-{1 / min(paces):.0f}"
        costs = ", ".join(f"{c:.6g}" for c in e.costs)
        print(f"{e.code:24s}{1 / e.pace:12.0f}{e.pace / entries[0].pace:9.1f}{e.accepted:10.2f}{spread:>20s}   {costs}", flush=True)


def floors(folder: Path, reaches: list[float]) -> dict[float, float]:
    """Seconds per move that distances to packed neighbours and their histogram take, by reach [Å]; none where no compiler is found."""
    if not shutil.which("g++"):
        print("g++ was not found: the share of the floor is left out.", file=sys.stderr)
        return {}
    library = folder / "floor.so"
    flags = ["-std=c++20", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]
    subprocess.run(["g++", *flags, "-o", str(library), str(HERE / "contestants" / "floor.cpp")], check=True)
    function = ctypes.CDLL(str(library)).seconds_per_move
    function.restype = ctypes.c_double
    atoms = glass(START, 3000)
    places = np.ascontiguousarray(atoms.get_scaled_positions(wrap=True) % 1.0)
    types = np.unique(atoms.numbers, return_inverse=True)[1].astype(np.int32)
    found = {}
    for reach in reaches:
        arrays = places.ctypes.data_as(ctypes.c_void_p), types.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(atoms)), ctypes.c_int(types.max() + 1)
        lengths = ctypes.c_double(atoms.cell.lengths()[0]), ctypes.c_double(reach)
        found[reach] = function(*arrays, *lengths, ctypes.c_int(round(reach / BIN)), ctypes.c_int(50_000))
    return found


Races = dict[Case, list[Entry]]
Row = tuple[str, float, float, bool]


def goals(races: Races, floor: dict[float, float]) -> list[Row]:
    """What was aimed at: words, value, goal, whether it is reached."""

    def pace(case: Case, code: str = OURS) -> float:
        return next((e.pace for e in races.get(case, []) if e.code == code), np.nan)

    rows = []
    for n, goal in ((3000, 40.0), (24000, 200.0)):
        case = Case(n, 10.0)
        ratio = pace(case, PEER) / pace(case)
        rows.append((f"{n} atoms, g(r) to 10 Å: over {PEER}", ratio, goal, ratio >= goal))
    plain, hybrid = pace(Case(3000, 10.0)), [c for c in races if c.forcefield]
    rows += [(f"speed of plain RMC that is left with the energy of {c.forcefield}", plain / pace(c), 0.5, plain / pace(c) >= 0.5) for c in hybrid]
    growing = [pace(Case(n, 10.0, growing=True)) for n in SIZES]
    worst = max(growing) / min(growing)
    rows.append(("time per move from 3000 to 192000 atoms, largest over least (at most)", worst, 1.3, worst <= 1.3))
    rows += [(f"share of the floor, 3000 atoms, {r:g} Å", f / pace(Case(3000, r)), 0.0, True) for r, f in floor.items()]
    return [row for row in rows if np.isfinite(row[1])]


def record(races: Races, floor: dict[float, float], reached: list[Row], options: argparse.Namespace) -> None:
    versions = {name: metadata.version(name) for name in (OURS, PEER, "numpy") if find_spec({PEER: "rmc"}.get(name, name)) and name in installed()}
    machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "system": platform.platform(), "python": platform.python_version()}
    runs = [
        asdict(case) | {"code": e.code, "outcome": e.outcome, "costs": e.costs, "accepted": e.accepted, "wall_and_processor_seconds_per_move": e.taken}
        for case, entries in races.items()
        for e in entries
    ]
    everything = {"date": time.strftime("%Y-%m-%d %H:%M"), "options": vars(options), "runs": runs, "seconds_per_move_of_the_floor": floor, "goals": reached}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "rmc.json").write_text(json.dumps(everything | {"versions": versions, "machine": machine}, indent=1, default=str), encoding="utf-8")


def installed() -> set[str]:
    return {d.metadata["Name"].lower() for d in metadata.distributions()}


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, nargs="*", default=[3000, 24000], choices=list(SIZES))
    parser.add_argument("--reaches", type=float, nargs="*", default=list(REACHES))
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS, help="g(r), g(r) with minimum distances, g(r) with S(Q)")
    parser.add_argument("--peers", nargs="*", default=[PEER, OLD], choices=[PEER, OLD])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--moves", type=int, default=6000, help="of one turn")
    parser.add_argument("--peer-python", default=sys.executable, help=f"a Python that has {PEER}, where this one has not")
    parser.add_argument("--fullrmc-python", default="", help="a Python 3.9 that has fullrmc, which runs on nothing newer")
    options = parser.parse_args()
    if PEER in options.peers and options.peer_python == sys.executable and PEER not in installed():
        print(f"{PEER} is not installed here (pip install 'glasswright[bench]') and left out.", file=sys.stderr)
        options.peers.remove(PEER)
    if OLD in options.peers and not options.fullrmc_python:
        print("fullrmc needs Python 3.9 (--fullrmc-python PATH) and is left out.", file=sys.stderr)
        options.peers.remove(OLD)
    return options


def main() -> None:
    options = read_options()
    races: Races = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for n in options.atoms:
            plain = [Case(n, reach) for reach in options.reaches]
            with_q = [Case(n, reach, q=True) for reach in (*options.reaches, FAR)]
            cases = {"g": plain, "minimum": [Case(n, 10.0, minimum=True)], "q": with_q}
            for case in (case for kind in options.kinds for case in cases[kind]):
                races[case] = entries = list(contestants(folder, case, options))
                race(entries, options.turns, options.moves)
                show(case, entries)
        alone = argparse.Namespace(peers=[])
        others = [Case(3000, 10.0, forcefield=name) for name in ("teter/dsf",)]
        for case in (*others, *(Case(n, 10.0, growing=True) for n in SIZES)):
            races[case] = entries = list(contestants(folder, case, alone))
            race(entries, options.turns, PER_ATOM * case.atoms if case.growing else options.moves)
            show(case, entries)
        floor = floors(folder, options.reaches)
    print()
    reached = goals(races, floor)
    for words, value, goal, good in reached:
        print(f"{words:90s}{value:8.2f}{goal:8.1f}  {'reached' if good else 'FALLS SHORT'}")
    record(races, floor, reached, options)


if __name__ == "__main__":
    main()
