"""experiments/NAME.csv of a run directory gives back the very experiment; history.csv the columns of a refinement."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from glasswright.composition import Composition
from glasswright.curve import Curve
from glasswright.errors import InputError
from glasswright.experiment import Experiment
from glasswright.io.experiments import DataSet, names_of, read_data_sets, write_data_set
from glasswright.io.run import Run
from glasswright.io.run_writer import write_run_toml
from glasswright.library.measurements import shipped_experiment


def _xray() -> Experiment:
    curve = Curve(np.linspace(0.5, 20, 40), np.cos(np.arange(40)), np.full(40, 0.01), "S(Q)", "1/Å", "", "a label", {"doubts": ["one"]})
    return Experiment(
        curve, "xray", Composition("SiO2"), 2.2, (0.5, 20.0), "lorch", 0.03, {}, "glass at 300 K", "an author", 0.02, "<f2>", {"Si": "Si4+", "O": "O2-"}
    )


def test_every_field_of_an_experiment_survives(tmp_path: Path) -> None:
    kept = {"b": _xray(), "a": shipped_experiment("geo2-73ge")}
    for name, experiment in kept.items():
        write_data_set(tmp_path, DataSet(name, experiment, {"weight": 2.0, "scale": "fit", "background": 1}))
    found = {data.name: data for data in read_data_sets(tmp_path)}
    assert list(found) == ["a", "b"]
    for name, experiment in kept.items():
        back = found[name].experiment
        assert dict(found[name].treatment) == {"weight": 2.0, "scale": "fit", "background": 1}
        for field in fields(Experiment):
            if field.name not in ("curve", "composition"):
                assert getattr(back, field.name) == getattr(experiment, field.name), field.name
        assert back.composition.formula == experiment.composition.formula
        assert back.doubts == experiment.doubts
        assert (back.curve.kind, back.curve.label) == (experiment.curve.kind, experiment.curve.label)
        np.testing.assert_allclose(back.curve.y, experiment.curve.y, rtol=1e-8)  # nine digits are written


def test_data_sets_get_names_of_their_own() -> None:
    assert names_of([_xray(), _xray(), shipped_experiment("geo2-70ge")]) == ["glass_at_300_K", "glass_at_300_K-2", "geo2_70ge"]


def test_a_curve_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = write_data_set(tmp_path, DataSet("a", _xray()))
    file.write_text(file.read_text().replace('"experiment"', '"experimental"'))
    with pytest.raises(InputError, match="does not say what was measured"):
        read_data_sets(tmp_path)
    assert read_data_sets(tmp_path / "elsewhere") == []


def test_a_history_is_read_by_its_header_without_half_lines(tmp_path: Path) -> None:
    write_run_toml(tmp_path, {"kind": "refinement", "name": "x", "outcome": "running", "settings": {}, "warnings": []})
    assert Run(tmp_path).history == {}
    (tmp_path / "history.csv").write_text("moves,stage,r_chi a,energy [eV/atom]\n100,anneal,0.5,\n200,sample,0.25,-19.5\n300,sam")
    history = Run(tmp_path).history
    assert list(history) == ["moves", "stage", "r_chi a", "energy"]
    assert history["stage"].tolist() == ["anneal", "sample"]
    np.testing.assert_array_equal(history["energy"], [np.nan, -19.5])
    (tmp_path / "history.csv").write_text("")
    assert Run(tmp_path).history == {}
