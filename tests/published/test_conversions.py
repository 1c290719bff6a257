"""Published pairs of curves: what an instrument's own programs made of its data, our conversion makes too."""

from __future__ import annotations

import numpy as np
import pytest

from glasswright.analysis import convert
from glasswright.composition import Composition
from glasswright.library.measurements import data_folder, library_experiment, measured_curves, shipped_experiment

DATA = data_folder()
needs_data = pytest.mark.skipif(DATA is None or not (DATA / "sio2_neutron").is_dir(), reason="needs the reference data (GLASSWRIGHT_DATA or ../shared/data)")


@needs_data
def test_the_t_of_r_of_vitreous_silica_follows_from_its_i_of_q():
    """ISIS: i(Q) and T(r) of one measurement. Their window is not stated, so the heights of the sharp peaks differ; distances and areas do not."""
    i_of_q, t_of_r = library_experiment("sio2-isis").curve, library_experiment("sio2-isis-t").curve
    r = np.arange(1.3, 8, 0.01)
    ours = convert(i_of_q, "T(r)", "SiO2", 2.20, window="lorch", x=r)
    theirs = np.interp(r, t_of_r.x, t_of_r.y)
    assert ours.sigma is not None
    for low, high in ((1.4, 1.85), (2.4, 2.9)):
        peak = (r > low) & (r < high)
        assert r[peak][ours.y[peak].argmax()] == pytest.approx(r[peak][theirs[peak].argmax()], abs=0.011)
        assert np.sum((r * ours.y)[peak]) == pytest.approx(np.sum((r * theirs)[peak]), rel=0.03)
    # N(Si-O) = 3.88 from the area of their T(r), in the notes on the data; b(Si) 0.4149 and b(O) 0.5805 in 10 fm.
    first = (r >= 1.40) & (r <= 1.85)
    number = np.sum((r * ours.y)[first]) * 0.01 / (2 / 3 * 0.4149 * 0.5805)
    assert number == pytest.approx(3.88, abs=0.08)


@pytest.mark.parametrize("kind", ["T(r)", "D(r)", "G(r)", "RDF(r)"])
def test_both_isotopes_of_germanium_see_the_same_distance(kind):
    """Ge-O at 1.740 Å (notes on the data), whichever function is looked at: RDF and T(r) lean to larger r by (width)²/r."""
    peaks = []
    for name in ("geo2-70ge", "geo2-73ge"):
        measured = shipped_experiment(name)
        r = np.arange(1.5, 2.0, 0.002)
        curve = convert(measured.curve, kind, "GeO2", measured.density, isotopes=measured.isotopes, x=r)
        peaks.append(r[curve.y.argmax()])
    assert peaks[0] == pytest.approx(peaks[1], abs=0.006)
    assert np.mean(peaks) == pytest.approx(1.740, abs=0.01)


@needs_data
def test_every_curve_of_the_catalogue_has_no_doubts_and_says_its_source():
    for glass in ("SiO2", "GeO2"):
        for entry in measured_curves(Composition(glass)):
            experiment = entry.load()
            assert experiment.doubts == ()
            assert experiment.source
            assert experiment.curve.metadata["concluded"]
