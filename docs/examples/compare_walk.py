"""A kept silica glass beside a measured curve, as the instrument would have seen it."""

from pathlib import Path

import ase.io
import numpy as np

import glasswright as gw

# Three replicas of silica, quenched with the force field SHIK at 50 K/ps, kept with glasswright.
kept = Path(__file__).parents[2] / "gallery" / "glasses"
glasses = [ase.io.read(kept / f"silica-shik-50Kps-{n}.extxyz.gz") for n in (1, 2, 3)]

# A data file. Most measured curves may not be passed on, so this one is made up: what an instrument with a resolution of ΔQ/Q = 2 %
# and a normalisation 7 % low would have measured of another replica of the glass, with a sloping background and noise.
other = ase.io.read(kept / "silica-shik-50Kps-4.extxyz.gz")
q = np.arange(0.6, 25.0, 0.02)
sharp = gw.analysis.structure_factor(other, np.arange(0.4, 28.0, 0.01))
blurred = np.array([np.average(sharp.y, weights=np.exp(-0.5 * ((sharp.x - at) / (0.02 * at)) ** 2)) for at in q])
noise = np.random.default_rng(1).normal(0, 0.003, q.size)
density = gw.analysis.density(other)
i_of_q = 0.93 * 0.2761 * (blurred - 1) + 0.2761 * (0.02 - 0.001 * q) + noise
Path("demo").mkdir(exist_ok=True)
np.savetxt("demo/silica.dat", np.column_stack([q, i_of_q, np.full(q.size, 0.003)]), header="Q [1/A]  i(Q) [barn/sr/atom]  error")

# What the file cannot say must be said: which normalisation, which radiation, what sample.
measured = gw.Experiment.from_file("demo/silica.dat", kind="i(Q)", radiation="neutron", composition="SiO2", density=density)
print(measured.kind.definition)
print(measured.curve.metadata["concluded"], measured.doubts)

# As it is, and with a factor.
score = gw.compare(glasses, measured)
print(score.sentence)

# With a background and the resolution as well: the model is blurred, not the data.
score = gw.compare(glasses, measured, background=1, resolution="fit")
print(score.sentence)
print("factor", round(score.scale, 3), "resolution ΔQ/Q", round(score.resolution[1], 3), "background", score.background)

# The curves are there to be drawn; `glasswright compare ... --out DIR` writes them with a picture.
print({name: curve.kind for name, curve in score.curves.items()})

# The same curve in other normalisations, by the definitions of the field.
t_of_r = gw.analysis.convert(measured.curve, "T(r)", "SiO2", density, window="lorch", x=np.arange(1.0, 8.0, 0.02))
first = t_of_r.x < 2
print("first peak of T(r) at", round(float(t_of_r.x[first][t_of_r.y[first].argmax()]), 2), "Å")

# Curves of the library: GeO2 with two isotopes ships, others are found where GLASSWRIGHT_DATA says.
germania = gw.measurements.shipped_experiment("geo2-73ge")
print(germania.source)
