"""A table of the paper as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of LaTeX text.

    Parameters
    ----------
    caption : str
    columns : str
        Column types of the tabular.
    header : tuple of str
    rows : sequence of tuple of str
    long : bool
        Whether it may break over pages.
    """

    caption: str
    columns: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    long: bool = False

    def latex(self, name: str) -> str:
        """Return the table with the label ``tab:<name>``."""
        head = " & ".join(self.header) + r" \\"
        body = "\n".join(" & ".join(row) + r" \\" for row in self.rows)
        caption = rf"\caption{{{self.caption}}}\label{{tab:{name}}}"
        if not self.long:
            return (
                f"\\begin{{table}}[tb]\\centering\\small\n{caption}\n\\begin{{tabular}}{{@{{}}{self.columns}@{{}}}}\n"
                f"\\toprule\n{head}\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
            )
        width = len(self.header)
        return (
            f"{{\\footnotesize\n\\begin{{longtable}}{{@{{}}{self.columns}@{{}}}}\n{caption}\\\\\n"
            f"\\toprule\n{head}\n\\midrule\n\\endfirsthead\n\\toprule\n{head}\n\\midrule\n\\endhead\n"
            f"\\midrule\\multicolumn{{{width}}}{{r@{{}}}}{{continued}}\\\\\n\\endfoot\n\\bottomrule\n\\endlastfoot\n"
            f"{body}\n\\end{{longtable}}\n}}\n"
        )
