"""However a force-field file is broken, the answer is an InputError or a force field: never a traceback of another kind."""

import copy
import tomllib
from importlib.resources import files

import numpy as np
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from glasswright.errors import InputError
from glasswright.forms.tabulate import short_range
from glasswright.library.forcefield_reader import parse_forcefield

FOLDER = files("glasswright.library")
EXAMPLES = ("examples/forcefield.toml", "examples/stillinger_weber.toml", "forcefields/shik.toml", "forcefields/munetoh.toml", "forcefields/cleri-rosato.toml")
TEXTS = [FOLDER.joinpath(*name.split("/")).read_text("utf-8") for name in EXAMPLES]
JUNK = st.one_of(
    st.none().map(lambda _: float("nan")),
    st.floats(),
    st.integers(-(10**400), 10**400),
    st.booleans(),
    st.text(max_size=5),
    st.dates(),
    st.lists(st.one_of(st.text(max_size=3), st.floats(allow_nan=False)), max_size=3),
    st.dictionaries(st.text(min_size=1, max_size=4), st.floats(allow_nan=False), max_size=3),
)


def parses_or_refuses(data: bytes) -> None:
    try:
        forcefield = parse_forcefield(data, "mine.toml")
    except InputError as error:
        assert "mine.toml" in str(error)
        return
    for term in forcefield.pairs.values():
        assert np.all(np.isfinite(short_range(term, np.linspace(0.3, 8.0, 20))))
    for angle in forcefield.triplets.values():
        assert np.all(np.isfinite(list(angle.parameters.values())))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), original=st.sampled_from([tomllib.loads(text) for text in TEXTS]))
def test_mutated_values_and_keys(data: st.DataObject, original: dict[str, object]) -> None:
    document = copy.deepcopy(original)
    place = document
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [v for v in place.values() if isinstance(v, dict) and v]
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
    key = data.draw(st.sampled_from(sorted(place)))
    action = data.draw(st.sampled_from(["drop", "replace", "rename"]))
    value = place.pop(key)
    if action == "replace":
        place[key] = data.draw(JUNK)
    elif action == "rename":
        place[data.draw(st.text(min_size=1, max_size=6))] = value
    try:
        broken = tomlkit.dumps(document).encode("utf-8", "surrogatepass")
    except (ValueError, TypeError):
        return
    parses_or_refuses(broken)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), text=st.sampled_from(TEXTS))
def test_mutated_bytes(data: st.DataObject, text: str) -> None:
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    parses_or_refuses(bytes(raw))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    parses_or_refuses(raw)
