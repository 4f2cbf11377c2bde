"""Reads a lesson, a Python script in percent format, as a notebook."""

from __future__ import annotations

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
    return notebook
