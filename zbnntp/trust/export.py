"""The graph as networkx knows graphs: for export, for looking into it, and as an independent oracle in tests.

Never on the way of a ranking, and imported only by those who need it: networkx is slow to load.
"""

from __future__ import annotations

import networkx

from zbnntp.model.keys import Identity
from zbnntp.trust.graph import Graph


def as_networkx(graph: Graph, root: Identity | None = None) -> networkx.DiGraph:
    """Nodes are identities, an edge runs from rater to target.

    Edge attributes: `weight` is the part of the rater's trust-list trust that arrives, `vote` the finished message vote
    (negative votes unscaled), `reply` what replies are worth; `mt` and `tlt` are there where the rater gave them. With
    `root` the rows are those that this root counts.
    """
    exported = networkx.DiGraph()
    exported.add_nodes_from(graph.identities())
    for rater in graph.raters:
        row = graph.row(rater, root)
        exported.nodes[rater]["registrar"] = row.registrar
        for edge in row.edges():
            given = {name: value for name, value in (("mt", edge.mt), ("tlt", edge.tlt)) if value is not None}
            vote = (edge.praise + edge.reply_vote) * row.vote_scale - edge.reproach
            exported.add_edge(rater, edge.target, weight=row.weight(edge), vote=vote, reply=edge.reply, **given)
    return exported
