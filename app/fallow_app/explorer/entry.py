"""What `streamlit run` is given: the navigation, and one sentence where a page meets an error."""

from __future__ import annotations

from collections.abc import Callable

import streamlit

from fallow_app.explorer import session
from fallow_app.explorer.shown import md
from fallow_app.explorer.views import field_map, idea_board, need_list, niche_list, novelty_check, paper_page
from fallow_ingest.errors import FallowError
from fallow_ingest.health import services_health

# (address, title, icon, page). A string here instead of a comment would be drawn on every page.
PAGES: tuple[tuple[str, str, str, Callable[[], None]], ...] = (
    ("map", "Map", "map", field_map.show),
    ("niches", "Niches", "landscape", niche_list.show),
    ("limitations", "Limitations", "warning", need_list.show),
    ("ideas", "Ideas", "lightbulb", idea_board.show),
    ("novelty", "Novelty check", "fact_check", novelty_check.show),
    ("paper", "Paper", "article", paper_page.show),
)


# Drawn here, because an emoji or icon name would be fetched from somebody's server.
SEEDLING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<path d="M16 30V14M16 18C9 18 5 14 5 7c7 0 11 4 11 11z'
    'M16 14c0-6 4-10 11-10 0 6-4 10-11 10z" fill="#5b9a62" stroke="#3b6b42" stroke-width="2"/></svg>'
)


def _guarded(show: Callable[[], None]) -> Callable[[], None]:
    def page() -> None:
        try:
            show()
        except FallowError as error:
            streamlit.error(md(str(error)))

    return page


def _tell_what_was_read() -> None:
    """The sidebar's foot: how much was read, from where, and what is missing."""
    try:
        catalog = session.catalog()
    except FallowError:
        return  # the page itself tells
    with streamlit.sidebar:
        streamlit.caption(f"{catalog.count():,} papers in {md(str(catalog.library))}")
        for health in services_health(catalog):
            mark = "" if health.sound else ":material/warning: "
            streamlit.caption(f"{mark}{md(health.told())}")


def run() -> None:
    """Lay out the navigation and show the page that was asked for."""
    streamlit.set_page_config(page_title="fallow", page_icon=SEEDLING, layout="wide")
    pages = [
        streamlit.Page(
            _guarded(show), title=title, url_path=path, icon=f":material/{icon}:", default=path == "map"
        )
        for path, title, icon, show in PAGES
    ]
    streamlit.session_state["pages"] = {page.url_path or "map": page for page in pages}
    chosen = streamlit.navigation(pages)
    _tell_what_was_read()
    chosen.run()


if __name__ == "__main__":
    run()
