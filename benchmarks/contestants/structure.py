"""Ways to analyse one structure: every contestant of ``make bench-analysis``, run in a process of its own.

A contestant is a function that takes the structure, brings it into the form its program wants, and returns the call to time; the call
returns its answer as arrays. ``python -m contestants.structure TASK CODE structure.npz answer.npz``
prints what it took as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

Answer = dict[str, np.ndarray]
Call = Callable[[], Answer]
BOND = 2.2
"""Si-O [Å]."""
R_MAX, BINS = 10.0, 200
RING = 12
"""Largest ring, in Si atoms."""
LAGS, STEP = 10, 100.0
"""Of F_s(Q, t): frames, and femtoseconds between frames."""
MEMORY = 12_000_000_000
"""What a contestant may take [bytes]."""
SECONDS, TURNS = 6.0, 25
"""A call is repeated until so many seconds have gone, or so many times; at least three times where ten times the seconds allow it."""

CONTESTANTS: dict[tuple[str, str], Callable[[Atoms, Path], Call]] = {}


def contestant(task: str, code: str, **settings: str) -> Callable[[Any], Any]:
    """Register a function for one task and program."""

    def register(function: Any) -> Any:
        CONTESTANTS[task, code] = partial(function, **settings)
        return function

    return register


def q_max(n_atoms: int) -> float:
    """The direct sum goes so far [1/Å]."""
    return 10.0 if n_atoms < 100_000 else 5.0


def q_bins(n_atoms: int) -> np.ndarray:
    """Middles of bins of 0.1 [1/Å]."""
    return np.arange(0.55, q_max(n_atoms), 0.1)


def waves(atoms: Atoms) -> np.ndarray:
    """Twelve wave vectors of the box with lengths near 1.5 1/Å."""
    n = round(1.5 * float(atoms.cell[0, 0]) / 2 / np.pi)
    indices = np.array([(n, 0, 0), (0, n, 0), (0, 0, n), (n, 1, 0), (0, n, 1), (1, 0, n), (n, 1, 1), (1, n, 1), (1, 1, n), (n, 2, 0), (0, n, 2), (2, 0, n)])
    return indices @ (2 * np.pi * np.linalg.inv(atoms.cell.array).T)


def silicon_oxygen(atoms: Atoms) -> Any:
    """Si-O bonds from both ends: what ring programs that find no bonds are given."""
    from glasswright.native import neighbour_pairs

    return neighbour_pairs(atoms.positions, atoms.cell.array, atoms.numbers == 14, [[0, BOND], [BOND, 0]])


def counted(sizes: Any) -> Answer:
    """Rings by size, from 3 to the largest."""
    counts = np.bincount(np.asarray(list(sizes), dtype=int), minlength=RING + 1)
    return {"rings": counts[3 : RING + 1]}


# --- g(r): O-O, O-Si, Si-Si


@contestant("g(r)", "glasswright")
def rdf_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import partial_rdf

    return lambda: {"g": np.array([c.y for c in partial_rdf(atoms, R_MAX, R_MAX / BINS).values()])}


@contestant("g(r)", "vitrum")
def rdf_vitrum(atoms: Atoms, folder: Path) -> Call:
    from vitrum.geometry import cell_list_pair_counts

    codes = (atoms.numbers == 14).astype(int)
    n = np.bincount(codes)
    shells = 4 / 3 * np.pi * np.diff(np.linspace(0, R_MAX, BINS + 1) ** 3)

    def call() -> Answer:
        counts = np.asarray(cell_list_pair_counts(atoms, codes, R_MAX, BINS, 2), dtype=float).reshape(2, 2, BINS)
        scale = atoms.cell.volume / shells
        return {"g": np.array([counts[0, 0] / n[0] ** 2, counts[0, 1] / 2 / n[0] / n[1], counts[1, 1] / n[1] ** 2]) * scale}

    return call


@contestant("g(r)", "freud")
def rdf_freud(atoms: Atoms, folder: Path) -> Call:
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box(*atoms.cell.lengths())
    of = {z: atoms.positions[atoms.numbers == z] for z in (8, 14)}

    def call() -> Answer:
        found = []
        for a, b in ((8, 8), (8, 14), (14, 14)):
            rdf = freud.density.RDF(BINS, R_MAX)
            rdf.compute((box, of[b]), query_points=of[a], neighbors={"mode": "ball", "r_max": R_MAX, "exclude_ii": a == b})
            found.append(rdf.rdf)
        return {"g": np.array(found)}

    return call


@contestant("g(r)", "ovito")
def rdf_ovito(atoms: Atoms, folder: Path) -> Call:
    pipeline = _ovito(atoms)
    from ovito.modifiers import CoordinationAnalysisModifier

    def call() -> Answer:
        pipeline.modifiers.clear()
        pipeline.modifiers.append(CoordinationAnalysisModifier(cutoff=R_MAX, number_of_bins=BINS, partial=True))
        table = pipeline.compute().tables["coordination-rdf"]
        return {"g": np.array(table["g(r)"]).T}

    return call


@contestant("g(r)", "amorphouspy")
def rdf_amorphouspy(atoms: Atoms, folder: Path) -> Call:
    from amorphouspy.analysis.radial_distribution_functions import compute_rdf

    def call() -> Answer:
        _, g, _ = compute_rdf(atoms, R_MAX, BINS)
        return {"g": np.array([g[8, 8], g[8, 14], g[14, 14]])}

    return call


# --- neighbour lists within 10 Å: both directions, shifts and vectors where the program gives them


@contestant("neighbour list", "glasswright")
def neighbours_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import neighbours

    cutoffs = dict.fromkeys(combinations_with_replacement(("O", "Si"), 2), R_MAX)

    return lambda: {"neighbours": np.bincount(neighbours(atoms, cutoffs).first)}


@contestant("neighbour list", "vesin")
def neighbours_vesin(atoms: Atoms, folder: Path) -> Call:
    import vesin

    search = vesin.NeighborList(cutoff=R_MAX, full_list=True)
    return lambda: {"neighbours": np.bincount(search.compute(points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijSD")[0])}


@contestant("neighbour list", "matscipy")
def neighbours_matscipy(atoms: Atoms, folder: Path) -> Call:
    from matscipy.neighbours import neighbour_list

    return lambda: {"neighbours": np.bincount(neighbour_list("ijSD", atoms, R_MAX)[0])}


@contestant("neighbour list", "scipy")
def neighbours_scipy(atoms: Atoms, folder: Path) -> Call:
    from scipy.spatial import cKDTree

    lengths = atoms.cell.lengths()

    def call() -> Answer:
        pairs = cKDTree(atoms.positions % lengths, boxsize=lengths).query_pairs(R_MAX, output_type="ndarray")
        return {"neighbours": np.bincount(pairs.ravel(), minlength=len(atoms))}

    return call


@contestant("neighbour list", "ase")
def neighbours_ase(atoms: Atoms, folder: Path) -> Call:
    from ase.neighborlist import neighbor_list

    return lambda: {"neighbours": np.bincount(neighbor_list("ijSD", atoms, R_MAX)[0])}


# --- S(Q) on the full reciprocal lattice


@contestant("direct S(Q)", "glasswright")
def direct_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import partial_structure_factors

    q = q_bins(len(atoms))
    c = np.mean(atoms.numbers == 14)

    def call() -> Answer:
        s = [partial.y for partial in partial_structure_factors(atoms, q, method="direct", q_width=0.1).values()]
        return {"S(Q)": 1 + (1 - c) ** 2 * (s[0] - 1) + 2 * c * (1 - c) * (s[1] - 1) + c**2 * (s[2] - 1)}

    return call


@contestant("direct S(Q)", "dynasor")
def direct_dynasor(atoms: Atoms, folder: Path) -> Call:
    from ase.io.trajectory import Trajectory as Writer
    from dynasor import Trajectory, compute_static_structure_factors
    from dynasor.qpoints import get_spherical_qpoints

    q, path = q_bins(len(atoms)), folder / f"still-{len(atoms)}.traj"
    with Writer(path, "w") as file:
        for _ in range(2):
            file.write(atoms)

    def call() -> Answer:
        vectors = get_spherical_qpoints(atoms.cell.array, q_max(len(atoms)))
        vectors = vectors[np.linalg.norm(vectors, axis=1) > 0.5]
        sample = compute_static_structure_factors(Trajectory(str(path), "ase", atomic_indices=groups(atoms), frame_stop=1), vectors)
        s = sum(sample[f"Sq_{pair}"] for pair in ("O_O", "O_Si", "Si_Si")).ravel()
        bin_of = np.round((np.linalg.norm(vectors, axis=1) - q[0]) / 0.1).astype(int)
        return {"S(Q)": (np.bincount(bin_of, s) / np.bincount(bin_of))[: q.size]}

    return call


@contestant("direct S(Q)", "freud")
def direct_freud(atoms: Atoms, folder: Path) -> Call:
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box(*atoms.cell.lengths())
    limit = q_max(len(atoms))

    def call() -> Answer:
        found = freud.diffraction.StaticStructureFactorDirect(round((limit - 0.5) / 0.1), k_max=limit, k_min=0.5)
        return {"S(Q)": np.array(found.compute((box, atoms.positions)).S_k)}

    return call


# --- rings of up to 12 silicon atoms


@contestant("rings, Guttman", "glasswright", definition="guttman")
@contestant("rings, King", "glasswright", definition="king")
@contestant("rings, primitive", "glasswright", definition="primitive")
def rings_glasswright(atoms: Atoms, folder: Path, definition: str) -> Call:
    from glasswright.analysis import rings

    def call() -> Answer:
        found = rings(atoms, definition=definition, max_size=RING, cutoffs={("O", "Si"): BOND})
        return {"rings": np.array([found.get(size, 0) for size in range(3, RING + 1)], dtype=int)}

    return call


@contestant("rings, primitive", "matscipy")
def rings_matscipy(atoms: Atoms, folder: Path) -> Call:
    from matscipy.ffi import distances_on_graph, find_sp_rings

    bonds = silicon_oxygen(atoms)
    i, j, r = bonds.first.astype(np.int32), bonds.second.astype(np.int32), bonds.vectors

    def call() -> Answer:
        counts = np.zeros(2 * RING + 2, dtype=int)
        found = find_sp_rings(i, j, r, distances_on_graph(i, j), 2 * RING + 1)
        counts[: found.size] = found[: counts.size]
        return {"rings": counts[6 : 2 * RING + 1 : 2]}

    return call


@contestant("rings, Guttman", "vitrum", definition="guttman")
@contestant("rings, King", "vitrum", definition="king")
@contestant("rings, primitive", "vitrum", definition="primitive")
def rings_vitrum(atoms: Atoms, folder: Path, definition: str) -> Call:
    from vitrum.rings import find_rings

    repeat = (1, 1, 1)  # the box is far larger than its rings
    return lambda: counted(
        len(ring) // 2
        for ring in find_rings(atoms, repeat=repeat, bonds=[("Si", "O")], limit=2 * RING, criterion=definition, cutoff={("Si", "O"): BOND})
    )


@contestant("rings, Guttman", "sovapy", definition="guttman")
@contestant("rings, King", "sovapy", definition="king")
@contestant("rings, primitive", "sovapy", definition="primitive")
def rings_sovapy(atoms: Atoms, folder: Path, definition: str) -> Call:
    from sovapy.computation import rings

    pairs = silicon_oxygen(atoms)
    bonds, nodes = np.column_stack([pairs.first, pairs.second])[pairs.first < pairs.second], np.arange(len(atoms))
    search = {
        "guttman": lambda: rings.enumerate_guttman_ring(nodes, nodes, bonds),
        "king": lambda: rings.enumerate_king_ring(nodes, nodes, bonds, False),
        "primitive": lambda: rings.enumerate_primitive_ring(nodes, nodes, bonds, 2 * RING),
    }[definition]
    return lambda: counted(size for size in (len(set(ring)) // 2 for ring in search()) if size <= RING)


@contestant("rings, Guttman", "amorphouspy")
def rings_amorphouspy(atoms: Atoms, folder: Path) -> Call:
    from amorphouspy.analysis.rings import compute_guttmann_rings

    def call() -> Answer:
        found, _ = compute_guttmann_rings(atoms, {("Si", "O"): BOND}, RING)
        return {"rings": np.array([found.get(size, 0) for size in range(3, RING + 1)])}

    return call


# --- O around Si, Qn, O-Si-O and Si-O-Si


@contestant("coordination, Qn, angles", "glasswright")
def network_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import bond_angles, qn
    from glasswright.analysis.network.bonds import all_bonds

    is_si = atoms.numbers == 14

    def call() -> Answer:
        bonds = all_bonds(atoms, {("O", "Si"): BOND})  # found once for all three
        angles = bond_angles(bonds)
        number = bonds[0].counts[is_si].sum(axis=1)
        return _network(number.mean(), qn(bonds)["Si"].get(4, 0), *(angles[t].metadata["mean"] for t in (("O", "Si", "O"), ("Si", "O", "Si"))))

    return call


def _network(number: float, q4: float, at_silicon: float, at_oxygen: float) -> Answer:
    return {"N(Si-O), Q4, O-Si-O, Si-O-Si": np.array([number, q4, at_silicon, at_oxygen])}


@contestant("coordination, Qn, angles", "vesin + numpy")
def network_vesin(atoms: Atoms, folder: Path) -> Call:
    import vesin

    search, is_si = vesin.NeighborList(cutoff=BOND, full_list=True, sorted=True), atoms.numbers == 14

    def call() -> Answer:
        i, j, d = search.compute(points=atoms.positions, box=atoms.cell.array, periodic=True, quantities="ijD")
        bonds = is_si[i] != is_si[j]
        i, j, d = i[bonds], j[bonds], d[bonds]
        number = np.bincount(i, minlength=len(atoms))
        bridges = np.bincount(i[number[j] >= 2], minlength=len(atoms))
        d /= np.linalg.norm(d, axis=1)[:, None]
        start, means = np.cumsum(number) - number, []
        for centres in (is_si, ~is_si):
            angles = []
            for n in np.unique(number[centres & (number > 1)]):
                a, b = np.triu_indices(n, 1)
                first = start[centres & (number == n)][:, None]
                angles.append(np.arccos(np.einsum("ijk,ijk->ij", d[first + a], d[first + b]).clip(-1, 1)).ravel())
            values = np.degrees(np.concatenate(angles))
            np.histogram(values, 180, (0, 180))
            means.append(values.mean())
        return _network(number[is_si].mean(), np.mean(bridges[is_si] == 4), *means)

    return call


@contestant("coordination, Qn, angles", "ovito")
def network_ovito(atoms: Atoms, folder: Path) -> Call:
    pipeline = _ovito(atoms)
    from ovito.modifiers import BondAnalysisModifier, CreateBondsModifier

    is_si = atoms.numbers == 14

    def call() -> Answer:
        pipeline.modifiers.clear()
        bonds = CreateBondsModifier(mode=CreateBondsModifier.Mode.Pairwise)
        bonds.set_pairwise_cutoff("Si", "O", BOND)
        pipeline.modifiers.append(bonds)
        pipeline.modifiers.append(BondAnalysisModifier(partition=BondAnalysisModifier.Partition.ByParticleType, bins=180))
        data = pipeline.compute()
        pair = np.array(data.particles.bonds.topology)
        number = np.bincount(pair.ravel(), minlength=len(atoms))
        both = np.concatenate([pair, pair[:, ::-1]])
        bridges = np.bincount(both[number[both[:, 1]] >= 2, 0], minlength=len(atoms))
        table = data.tables["bond-angle-distr"]
        x, y = table.xy()[:, 0], np.array(table.y)
        names = list(table.y.component_names)
        means = [float(np.average(x, weights=y[:, names.index(name)])) for name in ("O-Si-O", "Si-O-Si")]
        return _network(number[is_si].mean(), np.mean(bridges[is_si] == 4), *means)

    return call


@contestant("coordination, Qn, angles", "vitrum")
def network_vitrum(atoms: Atoms, folder: Path) -> Call:
    from vitrum.coordination import Coordination

    def call() -> Answer:
        found = Coordination(atoms)
        number = found.get_coordination_numbers("Si", "O", BOND, per_atom=True)[0]
        bridges = found.get_bridging_analysis("Si", "O", cutoff=BOND, per_atom=True)
        means = [float(np.mean(found.get_angles(centre, end, BOND)[0])) for centre, end in (("Si", "O"), ("O", "Si"))]
        return _network(float(np.mean(number)), float(np.mean(np.asarray(bridges[0]) == 4)), *means)

    return call


@contestant("coordination, Qn, angles", "amorphouspy")
def network_amorphouspy(atoms: Atoms, folder: Path) -> Call:
    from amorphouspy.analysis.bond_angle_distribution import compute_angles
    from amorphouspy.analysis.qn_network_connectivity import compute_qn
    from amorphouspy.analysis.radial_distribution_functions import compute_coordination

    def call() -> Answer:
        numbers, _ = compute_coordination(atoms, 14, BOND, [8])
        total = sum(numbers.values())
        q, _ = compute_qn(atoms, BOND, [14], 8)
        means = [float(np.average(x, weights=y)) for x, y in (compute_angles(atoms, *types, BOND) for types in ((14, 8), (8, 14)))]
        return _network(sum(n * k for n, k in numbers.items()) / total, q.get(4, 0) / sum(q.values()), *means)

    return call


# --- Voronoi cells: volumes and faces by their edges


@contestant("Voronoi", "glasswright")
def voronoi_glasswright(atoms: Atoms, folder: Path) -> Call:
    from glasswright.analysis import voronoi_cells

    def call() -> Answer:
        cells = voronoi_cells(atoms)
        return {"volumes": cells.volumes, "indices": cells.indices}

    return call


@contestant("Voronoi", "ovito")
def voronoi_ovito(atoms: Atoms, folder: Path) -> Call:
    pipeline = _ovito(atoms)
    from ovito.modifiers import VoronoiAnalysisModifier

    def call() -> Answer:
        pipeline.modifiers.clear()
        pipeline.modifiers.append(VoronoiAnalysisModifier(compute_indices=True))
        return {"volumes": np.array(pipeline.compute().particles["Atomic Volume"])}

    return call


@contestant("Voronoi", "freud")
def voronoi_freud(atoms: Atoms, folder: Path) -> Call:
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box(*atoms.cell.lengths())
    return lambda: {"volumes": np.array(freud.locality.Voronoi().compute((box, box.wrap(atoms.positions))).volumes)}


# --- F_s(Q, t) of twelve wave vectors over a trajectory on disk


def _trajectory(atoms: Atoms, folder: Path) -> Path:
    """24 frames in which atoms wander; made once."""
    from ase.io.trajectory import Trajectory

    path = folder / f"wander-{len(atoms)}.traj"
    if not path.exists():
        rng = np.random.default_rng(4)
        frame = atoms.copy()
        with Trajectory(path, "w") as file:
            for k in range(24):
                frame.info["time"] = k * STEP
                file.write(frame)
                frame.positions += rng.normal(0, 0.1, frame.positions.shape)
    return path


@contestant("F_s(Q,t)", "glasswright")
def self_scattering_glasswright(atoms: Atoms, folder: Path) -> Call:
    from ase.io.trajectory import Trajectory

    from glasswright.analysis import self_intermediate_scattering

    path, q = _trajectory(atoms, folder), waves(atoms)

    def call() -> Answer:
        with Trajectory(path) as frames:
            found = self_intermediate_scattering(frames, q, lags=np.arange(LAGS + 1) * STEP, stride=1)
        return {"F_s": np.array([found[e].y for e in ("O", "Si")])}

    return call


@contestant("F_s(Q,t)", "dynasor")
def self_scattering_dynasor(atoms: Atoms, folder: Path) -> Call:
    from dynasor import Trajectory, compute_dynamic_structure_factors

    path, q = _trajectory(atoms, folder), waves(atoms)
    parts = groups(atoms)

    def call() -> Answer:
        found = compute_dynamic_structure_factors(
            Trajectory(str(path), "ase", atomic_indices=parts), q, STEP, LAGS, window_step=1, calculate_incoherent=True
        )
        return {"F_s": np.array([found[f"Fqt_incoh_{e}"].mean(axis=0) * len(atoms) / parts[e].size for e in parts])}

    return call


def _ovito(atoms: Atoms) -> Any:
    from ovito.io.ase import ase_to_ovito
    from ovito.pipeline import Pipeline, StaticSource

    return Pipeline(source=StaticSource(data=ase_to_ovito(atoms)))


def groups(atoms: Atoms) -> dict[str, np.ndarray]:
    """Atoms of each element."""
    return {element: np.flatnonzero(atoms.numbers == z) for element, z in (("O", 8), ("Si", 14))}


def timed(call: Call) -> tuple[Answer, float, float, float]:
    """The answer, the seconds of the processor and of the clock of the faster calls, and the peak of memory of the first call [MB]."""

    def once(number: int) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(number):
            call()
        return (time.process_time() - cpu) / number, (time.perf_counter() - wall) / number

    before, begin = memory("VmRSS"), time.perf_counter()
    wall, cpu = begin, time.process_time()
    answer = call()
    taken = [(time.process_time() - cpu, time.perf_counter() - wall)]
    peak = memory("VmHWM") - before
    number = max(1, int(0.05 / max(taken[0][1], 1e-4)))  # the clock of the processor is coarse
    while len(taken) <= TURNS and time.perf_counter() - begin < (SECONDS if len(taken) > 3 else 10 * SECONDS):
        taken.append(once(number))
    # What is computed but once, such as compilation, is in the first call.
    turns = taken[1:] or taken
    return answer, *(sorted(part)[len(turns) // 4] for part in zip(*turns, strict=True)), peak


def memory(what: str) -> float:
    """Resident memory now, which also resets its peak, or the peak [MB]; not a number where the system does not say."""
    try:
        if what == "VmRSS":
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(what))
    except (OSError, StopIteration):
        return float("nan")


def main() -> None:
    task, code, structure, answer = sys.argv[1:]
    warnings.simplefilter("ignore")
    stored = np.load(structure)
    atoms = Atoms(stored["numbers"], stored["positions"], cell=stored["cell"], pbc=True)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.RLIM_INFINITY))
    try:
        call = CONTESTANTS[task, code](atoms, Path(structure).parent)
        found, cpu, wall, peak = timed(call)
    except ModuleNotFoundError as error:
        print(json.dumps({"outcome": f"not installed ({error.name})"}))
        return
    except MemoryError:
        print(json.dumps({"outcome": f"> {MEMORY / 1e9:.0f} GB"}))
        return
    np.savez(answer, **found)
    print(json.dumps({"cpu": cpu, "wall": wall, "memory": peak}))


if __name__ == "__main__":
    main()
