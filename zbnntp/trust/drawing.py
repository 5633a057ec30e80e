"""The graph drawn for the eye: GraphML for other programs, SVG for a browser. Slow to load: networkx.

Who is nearest in trust is drawn, with the ratings among them. A circle is a person: the bigger, the more his judgement
counts; a line is trust handed on, from the thin end to the dot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO

import networkx

from zbnntp.model.keys import Identity
from zbnntp.model.views import Level
from zbnntp.trust.export import as_networkx
from zbnntp.trust.graph import Graph
from zbnntp.trust.policy import NOTHING, State
from zbnntp.trust.ranking import Ranking

SVG_PEOPLE = 400  # more cannot be told apart
SIZE, MARGIN = 1000, 60
COLOURS = {Level.FULL: "#2a7", Level.LIMITED: "#db3", Level.HIDDEN: "#c55"}
NOT_FETCHED = "#bbb"


def neighbourhood(
    graph: Graph,
    root: Identity,
    ranking: Ranking,
    states: Mapping[Identity, State],
    name: Callable[[Identity], str],
    people: int,
) -> networkx.DiGraph:
    """The root and so many people, those whom he rated and those with most trust first; nodes have their trust."""
    own = graph.ratings(root)

    def order(identity: Identity) -> tuple[bool, float, Identity]:
        return identity not in own, -max(ranking.tlt.get(identity, 0.0), ranking.mt.get(identity, 0.0)), identity

    others = sorted((it for it in graph.identities() if it != root), key=order)[:people]
    shown = networkx.DiGraph()
    whole = as_networkx(graph)
    for identity in (root, *others):
        state = states.get(identity, NOTHING)
        trust = {"tlt": ranking.tlt.get(identity, 0.0), "mt": ranking.mt.get(identity, 0.0)}
        shown.add_node(identity, name=name(identity), fetch=state.fetch, level=state.level.name.lower(), **trust)
    edges = whole.subgraph([root, *others]).edges(data=True)
    shown.add_edges_from(sorted(edges, key=lambda edge: edge[:2]))
    return shown


def graphml(shown: networkx.DiGraph) -> str:
    """For Gephi, yEd, Cytoscape and the like; people are known by name."""
    named = networkx.relabel_nodes(shown, {it: f"n{number}" for number, it in enumerate(shown)})
    file = BytesIO()
    networkx.write_graphml_xml(named, file, encoding="utf-8", prettyprint=True)
    return file.getvalue().decode()


def svg(shown: networkx.DiGraph, root: Identity) -> str:
    """A drawing for any browser; the same people give the same drawing."""
    near = networkx.Graph()
    near.add_nodes_from(shown)
    near.add_weighted_edges_from((u, v, 0.1 + data["weight"]) for u, v, data in shown.edges(data=True))
    places = networkx.spring_layout(near, seed=1, k=2.0 / max(1, len(near)) ** 0.5, iterations=100)
    half = (SIZE - 2 * MARGIN) / 2
    at = {it: (MARGIN + half * (1 + x), MARGIN + half * (1 + y)) for it, (x, y) in places.items()}
    lines = [_line(at[u], at[v], data) for u, v, data in shown.edges(data=True)]
    people = [_person(at[it], data, it == root) for it, data in shown.nodes(data=True)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" font-family="sans-serif">'
    back = f'<rect width="{SIZE}" height="{SIZE}" fill="white"/>'
    return "\n".join([head, "<title>Trust</title>", back, *lines, *people, "</svg>", ""])


def _line(start: tuple[float, float], end: tuple[float, float], data: Mapping[str, float]) -> str:
    """Trust handed on; a bare negative vote is red, any other bare vote is dotted."""
    (x1, y1), (x2, y2) = start, end
    tip = (x1 + 0.88 * (x2 - x1), y1 + 0.88 * (y2 - y1))
    colour = "#c33" if data["vote"] < 0 else "#468"
    dots = "" if data["weight"] > 0 or data["vote"] < 0 else ' stroke-dasharray="2 4"'
    width = 0.5 + 4 * data["weight"]
    line = f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{width:.2f}"{dots}/>'
    dot = f'<circle cx="{tip[0]:.1f}" cy="{tip[1]:.1f}" r="{1 + width:.2f}" fill="{colour}" stroke="none"/>'
    return f'<g stroke="{colour}" stroke-opacity="0.45" fill-opacity="0.6">{line}{dot}</g>'


def _person(at: tuple[float, float], data: Mapping[str, object], root: bool) -> str:
    tlt, mt, level = float(str(data["tlt"])), float(str(data["mt"])), str(data["level"])
    colour = "#246" if root else COLOURS[Level[level.upper()]] if data["fetch"] else NOT_FETCHED
    name, radius = escape(_printable(str(data["name"]))), 5 + 14 * tlt**0.5
    said = f"{name}: trust in judgement {100 * tlt:.4g}, in posts {100 * mt:.4g}, {level}"
    return (
        f'<g><title>{said}</title><circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:.1f}" fill="{colour}"/>'
        f'<text x="{at[0]:.1f}" y="{at[1] + radius + 12:.1f}" font-size="12" text-anchor="middle">{name}</text></g>'
    )


def _printable(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(it if it.isprintable() else "\N{REPLACEMENT CHARACTER}" for it in text)
