"""Plots as Altair charts: live in the explorer, SVG text in reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import altair

from fallow.topics import TopicTree

HEAT = ["#dfe7ef", "#9fc3d6", "#f2c879", "#d1603d"]
"""Pale where nothing was found to warm where a niche scores high; distinguishable without colour vision."""

MOST_POINTS = 3000
"""Papers above which the map shows subfields only: dots would be a grey cloud and a heavy page."""


def map_chart(
    tree: TopicTree,
    scores: Mapping[int, float],
    *,
    width: int | Literal["container"] = 640,
    height: int = 460,
) -> altair.Chart:
    """The map of the field: a circle a subfield (area: papers, colour: niche score), names of directions.

    scores: topic id -> niche score in [0, 1].
    """
    parents = {topic.id: topic for topic in tree.topics if topic.level == 0}
    subfields = [
        {
            "topic": topic.id,
            "subfield": topic.label,
            "direction": parents[topic.parent].label if topic.parent in parents else "",
            "papers": topic.size,
            "x": topic.x,
            "y": topic.y,
            "niche score": round(scores.get(topic.id, 0.0), 3),
        }
        for topic in tree.topics
        if topic.level == 1
    ]
    names = [{"direction": t.label.split(", "), "x": t.x, "y": t.y} for t in parents.values()]
    x = altair.X("x:Q", axis=None, scale=altair.Scale(zero=False, padding=70))
    y = altair.Y("y:Q", axis=None, scale=altair.Scale(zero=False, padding=30))
    dots = (
        altair.Chart(_rows(_paper_points(tree)))
        .mark_circle(size=5, color="#8794a0", opacity=0.55, tooltip=None)
        .encode(x=x, y=y)
    )
    pick = altair.selection_point(fields=["topic"], name="pick")
    circles = (
        altair.Chart(_rows(subfields))
        .mark_circle(stroke="#44505c", strokeWidth=0.6)
        .encode(
            x=x,
            y=y,
            size=altair.Size("papers:Q", legend=None, scale=altair.Scale(range=[30, 900])),
            color=altair.Color(
                "niche score:Q",
                scale=altair.Scale(range=HEAT, interpolate="rgb"),
                legend=altair.Legend(orient="bottom"),
            ),
            opacity=altair.condition(pick, altair.value(0.95), altair.value(0.35)),
            tooltip=["subfield:N", "direction:N", "papers:Q", "niche score:Q"],
        )
        .add_params(pick)
    )
    labels = (
        altair.Chart(_rows(names))
        .mark_text(
            fontSize=11,
            fontWeight="bold",
            color="#1d2730",
            stroke="white",
            strokeWidth=3,
            limit=220,
            lineHeight=13,
        )
        .encode(x=x, y=y, text="direction:N")
    )
    inked = (
        altair.Chart(_rows(names))
        .mark_text(fontSize=11, fontWeight="bold", color="#1d2730", limit=220, lineHeight=13)
        .encode(x=x, y=y, text="direction:N")
    )
    return _styled(altair.layer(dots, circles, labels, inked).properties(width=width, height=height))


def _paper_points(tree: TopicTree) -> list[dict[str, Any]]:
    if len(tree.places) > MOST_POINTS:
        return []
    return [{"x": place.x, "y": place.y} for place in tree.places.values()]


def years_chart(years: Mapping[int, int], *, width: int = 640, height: int = 130) -> altair.Chart:
    """Papers of the library by year; years without papers keep their place."""
    span = range(min(years), max(years) + 1)
    rows = [{"year": str(year), "papers": years.get(year, 0)} for year in span]
    chart = (
        altair.Chart(_rows(rows))
        .mark_bar(color="#5b8aa6")
        .encode(
            x=altair.X("year:O", title=None, axis=altair.Axis(labelOverlap=True, labelAngle=0)),
            y=altair.Y("papers:Q", title="papers", axis=altair.Axis(tickCount=4, tickMinStep=1)),
            tooltip=["year:O", "papers:Q"],
        )
        .properties(width=width, height=height)
    )
    return _styled(chart)


def _rows(values: list[dict[str, Any]]) -> altair.Data:
    return altair.Data(values=values)  # type: ignore[no-untyped-call]


def _styled(chart: Any) -> altair.Chart:
    styled: altair.Chart = (
        # `configure` replaces what was configured before: it comes first.
        chart.configure(font="system-ui, sans-serif", background="transparent")
        .configure_view(stroke=None)
        .configure_axis(grid=False, domainColor="#9aa5b1", tickColor="#9aa5b1", labelColor="#44505c")
    )
    return styled


def svg(chart: altair.Chart) -> str:
    """The chart as SVG text; made in the process, without a browser or a network."""
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(chart.to_json(), allowed_base_urls=[])
    return text
