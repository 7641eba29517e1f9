"""How library text reaches a page: escaped, quoted, and linked to the paper it comes from."""

from __future__ import annotations

import re

import streamlit

from fallow.evidence import MARKS, Teller, source_of
from fallow_ingest.catalog import StoredPaper

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|$<>~:&^=\"'@/])")


def md(text: str) -> str:
    """Text that a page shows as it is: no markup, link, image or formula in it takes effect.

    >>> print(md("![x](http://e.vil) $a$ :red[b]"))
    \\!\\[x\\]\\(http\\:\\/\\/e\\.vil\\) \\$a\\$ \\:red\\[b\\]
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def paper_link(paper: StoredPaper, *, key: str = "") -> None:
    """A link to the paper's own page in the explorer."""
    streamlit.page_link(
        streamlit.session_state["pages"]["paper"],
        label=md(f"{paper.title}, {paper.citation}"),
        query_params={"id": paper.key},
    )


def quote(text: str, origin: Teller, paper: StoredPaper | None = None) -> None:
    """A verbatim quote, marked where the words are not the authors', with the paper it is from or about."""
    mark = f" :gray-badge[{MARKS[origin]}]" if MARKS[origin] else ""
    streamlit.markdown(f"> “{md(text)}”{mark}")
    if paper is not None:
        if origin == "reviewer":
            streamlit.caption(md(source_of(paper, origin)))
        paper_link(paper)
