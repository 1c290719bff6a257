"""The frame of every page: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from .html import formula
from .palette import theme

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""Content security policy: whatever ends up in the page, the browser fetches nothing for it."""


@dataclass(frozen=True)
class Part:
    """A section of a page."""

    anchor: str
    heading: str
    content: str
    """HTML."""


def page(title: str, top: str, parts: Sequence[Part], closing: str, version: str, *, viewer: bool = False) -> str:
    """The whole page.

    Parameters
    ----------
    title
        Text; a composition in it is set with its subscripts.
    top, closing
        HTML below the title and after the last part, which brings its own heading, ``Sources``.
    viewer
        Whether the 3-D viewer is in ``top``.
    """
    body = "".join(f'<section id="{part.anchor}"><h2>{part.heading}</h2>{part.content}</section>' for part in parts)
    places = [(part.anchor, part.heading) for part in parts] + ([("sources", "Sources")] if closing else [])
    navigation = "".join(f'<a href="#{anchor}">{heading}</a>' for anchor, heading in places)
    script = f"<script>{_asset('viewer.js')}</script>" if viewer else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>:root{{{theme(dark=False)}}}@media(prefers-color-scheme:dark){{:root{{{theme(dark=True)}}}}}
{_asset("report.css")}</style>
</head>
<body>
<header><h1>{formula(title)}</h1>{top}<nav>{navigation}</nav></header>
<main>{body}{closing}</main>
<footer>Written by glasswright {escape(version)}. This page is complete in itself and asks no server for anything.</footer>
{script}
</body>
</html>
"""


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
