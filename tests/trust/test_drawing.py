"""The drawing, octet for octet but for where networkx puts people, and who is in it."""

from __future__ import annotations

import re
from dataclasses import replace

import networkx
import pytest

from tests.trust.worlds import who
from zbnntp.model.views import Level
from zbnntp.trust import drawing
from zbnntp.trust.drawing import graphml, neighbourhood, svg
from zbnntp.trust.graph import Records, make_graph
from zbnntp.trust.parameters import DEFAULTS
from zbnntp.trust.policy import State
from zbnntp.trust.ranking import rank
from zbnntp.trust.rows import Rating

YOU, ANNE, BERT, CARL, DORA, ERNA = map(who, ("you", "anne", "bert", "carl", "dora", "erna"))
NAMES = {YOU: "you", ANNE: "Anne <&> \u0007", BERT: "bert", CARL: "carl", DORA: "dora", ERNA: "erna"}
RATINGS = {
    YOU: [Rating(ANNE, 0.5, 0.64), Rating(BERT, -1.0, None), Rating(CARL, 0.5, None)],
    ANNE: [Rating(DORA, 0.5, 0.5), Rating(CARL, 0.25, None)],
    DORA: [Rating(ERNA, 1.0, 1.0)],
}
STATES = {
    YOU: State(fetch=True, level=Level.FULL),
    ANNE: State(fetch=True, level=Level.FULL),
    BERT: State(fetch=False, level=Level.HIDDEN),
    CARL: State(fetch=True, level=Level.HIDDEN),
    DORA: State(fetch=True, level=Level.LIMITED),
}


def drawn(people: int = 10) -> networkx.DiGraph:
    graph = make_graph(Records(RATINGS, {}, frozenset()), DEFAULTS)
    ranking = rank(graph, YOU, replace(DEFAULTS, decimals=6))
    return neighbourhood(graph, YOU, ranking, STATES, NAMES.__getitem__, people)


def test_who_is_in_it_comes_in_the_order_of_nearness():
    own = sorted([ANNE, BERT, CARL], key=lambda it: ({ANNE: -0.64, BERT: 0, CARL: -0.5}[it], it))
    assert list(drawn()) == [YOU, *own, DORA, ERNA]
    assert list(drawn(4)) == [YOU, *own, DORA]
    assert list(drawn(0)) == [YOU]


def test_people_have_their_trust_and_state():
    assert drawn().nodes[ANNE] == {
        "name": "Anne <&> \u0007",
        "fetch": True,
        "level": "full",
        "tlt": pytest.approx(0.64),
        "mt": pytest.approx(0.5),
    }
    assert drawn().nodes[ERNA]["level"] == State().level.name.lower()
    assert drawn().nodes[YOU]["tlt"] == drawn().nodes[YOU]["mt"] == 1.0


def test_ratings_among_those_in_it_are_in_it():
    edges = {(u, v): data for u, v, data in drawn(4).edges(data=True)}
    assert edges.keys() == {(YOU, ANNE), (YOU, BERT), (YOU, CARL), (ANNE, DORA), (ANNE, CARL)}
    assert list(edges) == [(u, v) for u in drawn(4) for v in sorted(edges_to for at, edges_to in edges if at == u)]
    assert edges[YOU, BERT]["vote"] == -1
    assert edges[YOU, ANNE]["weight"] == pytest.approx(0.64)


def test_graphml_knows_people_by_name():
    text = graphml(drawn(1))
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?>")
    assert text.count("\n") > 10
    read = networkx.parse_graphml(text.replace("\u0007", ""))
    assert list(read) == ["n0", "n1"]


