"""A thousand ways to type something wrong: each ends with exit status 2 and a sentence, none with a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glasswright.protocols.settings import QuenchSettings

MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def refused(result) -> None:
    """Exit status 2, a message on stderr, nothing on stdout, no traceback."""
    assert result.exit_code == 2, (result.exit_code, result.stderr, result.exception)
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr
    assert not result.stdout.strip()


# Compositions

CATIONS = st.sampled_from(["Si", "Na", "Ca", "Al", "B", "Ge", "K", "Mg"])
AMOUNT = st.floats(0.1, 100).map(lambda x: f"{x:.4g}")


@MANY
@given(st.text(st.characters(exclude_characters="-", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
@example("x" * 5000)
@example("SiO2" * 200)
@example("1.5SiO2 " * 60)
@example("١٢SiO2")
@example("1e999SiO2")
@example("[bold]SiO2[/]")
@example("[/]")
@example(".")
def test_random_text_is_no_composition_or_a_possible_one(glasswright, text: str) -> None:
    result = glasswright("quench", "--atoms", "300", "--dry-run", "--", text)
    if result.exit_code != 0:
        refused(result)


@MANY
@given(st.data())
def test_malformed_compositions(glasswright, data) -> None:
    cation, amount = data.draw(CATIONS), data.draw(AMOUNT)
    text = data.draw(
        st.sampled_from(
            [
                f"{amount}{cation}O7-70SiO2",  # no such oxide
                f"{amount}Zz2O-70SiO2",  # no such element
                f"{amount}{cation}2Oo-70SiO2",
                f"-{amount}Na2O-70SiO2",
                f"{amount}Na2O-70",  # an amount of nothing
                f"{amount}-SiO2--",
                "0SiO2",
                f"0Na2O-0{cation}2O3",
                f"nan{cation}O2",
                f"{amount}Na2O-inf SiO2",
                f"{amount}Na2O-70SiO2 vol%",
                f"{amount}Na2O*70SiO2",
                f"{amount}Na2O",  # nothing that forms a network
                f"{amount}Na2O-30CaO",
                f"({cation}O2",
                f"{amount}{amount}..2Na2O-SiO2",
                f"{cation.lower()}o2 70",
                f"SiO2 {amount} kg",
                "" if amount < "5" else " ",
            ]
        )
    )
    refused(glasswright("quench", "--atoms", "300", "--dry-run", "--", text))


# Config files

TIMES = (
    *("push_off_time", "melt_time", "melt_time_max", "relax_time", "relax_time_max", "sample_time", "drift_time"),
    *("timestep", "thermostat_damping", "barostat_damping"),
)
WHOLE = ("n_atoms", "sample_frames", "path_frames", "replicas", "threads", "seed", "checkpoint_steps")
NUMBERS = {
    **dict.fromkeys(TIMES, ('"5 K"', '"5 parsec"', '"-1 ps"', "-1")),
    **dict.fromkeys(("melt_temperature", "final_temperature", "temperature_step"), ('"300 C"', '"-300 K"', "-300", "0", '"27 °C"', '"300 K/ps"')),
    **dict.fromkeys(("melt_pressure", "final_pressure"), ('"1 K"', '"1 PSI"')),
    "density": ('"2.2 g/cm"', '"-2.2 g/cm3"', "0", '"2,2 g/cm3"'),
    "rate": ('"10 K"', '"-10 K/ps"', "0", '"10 K/parsec"', '"10 ps/K"'),
    **dict.fromkeys(WHOLE, ("1.5", "-1", '"many"', "3e2")),
    **dict.fromkeys(("accuracy", "drift_bound"), ("0", "1", "-1e-5", '"1e-5"')),
    "program": ('"fast"', "[]", "[300]", '[["300 K"]]', '[["300 K", "0 ps"]]', '[["-1 K", "1 ps"]]', "[[300, 1, 2]]", "[[nan, 1]]"),
    **dict.fromkeys(("ensemble", "cell", "coulomb", "kspace", "precision", "thermostat"), ('"nph"', "1", '"NPT "')),
    **dict.fromkeys(("forcefield", "engine", "command", "composition", "types"), ("1", '""', '"no such thing"')),
}
NEVER = ("nan", "inf", "-inf", "true", "[]", "{}", "{a = 1}", "1979-05-27", '[[["deep"]]]', "1" + "0" * 400)
"""Values that no setting accepts."""


KEYS = st.from_regex(r"[A-Za-z_][A-Za-z_0-9-]{0,15}", fullmatch=True)


def config(folder: Path, content: str | bytes) -> str:
    path = folder / "quench.toml"
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize("key", sorted(NUMBERS))
def test_wrong_values_of_every_setting(glasswright, key: str, tmp_path) -> None:
    base = "" if key == "composition" else 'composition = "SiO2"\n'
    for literal in (*NUMBERS[key], *NEVER):
        if key == "command" and literal == '"no such thing"':
            continue  # a command is judged when it runs
        refused(glasswright("quench", "--dry-run", "--config", config(tmp_path, f"{base}{key} = {literal}\n")))


def test_every_setting_is_tried() -> None:
    assert set(NUMBERS) == {*QuenchSettings.__dataclass_fields__}


@MANY
@given(st.binary(min_size=1, max_size=300))
@example(b"\xff\xfecomposition")
@example(b"seed = 1" + b"0" * 5000)
@example(b"a = " + b"[" * 3000)
def test_binary_config_files(glasswright, tmp_path, content: bytes) -> None:
    refused(glasswright("quench", "--dry-run", "--config", config(tmp_path, content)))


@MANY
@given(st.lists(st.tuples(KEYS, st.sampled_from((*NEVER, "1", '"x"', "-3.5"))), min_size=1, max_size=4))
def test_unknown_keys_and_nested_tables(glasswright, tmp_path, pairs: list[tuple[str, str]]) -> None:
    lines = [f"{key}_ = {literal}" for key, literal in pairs]
    refused(glasswright("quench", "--dry-run", "--config", config(tmp_path, "\n".join(['composition = "SiO2"', *lines]))))
    refused(glasswright("quench", "--dry-run", "--config", config(tmp_path, "\n".join(['composition = "SiO2"', "[settings]", *lines]))))


@MANY
@given(st.sampled_from(sorted({*NUMBERS} - {"composition"})), st.sampled_from(NEVER))
def test_wrong_words(glasswright, key: str, literal: str) -> None:
    refused(glasswright("quench", "SiO2", f"{key}={literal}", "--dry-run"))


@pytest.mark.parametrize(
    "words",
    [
        ["quench"],
        ["quench", "SiO2", "--atoms", "many"],
        ["quench", "SiO2", "--atoms", "-3"],
        ["quench", "SiO2", "--seed"],
        ["quench", "SiO2", "--no-such-option"],
        ["quench", "SiO2", "--config", "/no/such/file.toml"],
        ["quench", "SiO2", "--config", "."],
        ["quench", "SiO2", "atms=300"],
        ["quench", "SiO2", "composition=B2O3"],
        ["resume", "/no/such/run"],
        ["resume"],
        ["report", "."],
        ["analyze", "/no/such/file.xyz"],
        ["analyze", "."],
        ["analyze", "pyproject.toml"],
        ["analyze", ".", "--types", "Si,O"],
        ["compare", "."],
        ["compare", ".", "pyproject.toml"],
        ["compare", "/no/such/glass.xyz", "geo2-70ge"],
        ["compare", ".", "geo2-70ge", "--kind", "S(Q)"],
        ["forcefields", "show", "no-such-field"],
        ["forcefields", "plot", "no-such-field"],
        ["forcefields", "show", "pyproject.toml"],
        ["no-such-verb"],
    ],
)
def test_other_verbs(glasswright, words: list[str]) -> None:
    refused(glasswright(*words))


@pytest.mark.parametrize("words", [["quench", "SiO3", "--dry-run"], ["quench", b"\xff\xfe", "--dry-run"], ["quench", "SiO2", "rate=nan", "--dry-run"]])
def test_in_a_process_of_its_own(words: list[str | bytes]) -> None:
    done = subprocess.run([sys.executable, "-m", "glasswright", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


def test_an_existing_directory_is_not_overwritten(glasswright, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = glasswright("quench", "SiO2", "--atoms", "300", "--forcefield", "bks", "--out", str(tmp_path))
    refused(result)
    assert (tmp_path / "notes.txt").read_text() == "mine"
