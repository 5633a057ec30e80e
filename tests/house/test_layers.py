"""Imports point one way.

    layer 4   cli -> node, demo, config, home, admin
    layer 3   node -> everything below: the only place where the parts meet, with some at its side: resident is one of
              its identities, library shows the store to peers, peering has what runs for them, listening opens the
              newsreaders' sockets; home (a node's files) and admin (its local socket) know the model alone
    layer 2   posting -> ingest, shelf, control and what they share: model and store; some also trust
    layer 1   store, trust, nntp, peers: model only, never one another
    layer 0   model

config is a leaf that reads one file; what crosses between the parts is handed over by node as callables.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, files, imports, modules

BELOW = {"model", "store"}
# Layer 2: the journeys and what they share. A new file gets a row, so that its place is a decision.
JOURNEYS: dict[str, set[str]] = {
    "local": BELOW,
    "filters": {"model"},
    "placeholder": BELOW | {"local"},
    "visibility": BELOW | {"local", "filters", "placeholder"},
    "purging": BELOW | {"spoken", "visibility"},
    "choosing": BELOW | {"local", "filters", "visibility"},
    "silence": BELOW | {"local"},
    "toplists": BELOW | {"local", "visibility"},
    "searching": BELOW,
    "inheriting": {"model", "trust"},
    "standing": BELOW | {"trust", "visibility", "inheriting", "moving"},
    "tuning": BELOW | {"trust", "standing"},
    "inquiry": BELOW | {"trust", "standing"},
    "departing": {"model"},
    "sealing": BELOW | {"healing", "departing"},
    "spoken": BELOW,
    "moving": BELOW | {"spoken", "visibility"},
    "verifying": BELOW | {"spoken", "moving"},
    "healing": BELOW | {"spoken"},
    "retention": BELOW | {"visibility"},
    "pacing": BELOW | {"spoken", "verifying"},
    "keeping": BELOW | {"verifying", "healing", "pacing"},
    "ingest": BELOW
    | {"keeping", "retention"}
    | {"trust", "standing", "visibility", "local", "choosing", "spoken", "verifying", "healing", "pacing", "moving"},
    "drafting": BELOW | {"local"},
    "posting": BELOW | {"departing", "drafting", "keeping", "sealing", "standing", "visibility", "local"},
    "bundling": BELOW,
    "byhand": {"model", "ingest"},
    "mbox": {"model"},
    "rendering": BELOW | {"placeholder"},
    "roster": BELOW,
    "rack": BELOW | {"rendering"},
    "rebuild": BELOW | {"spoken", "keeping", "visibility", "toplists", "moving"},
    "checking": BELOW,
    "examining": BELOW | {"checking", "rebuild", "toplists"},
    "mending": BELOW | {"local", "checking", "rebuild", "spoken", "visibility"},
    "shelf": BELOW | {"local", "rendering", "roster", "rack"},
    "joining": BELOW | {"local"},
    "registrar": BELOW | {"local"},
    "mailing": {"model", "registrar"},
    "feeding": BELOW | {"shelf"},
    "control": BELOW
    | {"joining", "registrar"}
    | {"trust", "ingest", "standing", "visibility", "local", "choosing", "filters", "spoken", "purging", "searching"},
}
ALLOWED: dict[str, set[str]] = {
    "model": set(),
    "store": {"model"},
    "trust": {"model"},
    "nntp": {"model"},
    "peers": {"model"},
    **JOURNEYS,
    "config": {"model", "premises"},
    "certificate": {"model", "premises"},
    "guard": set(),
    "discretion": set(),
    "home": {"model", "premises"},
    "premises": {"model"},
    "halfway": {"model", "store", "home"},
    "recovering": {"model", "store", "home", "halfway", "moving", "spoken"},
    "admin": {"model"},
    "homecoming": {"model"},
    "library": {"model", "store", "peers", "ingest", "moving"},
    "places": {"model", "store"},
    "peering": {"model", "peers", "library", "home", "places", "premises"},
    "listening": {"model", "nntp", "config", "home", "certificate", "devices", "premises"},
    "upkeep": BELOW | {"ingest"},
    "repairing": {"model", "store", "home", "halfway", "examining", "mending", "rebuild", "standing"},
    "delivery": {"model", "store"},
    "furnishing": {"model", "store", "library", "local", "choosing", "silence", "toplists", "control"},
    "indexing": {"model", "store", "searching"},
    "housekeeping": {"model", "store", "ingest", "standing", "retention", "indexing"},
    "restarting": {"model"},
    "journal": {"model", "store", "control"},
    "lodgings": {"model", "store", "home", "resident"},
    "entrance": {"model", "store", "peers", "joining", "mailing", "registrar", "standing"},
    "reporting": {"model", "store", "control", "joining", "retention", "resident"},
    "reception": {"model", "config", "home", "control", "posting", "resident", "shelf"},
    "resident": {
        *("model", "store", "home", "homecoming", "restarting", "library", "peering", "places"),
        *("delivery", "furnishing", "entrance", "reporting", *JOURNEYS),
    },
    "node": {
        "model",
        "store",
        "nntp",
        "config",
        "guard",
        "home",
        "admin",
        "library",
        "listening",
        "peering",
        "verifier",
        "upkeep",
        "housekeeping",
        "repairing",
        "resident",
        "journal",
        "lodgings",
        "devices",
        "reader_onion",
        "reception",
        *JOURNEYS,
    },
    "data": set(),
    "demo": {"model", "store", "spoken", "keeping", "node", "resident", "config", "home", "data", "listening"},
    "verifier": {"model", "guard", "store"},
    "importing": {
        *("verifier", "model", "store", "config", "home", "halfway", "byhand", "ingest", "standing", "tuning"),
    },
    "cli_bundles": {
        "cli_ask",
        "model",
        "store",
        "bundling",
        "mbox",
        "shelf",
        "control",
        "importing",
        "home",
        "admin",
        "premises",
    },
    "cli_trust": {"model", "store", "trust", "inquiry", "tuning", "home", "config"},
    "cli_restore": {"model", "home"},
    "manpages": set(),
    "cli_manual": {"model", "manpages"},
    "cli_feed": {"feeding", "home", "admin"},
    "accounts": {"model", "home"},
    "devices": {"model", "home"},
    "reader_onion": {"model", "peers", "devices"},
    "cli_account": {"model", "home", "accounts", "cli_ask"},
    "cli_device": {"model", "home", "config", "devices", "cli_ask"},
    "cli_ask": {"model", "home", "admin"},
    "cli_invite": {"model", "cli_ask"},
    "cli_init": {"model", "home", "cli_ask"},
    "cli_recover": {"model", "store", "control", "home", "cli_ask", "recovering"},
    "cli_registrar": {"registrar", "cli_ask"},
    "cli_search": {"model", "store", "searching", "control", "home"},
    "newsreaders": {"model"},
    "cli_setup": {"model", "newsreaders", "home", "config", "certificate", "cli_ask"},
    "cli_store": {"cli_ask", "model", "store", "home", "halfway", "admin", "examining", "repairing"},
    "entry": {"cli"},
    "cli": {
        "listening",
        "registrar",
        "cli_account",
        "cli_registrar",
        "cli_device",
        "cli_search",
        "cli_setup",
        "cli_store",
        "cli_trust",
        "cli_restore",
        "cli_bundles",
        "cli_feed",
        "cli_manual",
        "cli_ask",
        "cli_init",
        "cli_invite",
        "cli_recover",
        "node",
        "rebuild",
        "demo",
        "config",
        "discretion",
        "home",
        "premises",
        "halfway",
        "admin",
        "model",
        "store",
    },
}
SHELLS = {"trio", "zbnntp.nntp", "zbnntp.peers"}


def part(module: str) -> str:
    """zbnntp.store.writer belongs to store."""
    names = module.split(".")
    return names[1] if len(names) > 1 else ""


@pytest.mark.parametrize("path", files(PACKAGE), ids=str)
def test_a_part_imports_only_what_is_below_it(path: Path) -> None:
    own = part(".".join(path.with_suffix("").parts)) if len(path.parts) > 2 else path.stem.replace("__init__", "")
    if not own:
        return
    assert own in ALLOWED, f"{path} has no place in the plan: give it a row in {Path(__file__).name}"
    reached = {part(each.module): each.line for each in imports(path) if each.module.startswith(f"{PACKAGE}.")}
    wrong = {name: line for name, line in reached.items() if name != own and name not in ALLOWED[own]}
    assert not wrong, f"{path} imports {wrong} (part: line); {own} may import {sorted(ALLOWED[own])}"


@pytest.mark.parametrize("name", sorted(JOURNEYS))
def test_journeys_know_no_sockets(name: str) -> None:
    paths = [path for path in files(PACKAGE) if path.with_suffix("").parts[1] == name]
    for path in paths:
        shells = [each for each in imports(path) if each.module in SHELLS or each.module.startswith(("trio.",))]
        assert not shells, f"{path} imports {shells}"


def test_no_import_cycles() -> None:
    known = modules()
    graph = {name: {each.module for each in imports(path)} & known.keys() - {name} for name, path in known.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None
