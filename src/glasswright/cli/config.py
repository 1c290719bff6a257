"""From a TOML file, ``key=value`` words and options to settings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..protocols.settings import QuenchSettings

_OVERRIDE = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)\s*=(.*)", re.DOTALL)


def quench_settings(words: Sequence[str], config: Path | None, options: Mapping[str, object]) -> QuenchSettings:
    """Settings from what was typed; an option wins over ``key=value``, which wins over the file.

    Parameters
    ----------
    words
        The words of the composition, and ``key=value`` pairs.
    config
        TOML file whose keys are the fields of ``QuenchSettings``.
    options
        Field → value of the options typed; None where an option was not typed.

    Raises
    ------
    InputError
        If the file cannot be read, a key is unknown or a value is not possible.
    """
    from ..protocols.settings import QuenchSettings

    values: dict[str, Any] = read_config(config) if config else {}
    spoken = [word for word in words if not _OVERRIDE.fullmatch(word)]
    typed = typed_values([word for word in words if _OVERRIDE.fullmatch(word)])
    if spoken and "composition" in typed:
        raise InputError("The composition is given twice.", mend="Type it once.")
    if spoken:
        typed["composition"] = " ".join(spoken)
    values |= typed | {key: value for key, value in options.items() if value is not None}
    if "composition" not in values:
        raise InputError("No composition is given.", mend="Type it after the verb: `glasswright quench SiO2`.")
    return QuenchSettings.from_mapping(values)


def typed_values(words: Sequence[str]) -> dict[str, Any]:
    """Keys and values of ``key=value`` words.

    Raises
    ------
    InputError
        If a word is none.
    """
    pairs = [(word, _OVERRIDE.fullmatch(word)) for word in words]
    wrong = [word for word, found in pairs if found is None]
    if wrong:
        raise InputError(f"{wrong[0]!r} is not understood.", mend="Options begin with --; settings are typed like moves=2000.")
    return {found[1]: _value(found[2]) for _, found in pairs if found}


def read_config(path: Path) -> dict[str, Any]:
    """The keys of a TOML file."""
    from ..library.toml_table import read_toml

    return read_toml(
        path,
        "config file",
        unread="Check the path given to --config.",
        binary="Write it as TOML: key = value, one per line.",
        invalid='Texts need quotes: rate = "10 K/ps".',
    )


def _value(text: str) -> object:
    """A TOML value where the text is one, else the text itself: shells eat quotes."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text
