"""Reads a lesson, a Python script in percent format, as a notebook."""

from __future__ import annotations

import ast
import re
from typing import Any

import jupytext
import nbformat

# Only what is printed or drawn is shown: the value of a last line holds addresses of memory.
_QUIET = "get_ipython().ast_node_interactivity = 'none'"


def read(text: str) -> Any:
    """Return the notebook of a script; its cells are Python, whether they are executed or not."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "python"}
    quiet = nbformat.v4.new_code_cell(_QUIET, metadata={"tags": ["remove-cell"]}, id="quiet")
    notebook.cells.insert(1, quiet)  # after the title, which must come first
    for cell in notebook.cells:
        if cell.cell_type == "code" and (text := described(cell.source)):
            cell.metadata.setdefault("mystnb", {})["image"] = {"alt": text}
    return notebook


def described(source: str) -> str:
    """Return in words what a cell draws, from its titles, labels and legends; nothing if it draws nothing."""
    words: dict[str, list[str]] = {"title": [], "xlabel": [], "ylabel": [], "label": []}
    draws = False
    for node in ast.walk(ast.parse(re.sub(r"(?m)^[%!].*", "", source))):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        draws |= name == "board.picture"
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        if name.endswith((".set_title", ".set_xlabel", ".set_ylabel")) and node.args:
            named[name.rpartition("set_")[2]] = node.args[0]
        for key in words:
            if key in named and (text := _text(named[key])) not in ("", *words[key]):
                words[key].append(text)
    if not draws:
        return ""
    parts = [f"Plot: {'; '.join(words['title'])}" if words["title"] else "Plot"]
    parts += [f"{' and '.join(words['ylabel'])} against {' and '.join(words['xlabel'])}"] if words["xlabel"] else []
    parts += [f"lines: {', '.join(words['label'])}"] if words["label"] else []
    return ". ".join(part[0].upper() + part[1:] for part in parts if part.strip()) + "."


def _text(node: ast.expr) -> str:
    """Return the words of a literal, those that are computed left out, without the signs of LaTeX."""
    if isinstance(node, ast.JoinedStr):
        return _plain(
            "".join(
                str(one.value) if isinstance(one, ast.Constant) else "\N{HORIZONTAL ELLIPSIS}" for one in node.values
            )
        )
    return _plain(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _plain(text: str) -> str:
    text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text.replace("$", ""))
    return " ".join(re.sub(r"\\([a-z]+)", r"\1", text).replace("{", "").replace("}", "").split())
