"""Crystals with known answers, from published cells and coordinates. Each call gives new atoms in the conventional cell."""

from __future__ import annotations

from ase import Atoms
from ase.spacegroup import crystal


def alpha_quartz() -> Atoms:
    """Levien, Prewitt and Weidner, Am. Mineral. 65, 920 (1980). SiO4 of 6- and 8-rings; Si-O 1.605 and 1.614 Å, Si-O-Si 143.7 degrees, 2.646 g/cm3."""
    return crystal(("Si", "O"), basis=[(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)], spacegroup=154, cellpar=[4.9160, 4.9160, 5.4054, 90, 90, 120])


def alpha_cristobalite() -> Atoms:
    """Downs and Palmer, Am. Mineral. 79, 9 (1994). Si-O 1.603 Å, 2.33 g/cm3."""
    return crystal(("Si", "O"), basis=[(0.3003, 0.3003, 0), (0.2392, 0.1044, 0.1787)], spacegroup=92, cellpar=[4.9717, 4.9717, 6.9223, 90, 90, 90])


def beta_cristobalite() -> Atoms:
    """The ideal Fd-3m structure (Wyckoff): straight Si-O-Si, Si-O = a √3/8; the network of diamond."""
    return crystal(("Si", "O"), basis=[(0.125, 0.125, 0.125), (0, 0, 0)], spacegroup=227, setting=2, cellpar=[7.16] * 3 + [90] * 3)


def tridymite() -> Atoms:
    """Ideal high tridymite, P6_3/mmc: Kihara, Z. Kristallogr. 148, 237 (1978). The network of lonsdaleite."""
    basis = [(1 / 3, 2 / 3, 0.062), (1 / 3, 2 / 3, 0.25), (0.5, 0, 0)]
    return crystal(("Si", "O", "O"), basis=basis, spacegroup=194, cellpar=[5.052, 5.052, 8.27, 90, 90, 120])


def coesite() -> Atoms:
    """Levien and Prewitt, Am. Mineral. 66, 324 (1981). 4-rings and larger ones; 2.92 g/cm3."""
    silicon = [(0.14033, 0.10833, 0.07227), (0.50682, 0.15799, 0.54077)]
    oxygen = [(0, 0, 0), (0.5, 0.11643, 0.75), (0.26604, 0.12325, 0.94053), (0.31136, 0.10372, 0.32807), (0.01724, 0.21178, 0.47845)]
    cell = [7.1356, 12.3692, 7.1736, 90, 120.34, 90]
    return crystal(("Si",) * 2 + ("O",) * 5, basis=silicon + oxygen, spacegroup=15, cellpar=cell)


def keatite() -> Atoms:
    """Shropshire, Keat and Vaughan, Z. Kristallogr. 112, 409 (1959). Odd rings: 5 and 7; 2.50 g/cm3."""
    silicon = [(0.410, 0.410, 0), (0.326, 0.120, 0.248)]
    oxygen = [(0.445, 0.132, 0.400), (0.117, 0.123, 0.296), (0.344, 0.297, 0.143)]
    return crystal(("Si",) * 2 + ("O",) * 3, basis=silicon + oxygen, spacegroup=96, cellpar=[7.456, 7.456, 8.604, 90, 90, 90])


def sodalite() -> Atoms:
    """Silica of the ideal sodalite framework (Atlas of Zeolite Framework Types: SOD), Im-3m: 4- and 6-rings."""
    return crystal(("Si", "O"), basis=[(0.25, 0.5, 0), (0.1466, 0.1466, 0.5)], spacegroup=229, cellpar=[8.836] * 3 + [90] * 3)


def stishovite() -> Atoms:
    """Ross, Shu, Hazen and Gasparik, Am. Mineral. 75, 739 (1990). SiO6 that share edges, OSi3; 4.28 g/cm3."""
    return crystal(("Si", "O"), basis=[(0, 0, 0), (0.3067, 0.3067, 0)], spacegroup=136, cellpar=[4.1801, 4.1801, 2.6678, 90, 90, 90])


def silicon_disulfide() -> Atoms:
    """Peters and Krebs, Acta Cryst. B 38, 1270 (1982). Chains of SiS4 that share edges: one 2-ring per Si; Si-S 2.14 Å."""
    return crystal(("Si", "S"), basis=[(0, 0, 0.25), (0.1182, 0.2088, 0)], spacegroup=72, cellpar=[9.583, 5.614, 5.547, 90, 90, 90])


def diamond() -> Atoms:
    """a = 3.567 Å; C-C 1.545 Å."""
    return crystal("C", basis=[(0, 0, 0)], spacegroup=227, cellpar=[3.567] * 3 + [90] * 3)


def graphite() -> Atoms:
    """Trucano and Chen, Nature 258, 136 (1975). Bonds of 1.423 Å within layers 3.36 Å apart."""
    return crystal(("C", "C"), basis=[(0, 0, 0.25), (1 / 3, 2 / 3, 0.25)], spacegroup=194, cellpar=[2.464, 2.464, 6.711, 90, 90, 120])


def bcc_iron() -> Atoms:
    """a = 2.8665 Å; 8 neighbours at 2.482 Å, 6 at 2.867 Å."""
    return crystal("Fe", basis=[(0, 0, 0)], spacegroup=229, cellpar=[2.8665] * 3 + [90] * 3)


SILICA = (alpha_quartz, alpha_cristobalite, beta_cristobalite, tridymite, coesite, keatite, sodalite)
"""Every silicon with four oxygens, every oxygen with two silicons."""
BONDS = {("Si", "O"): 2.0, ("Si", "S"): 2.5, ("C", "C"): 1.7, ("Fe", "Fe"): 2.7}
"""Cutoffs between the first shell and the next, in all of them [Å]."""