def test_the_drawing(monkeypatch):
    asked = {}

    def layout(near, **given):
        asked.update(given, edges={frozenset(it[:2]): it[2]["weight"] for it in near.edges(data=True)}, all=set(near))
        return {YOU: (0.0, 0.0), ANNE: (-1.0, 0.5), BERT: (1.0, -1.0), CARL: (0.25, 1.0), DORA: (0.5, 0.5)}

    monkeypatch.setattr(drawing.networkx, "spring_layout", layout)
    text = svg(drawn(4), YOU)
    assert (asked["seed"], asked["k"], asked["iterations"]) == (1, pytest.approx(2 / 5**0.5), 100)
    assert asked["edges"][frozenset([YOU, ANNE])] == pytest.approx(0.74)
    assert asked["edges"][frozenset([YOU, BERT])] == pytest.approx(0.1)
    assert asked["all"] == {YOU, ANNE, BERT, CARL, DORA}
    head, title, back, *rest = text.split("\n")
    assert head == '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" font-family="sans-serif">'
    assert (title, back) == ("<title>Trust</title>", '<rect width="1000" height="1000" fill="white"/>')
    assert rest[-2:] == ["</svg>", ""]
    assert set(rest[:-2]) == set(LINES + PEOPLE)
    assert [it.startswith("<g><title>") for it in rest[:-2]] == [False] * 5 + [True] * 5


LINES = [
    '<g stroke="#468" stroke-opacity="0.45" fill-opacity="0.6">'
    '<line x1="500.0" y1="500.0" x2="60.0" y2="720.0" stroke-width="3.06"/>'
    '<circle cx="112.8" cy="693.6" r="4.06" fill="#468" stroke="none"/></g>',
    '<g stroke="#c33" stroke-opacity="0.45" fill-opacity="0.6">'
    '<line x1="500.0" y1="500.0" x2="940.0" y2="60.0" stroke-width="0.50"/>'
    '<circle cx="887.2" cy="112.8" r="1.50" fill="#c33" stroke="none"/></g>',
    '<g stroke="#468" stroke-opacity="0.45" fill-opacity="0.6">'
    '<line x1="500.0" y1="500.0" x2="610.0" y2="940.0" stroke-width="0.50" stroke-dasharray="2 4"/>'
    '<circle cx="596.8" cy="887.2" r="1.50" fill="#468" stroke="none"/></g>',
    '<g stroke="#468" stroke-opacity="0.45" fill-opacity="0.6">'
    '<line x1="60.0" y1="720.0" x2="720.0" y2="720.0" stroke-width="2.50"/>'
    '<circle cx="640.8" cy="720.0" r="3.50" fill="#468" stroke="none"/></g>',
    '<g stroke="#468" stroke-opacity="0.45" fill-opacity="0.6">'
    '<line x1="60.0" y1="720.0" x2="610.0" y2="940.0" stroke-width="0.50" stroke-dasharray="2 4"/>'
    '<circle cx="544.0" cy="913.6" r="1.50" fill="#468" stroke="none"/></g>',
]


def person(x: float, y: float, radius: float, colour: str, name: str, trust: str) -> str:
    return (
        f'<g><title>{name}: trust in judgement {trust}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
        f'fill="{colour}"/><text x="{x:.1f}" y="{y + radius + 12:.1f}" font-size="12" text-anchor="middle">{name}'
        "</text></g>"
    )


ANNES = "Anne &lt;&amp;&gt; \N{REPLACEMENT CHARACTER}"
PEOPLE = [
    person(500, 500, 19.0, "#246", "you", "100, in posts 100, full"),
    person(60, 720, 16.2, "#2a7", ANNES, "64, in posts 50, full"),
    person(940, 60, 5.0, "#bbb", "bert", "0, in posts -100, hidden"),
    person(610, 940, 5.0, "#c55", "carl", "0, in posts 50, hidden"),
    person(720, 720, 5 + 14 * 0.32**0.5, "#db3", "dora", "32, in posts 32, limited"),
]


def test_nobody_else_but_the_root_can_be_drawn():
    alone = svg(drawn(0), YOU)
    assert re.findall(r'fill="(#\w+)"', alone) == ["#246"]
