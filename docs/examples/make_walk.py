"""The make walk in Python: a small sodium silicate glass, from composition to report."""

import glasswright as gw

# A composition knows its oxides, and what stoichiometry says of its network.
composition = gw.Composition("30Na2O-70SiO2")
print(composition.formula, "has", composition.nbo_per_oxygen, "non-bridging oxygens per oxygen")

# Packing is geometry only: neutral counts, minimum distances, and a density that says where it comes from.
atoms = gw.pack(composition, n_atoms=300, seed=1)
print(len(atoms), "atoms at a density from:", atoms.info["density_source"])

# A force field is data with a source. Its calculator is an ordinary ASE calculator.
forcefield = gw.load_forcefield("teter", coulomb="dsf")
print(forcefield.title, "|", forcefield.coulomb.method)

# The whole protocol: far too fast a rate and too few atoms for science, just right for a walk.
run = gw.quench(
    "30Na2O-70SiO2",
    n_atoms=300,
    forcefield="teter",
    coulomb="dsf",
    rate="1000 K/ps",
    melt_time="2 ps",
    melt_time_max="2 ps",
    relax_time="1 ps",
    relax_time_max="1 ps",
    sample_time="1 ps",
    out="demo/walk",
    overwrite=True,
)
print(run, "cooled from", run.thermo["temperature"].max(), "K")

# Structure: of the glass, or of any atoms.
coordination = gw.analysis.coordination(run.atoms)
print("oxygen around silicon:", coordination[("Si", "O")].mean())
print("Qn:", gw.analysis.qn(run.atoms))
print("report:", run.path / "report.html")
