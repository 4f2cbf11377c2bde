"""Sphinx configuration of the book; `ratecheck book` builds it, and nothing is fetched from anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import ratecheck

sys.path.insert(0, str(Path(__file__).parent))

project = "ratecheck"
author = "The ratecheck authors"
project_copyright = author
version = release = ratecheck.__version__
language = "en"
root_doc = "index"
exclude_patterns = [
    "playground",
    "images",
    "_build",
    "_static",
    "extra",
    "lessons/board.py",
    "conf.py",
    "notebooks.py",
    "reference.py",
    "rst.py",
    "**/__pycache__",
]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".py": "myst-nb"}
default_role = "code"
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 2

nb_custom_formats = {".py": "notebooks.read"}
nb_execution_mode = os.environ.get("RATECHECK_BOOK_EXECUTION", "force")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_code_prompt_show = "Show the solution"
nb_code_prompt_hide = "Hide the solution"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False  # else every word of a type is looked up as a name: "(samples, d) array"

# MathJax 3 in one file: version 4, the default of Sphinx 9, loads fonts from the network.
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_theme = "furo"
html_title = "ratecheck"
html_static_path = ["_static"]
html_extra_path = ["extra"]  # the playground, which `setup` writes
html_css_files = ["book.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None


def setup(app: Any) -> None:
    """Write the reference pages and the playground before Sphinx looks for pages."""
    import reference

    def escape(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
        lines[:] = reference.without_bars(lines)

    # Before napoleon, which reads the same lines.
    app.connect("autodoc-process-docstring", escape, priority=100)
    from ratecheck.experiments.cli.playground import page

    extra = Path(app.srcdir) / "extra"
    extra.mkdir(exist_ok=True)
    (extra / "playground.html").write_text(page(), encoding="utf-8")
    results = os.environ.get("RATECHECK_BOOK_RESULTS", "")
    reference.write(Path(app.srcdir) / "reference", Path(results) if results else None)
