"""Reads a lesson, a Python script in percent format, as a notebook."""

from __future__ import annotations

from typing import Any

import jupytext


def read(text: str) -> Any:
    """Return the notebook of a script; its cells are Python, whether they are executed or not."""
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["language_info"] = {"name": "python", "pygments_lexer": "python"}
    return notebook
