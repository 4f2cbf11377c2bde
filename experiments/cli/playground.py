"""``ratecheck playground``: the teaching page as one file that opens from disk."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from pathlib import Path
from typing import Any

from ratecheck.theory.errors import InputError

SOURCES = Path(__file__).resolve().parents[2] / "docs" / "playground"
# What is imported comes before what imports it.
ORDER = (
    "vectors", "random", "schedules", "methods_gradient", "methods_adaptive", "methods_sign", "methods_wrappers",
    "catalogue", "problems", "online", "bounds", "run", "axes", "charts", "controls", "python_code", "page_bench",
    "page_noise", "page_ravine", "page_adam", "page_decay", "page_groups", "page_counter", "main",
)  # fmt: skip
IMPORT = re.compile(r"^import .*?;\n", flags=re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|function) (\w+))", flags=re.MULTILINE)


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser("playground", help="write the interactive page, one file")
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("reports/playground.html"),
        metavar="FILE",
        help="where it goes (default: reports/playground.html)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    write_whole(options.to, page())
    print(options.to)
    return 0


def page(sources: Path = SOURCES) -> str:
    """Return the page with its style and its scripts inside.

    Raises
    ------
    InputError
        If the sources are not there, as in a wheel.
    """
    shell = sources / "page.html"
    if not shell.is_file():
        raise InputError(
            f"the sources of the playground are not at {sources}, since an installed package comes without docs/; "
            "run the command from a checkout installed with `pip install -e .`."
        )
    script = "\n".join(_inlined((sources / "js" / f"{name}.js").read_text(encoding="utf-8")) for name in ORDER)
    style = (sources / "style.css").read_text(encoding="utf-8").strip()
    text = shell.read_text(encoding="utf-8")
    return text.replace("/* STYLE */", style).replace("/* SCRIPT */", f"(() => {{\n{script}\n}})();")


def _inlined(module: str) -> str:
    """Return a module as a function called at once, whose exports alone are seen by the modules after it."""
    names = ", ".join(EXPORT.findall(module))
    body = EXPORT.sub("", IMPORT.sub("", module)).strip()
    return f"const {{ {names} }} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();"


def write_whole(path: Path, text: str) -> None:
    """Write the file as a whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        reason = error.strerror or str(error)
        raise InputError(f"{path} cannot be written ({reason}); name a file in a folder you may write to.") from None
