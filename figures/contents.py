"""The page that shows the drawn figures as thumbnails, beside them in their folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure on the page.

    Parameters
    ----------
    name, title : str
    text : str
        Caption, or why it is not drawn.
    stems : tuple of pairs of str
        File name of each of its pages, without suffix, and what the page shows in words; none if it is not drawn.
    """

    name: str
    title: str
    text: str
    stems: tuple[tuple[str, str], ...]


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 84rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
section { margin: 0 0 2.5rem; }
h2 { margin: 0; font-size: 1.15rem; }
p { max-width: 50rem; }
ul { padding: 0; list-style: none; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
img { width: 100%; height: 15rem; object-fit: contain; background: white;
  border: 1px solid #8886; border-radius: .4rem; }
.missing { color: #b84e00; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e8e8e8; } a { color: #6cbcf0; }
  .missing { color: #ff9a56; } }
"""


def contents_page(figures: Sequence[Shown], out: Path) -> Path:
    """Write ``index.html`` into the folder of the figures and return its path.

    Parameters
    ----------
    figures : sequence of Shown
    out : Path

    Raises
    ------
    InputError
        If it cannot be written.
    """
    page = out / "index.html"
    body = "\n".join(_section(figure) for figure in figures)
    text = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>ratecheck: figures</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>Figures</h1>\n{body}\n</body></html>\n"
    )
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{page} cannot be written ({error.strerror}); name another folder with --to.") from error
    return page


def _section(figure: Shown) -> str:
    title, text = escape(figure.title), escape(figure.text)
    if not figure.stems:
        return f'<section id="{escape(figure.name)}"><h2>{title}</h2><p class="missing">Not drawn: {text}</p></section>'
    items = "".join(_thumbnail(escape(stem, quote=True), escape(words, quote=True)) for stem, words in figure.stems)
    return f'<section id="{escape(figure.name)}"><h2>{title}</h2><p>{text}</p><ul>{items}</ul></section>'


def _thumbnail(stem: str, words: str) -> str:
    links = ", ".join(f'<a href="{stem}.{suffix}">{suffix.upper()}</a>' for suffix in ("pdf", "svg", "png"))
    picture = f'<a href="{stem}.svg"><img loading="lazy" src="{stem}.png" alt="{words}"></a>'
    return f"<li>{picture}<br>{stem}: {links}</li>"
