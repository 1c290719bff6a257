"""Diffusion and vibrations of a melt of BKS silica, made by the compiled core."""

import numpy as np
import pytest

import glasswright as gw
from glasswright import analysis


@pytest.fixture(scope="module")
def melt():
    """20 ps at 4000 K and 2.37 g/cm³, after 5 ps of equilibration; 10 fs between frames."""
    packed = gw.pack("SiO2", n_atoms=648, seed=1, density=2.37)
    forcefield = gw.load_forcefield("bks", coulomb="dsf")
    relaxed = gw.minimize(packed, forcefield, engine="native").atoms
    hot = gw.md(relaxed, forcefield, "nvt", temperature=4000, duration="5 ps", seed=1, n_frames=2, engine="native", thermostat="langevin")
    return gw.md(hot.atoms, forcefield, "nvt", temperature=4000, duration="20 ps", seed=2, n_frames=2000, engine="native")


@pytest.mark.slow
def test_oxygen_diffuses_faster_than_silicon(melt):
    msd = analysis.mean_square_displacement(melt.frames)
    oxygen, silicon = (analysis.diffusion(msd[e]) for e in ("O", "Si"))
    assert oxygen.coefficient > silicon.coefficient
    # J. Horbach and W. Kob, Phys. Rev. B 60, 3169 (1999), doi 10.1103/PhysRevB.60.3169, fig. 8: at 4000 K and 2.37 g/cm³ D of both is some
    # 1e-5 cm²/s with Ewald; another Coulomb sum, 648 atoms and 20 ps leave a factor of four.
    for found in (oxygen, silicon):
        assert 0.25e-5 < found.coefficient * 0.1 < 8e-5
    assert oxygen.exponent > 0.7


@pytest.mark.slow
def test_the_melt_forgets_its_structure(melt):
    fs = analysis.self_intermediate_scattering(melt.frames, 1.7)
    times = {e: analysis.relaxation_time(fs[e]).time for e in fs}
    assert times["O"] is not None and times["Si"] is not None and times["O"] < times["Si"]
    alpha = analysis.non_gaussian_parameter(melt.frames)["O"]
    assert 0.2 < alpha.y.max() < 2.0  # cages that atoms leave by jumps


@pytest.mark.slow
def test_vibrations_of_the_melt(melt):
    vdos = analysis.vibrational_density_of_states(melt.frames)
    assert np.trapezoid(vdos["total"].y, vdos["total"].x) == pytest.approx(3, rel=1e-6)
    # Stretching of Si-O bonds, measured near 32 THz (1060 1/cm), is the last band: nearly nothing lies beyond 40 THz.
    beyond = vdos["total"].x > 42
    assert np.trapezoid(vdos["total"].y[beyond], vdos["total"].x[beyond]) < 0.1
    # Velocities: equipartition at 4000 K of both elements, to the accuracy of 2000 correlated frames.
    velocity = analysis.velocity_autocorrelation(melt.frames, lags=[0.0])
    for element, mass in (("O", 15.999), ("Si", 28.085)):
        assert velocity[element].y[0] * mass * 103.6426965268 / (3 * 8.617333262e-5) == pytest.approx(4000, rel=0.02)
