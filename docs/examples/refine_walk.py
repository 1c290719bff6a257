"""The refine walk in Python: germania from two measured curves, with and without an energy."""

import glasswright as gw

# Two neutron curves that ship with the package: the contrast between isotopes of germanium tells Ge-Ge from O-O.
data = [gw.measurements.library_experiment(name) for name in ("geo2-70ge", "geo2-73ge")]

# The data alone, from atoms at random. Far too few atoms and moves for science, just right for a walk.
small = {"start": "GeO2", "n_atoms": 300, "moves": 300, "overwrite": True}
rmc = gw.refine("rmc", data, out="demo/germania-rmc", forcefield="pmmcs", minimum_distances={"Ge-O": 1.5, "O-O": 2.3, "Ge-Ge": 2.7}, **small)
print(rmc.outcome, "R_chi from", rmc.history["r_chi"][0], "to", rmc.history["r_chi"][-1])

# The same data, and between moves the atoms follow the forces.
fear = gw.refine("fear", data, out="demo/germania-fear", forcefield="pmmcs", **small)
print("energy, eV per atom:", rmc.energy / len(rmc.atoms), "by the data alone,", fear.energy / len(fear.atoms), "with forces")

# Side by side: residuals, energy by one force field before and after minimisation, coordination, angles, rings.
card = gw.scorecard({"RMC": rmc, "FEAR": fear}, data, "pmmcs", out="demo/germania-scorecard", overwrite=True)
for name in card.glasses:
    print(name, "R_chi", card["R_chi, all data"][name].value, "Ge coordination", card["Ge-O coordination"][name].value)
print("report:", card.path / "report.html")
