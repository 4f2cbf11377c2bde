"""Pieces of reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def plain(text: str) -> str:
    """Return text that reStructuredText shows as it is."""
    return re.sub(r"([\\*`|_<>])", r"\\\1", " ".join(text.split()))


def without_bars(lines: Sequence[str]) -> list[str]:
    """Return the lines of a docstring with every bar escaped that is not in code or mathematics: ``|x|`` is no role."""
    result, math_indent = [], -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if math_indent >= 0 and line.strip() and indent <= math_indent:
            math_indent = -1
        if line.lstrip().startswith(".. math::"):
            math_indent = indent
        if math_indent < 0:
            parts = re.split(r"(`[^`]*`)", line)
            parts[::2] = [re.sub(r"(?<!\\)\|", r"\\|", part) for part in parts[::2]]
            line = "".join(parts)
        result.append(line)
    return result


def anchor(kind: str, name: str) -> str:
    """Return the label of an entry."""
    return f"{kind}-{re.sub(r'[^a-z0-9.]+', '-', name.lower())}"


def title(text: str, line: str = "=") -> str:
    """Return a heading with its line."""
    return f"{text}\n{line * max(len(text), 4)}\n\n"


def toctree(names: Sequence[str]) -> str:
    """Return a contents directive."""
    return ".. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {name}\n" for name in names) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with a head row."""
    text = ".. list-table::\n   :header-rows: 1\n\n"
    for row in (head, *rows):
        text += "".join(f"   {'*' if i == 0 else ' '} - {cell}\n" for i, cell in enumerate(row))
    return text + "\n"


def fields(rows: dict[str, str]) -> str:
    """Return a field list without the empty ones."""
    return "".join(f":{name}: {text}\n" for name, text in rows.items() if text) + "\n"
