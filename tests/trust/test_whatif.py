"""The rule tried out on made-up worlds: what comes in, what goes out, and what is said of a file that is none."""

import json

import networkx
import pytest

from tests.trust.worlds import YOU, who
from zbnntp.cli import main
from zbnntp.model.errors import BadEncoding, Missing, NotPermitted
from zbnntp.trust.whatif import answer, read_world, with_rating, without

CHAIN = {
    "root": "you",
    "ratings": {
        "you": {"me": {"tlt": 0.5}},
        "me": {"alice": {"tlt": 0.8}},
        "alice": {"bob": {"tlt": 0.7}},
        "bob": {"carol": {"tlt": 0.3}, "david": {"tlt": 0.3}},
    },
}


def computed(world: dict, *changes: str) -> dict:
    found = read_world(json.dumps(world))
    for change in changes:
        found = with_rating(found, change)
    return answer(found)


def test_a_chain_fades_as_it_is_written():
    found = computed(CHAIN)
    assert found["tlt"] == {"alice": 0.4, "bob": 0.28, "carol": 0.084, "david": 0.084, "me": 0.5, "you": 1.0}
    assert found["mt"] == dict.fromkeys(found["tlt"], 0.0) | {"you": 1.0}
    assert found["level"] == dict.fromkeys(found["tlt"], "limited") | {"me": "full", "you": "full"}
    assert found["fetch"] == dict.fromkeys(found["tlt"], True)


def test_everybody_named_is_in_the_answer_even_if_it_counts_for_nothing():
    world = {"root": "r", "ratings": {"a": {"b": {}, "a": {"mt": 1}}}, "replies": {"c": {"d": 0}}, "registrars": ["e"]}
    found = computed(world)
    assert list(found["tlt"]) == ["a", "b", "c", "d", "e", "r"]
    assert set(found["level"].values()) == {"hidden", "full"}


def test_a_rating_may_be_set_and_left_out():
    assert computed(CHAIN, "you:carol:0.1:0.02", "you:bob:-1")["tlt"]["carol"] == 0.02
    assert computed(CHAIN, "you:bob:-1")["tlt"]["david"] == 0.0
    assert computed(CHAIN, "you:bob::0.9")["mt"]["bob"] == 0.0
    left = answer(without(read_world(json.dumps(CHAIN)), "alice:bob"))
    assert left["tlt"]["bob"] == 0.0
    assert left["tlt"]["alice"] == 0.4


@pytest.mark.parametrize("said", ["you:bob:50", "you:bob:-1.01", "you:bob:0.5:1.5", "you:bob::-0.1"])
def test_a_rating_beyond_the_scale_is_refused(said):
    with pytest.raises(NotPermitted, match="MT is from -1 to 1, TLT from 0 to 1"):
        computed(CHAIN, said)


def test_somebody_new_may_be_rated():
    assert computed(CHAIN, "me:newcomer:0.5:0.1")["mt"]["newcomer"] == 0.25


def test_names_may_be_any_strings():
    world = {"root": "", "ratings": {"": {"a:b": {"tlt": 0.5}}, "a:b": {"\ud800": {"mt": 1}}}}
    found = json.loads(json.dumps(computed(world)))
    assert found["mt"]["\ud800"] == 0.5
    assert answer(without(read_world(json.dumps(world)), "a:b:\ud800"))["mt"]["\ud800"] == 0.0
    assert computed(world, ":a:b:0.25")["mt"]["a:b"] == 0.25
    assert computed(world, ":a:b:0.25:0.1")["tlt"]["a:b"] == 0.1


def test_a_pair_that_can_be_read_in_two_ways_is_refused():
    world = {"root": "a", "ratings": {"a": {"b:c": {"mt": 1}}, "a:b": {"c": {"mt": 1}}}}
    with pytest.raises(NotPermitted, match="several pairs"):
        without(read_world(json.dumps(world)), "a:b:c")


def test_blame_is_off_unless_it_is_asked_for():
    world = {
        "root": "you",
        "ratings": {
            "you": {"p": {"tlt": 1}, "spam": {"mt": -1}},
            "p": {"helper": {"tlt": 0.8}},
            "helper": {"spam": {"tlt": 0.4}},
        },
    }
    assert computed(world)["tlt"]["helper"] == 0.8
    assert computed(world | {"params": {"kappa": 1}})["tlt"]["helper"] == 0.4


@pytest.mark.parametrize(
    ("params", "person", "tlt"),
    [
        ({"K": 2}, "bob", 0.28),
        ({"rounds": 1}, "bob", 0.0),
        ({"list_budget": 0.4}, "alice", 0.2),
        ({"h": 0.5}, "me", 0.5),
    ],
)
def test_any_parameter_may_be_set(params, person, tlt):
    assert computed(CHAIN | {"params": params})["tlt"][person] == tlt


def test_a_switch_may_be_set():
    found = computed(CHAIN | {"params": {"followed_only": True}})
    assert {name for name, fetched in found["fetch"].items() if fetched} == {"me"}


