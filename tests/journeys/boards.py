"""What stands in a board, as a newsreader sees it."""

from __future__ import annotations

from tests.node_process import NodeProcess

BOARD = "test.talk"


def subjects(node: NodeProcess, board: str = BOARD) -> list[str]:
    """In the order of numbers; none while there is no such board."""
    with node.connect() as client:
        if board not in client.groups():
            return []
        client.group(board)
        return [row.subject for row in client.over()]


def sorted_subjects(node: NodeProcess, board: str = BOARD) -> list[str]:
    """The same where the order of arrival is chance."""
    return sorted(subjects(node, board))


def text_of(node: NodeProcess, group: str) -> str:
    """All that stands in a group, in one line."""
    with node.connect() as client:
        client.group(group)
        return " ".join(" ".join(client.article(row.number).get_content().split()) for row in client.over())
