"""O around Si, Qn, O-Si-O and Si-O-Si."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from .contestant import BOND, Answer, Call, contestant, ovito_pipeline


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
    pipeline = ovito_pipeline(atoms)
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