def test_junk_in_a_field_is_an_absent_field():
    junk = '{"a": {"mt": NaN, "tlt": 0.5}, "b": {"mt": true}, "c": {"mt": 1e999, "tlt": "x"}}'
    found = answer(read_world(f'{{"root": "r", "ratings": {{"r": {junk}}}}}'))
    assert (found["tlt"]["a"], found["mt"]["a"], found["mt"]["b"], found["tlt"]["c"]) == (0.5, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "that is not JSON at line 1"),
        ("[" * 100_000, "that is not JSON"),
        (b"\xff", "that is not JSON"),
        ("[]", "the whole is not an object"),
        ("{}", '"root" is missing'),
        ('{"root": 1}', '"root" is missing or not a string'),
        ('{"root": "r", "rating": {}}', 'there is no part "rating"'),
        ('{"root": "r", "ratings": []}', '"ratings" is not an object'),
        ('{"root": "r", "ratings": {"a": 1}}', '"ratings" of "a" is not an object'),
        ('{"root": "r", "ratings": {"a": {"b": 0.5}}}', 'the rating of "b" by "a" is not an object'),
        ('{"root": "r", "ratings": {"a": {"b": {"tIt": 1}}}}', 'a rating has no "tIt"'),
        ('{"root": "r", "replies": {"a": 3}}', '"replies" of "a" is not an object'),
        ('{"root": "r", "registrars": "a"}', '"registrars" is a list'),
        ('{"root": "r", "params": 1}', '"params" is not an object'),
        ('{"root": "r", "params": {"epsilon": 1}}', 'there is no parameter "epsilon"'),
        ('{"root": "r", "params": {"kappa": "1"}}', 'the parameter "kappa" is a number'),
        ('{"root": "r", "params": {"kappa": true}}', 'the parameter "kappa" is a number'),
        ('{"root": "r", "params": {"kappa": -1}}', 'the parameter "kappa" is between 0 and'),
        ('{"root": "r", "params": {"followed_only": "yes"}}', 'the parameter "followed_only" is true or false'),
        ('{"root": "r", "params": {"kappa": NaN}}', 'the parameter "kappa" is between 0 and'),
        ('{"root": "r", "params": {"rounds": 2.5}}', 'the parameter "rounds" is a whole number'),
        ('{"root": "r", "params": {"rounds": 10000000}}', 'the parameter "rounds" is between 0 and 1,000'),
        ('{"root": "r", "params": {"followed_only": 1}}', 'the parameter "followed_only" is true or false'),
    ],
)
def test_what_is_no_world_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(BadEncoding) as caught:
        read_world(text)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "error"),
    [("you", NotPermitted), ("you:bob", NotPermitted), ("you:bob:x", NotPermitted), ("you:bob:nan", NotPermitted)],
)
def test_a_rating_that_cannot_be_read_is_refused(change, error):
    with pytest.raises(error):
        computed(CHAIN, change)


@pytest.mark.parametrize("pair", ["you:bob", "you", "nobody:here:at all"])
def test_what_is_not_there_cannot_be_left_out(pair):
    with pytest.raises(Missing):
        without(read_world(json.dumps(CHAIN)), pair)


# the command line


def test_a_file_is_computed_without_a_node(tmp_path, capsys):
    file = tmp_path / "world.json"
    file.write_text(json.dumps(CHAIN))
    assert main(["trust", "compute", str(file), "--without", "bob:david", "--set", "you:carol:0.5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["tlt"]["david"], found["mt"]["carol"]) == (0.0, 0.5)


@pytest.mark.parametrize("arguments", [["nowhere.json"], ["--home", "nowhere"]])
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(["trust", "compute", *arguments]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_world_is_drawn(tmp_path):
    file, drawing, graph = (tmp_path / name for name in ("world.json", "world.svg", "world.graphml"))
    file.write_text(
        json.dumps(CHAIN | {"root": "<you> & \u0007co"} | {"ratings": {"<you> & \u0007co": {"me": {"mt": -1}}}})
    )
    assert main(["trust", "graph", str(file), "--output", str(drawing)]) == 0
    assert "&lt;you&gt; &amp; \N{REPLACEMENT CHARACTER}co" in drawing.read_text(encoding="utf-8")
    file.write_text(json.dumps(CHAIN))
    assert main(["trust", "graph", str(file), "--format", "graphml", "--output", str(graph), "--people", "3"]) == 0
    read = networkx.read_graphml(graph)
    assert {data["name"]: data["tlt"] for _, data in read.nodes(data=True)} == {
        "you": 1,
        "me": 0.5,
        "alice": 0.4,
        "bob": 0.28,
    }
    assert sorted(data["weight"] for *_, data in read.edges(data=True)) == [0.5, 0.7, 0.8]


def test_too_many_people_are_not_drawn(tmp_path, capsys):
    file = tmp_path / "world.json"
    file.write_text(json.dumps(CHAIN))
    assert main(["trust", "graph", str(file), "--people", "100000"]) == 1
    assert "at most 400" in capsys.readouterr().err


def test_worlds_of_names_and_of_keys_are_seen_alike():
    assert read_world('{"root": "you"}').root == YOU.rstrip(b".")
    assert who("you") == YOU
