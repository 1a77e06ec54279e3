import pytest

from src import events

GOOD = {
    "id": "evt_1",
    "type": "entry.created",
    "created": "2025-01-31T12:00:00Z",
    "package": "lab/plasmids",
    "fields": {"strain": "K-12"},
}


def but(**changes):
    return {**GOOD, **changes}


def test_signature_of_a_known_case():
    # RFC 4231, test case 2
    assert events.sign(b"Jefe", b"what do ya want for nothing?") == (
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=00", "é"])
def test_wrong_signatures_do_not_hold(signature):
    assert not events.signature_holds(b"key", b"body", signature)


def test_right_signature_holds():
    assert events.signature_holds(b"key", b"body", events.sign(b"key", b"body"))


def test_a_good_event_is_accepted():
    answer = events.process(GOOD)
    assert answer == {
        "status": "accepted",
        "id": "evt_1",
        "action": "create",
        "package": "lab/plasmids",
        "fields": 1,
        "revision": answer["revision"],
    }
    assert len(answer["revision"]) == 16


@pytest.mark.parametrize(
    "kind,action",
    [
        ("entry.created", "create"),
        ("entry.updated", "revise"),
        ("entry.deleted", "retire"),
    ],
)
def test_actions(kind, action):
    assert events.process(but(type=kind))["action"] == action


def test_revision_is_of_the_meaning_not_of_the_order():
    one = events.process(but(fields={"a": 1, "b": 2}))
    same = events.process(but(fields={"b": 2, "a": 1}, id="evt_2"))
    other = events.process(but(fields={"a": 1, "b": 3}))
    assert one["revision"] == same["revision"] != other["revision"]


def test_fields_may_be_absent():
    event = but()
    del event["fields"]
    assert events.process(event)["fields"] == 0


@pytest.mark.parametrize(
    "event,member",
    [
        ([], "the event"),
        (None, "the event"),
        (but(id=""), "id"),
        (but(id=7), "id"),
        (but(id="a" * 65), "id"),
        (but(type="entry.eaten"), "type"),
        (but(type=["entry.created"]), "type"),
        (but(created="yesterday"), "created"),
        (but(created="2025-01-31T12:00:00"), "created"),
        (but(created=1738324800), "created"),
        (but(created=None), "created"),
        (but(package="Plasmids"), "package"),
        (but(package="../etc/passwd"), "package"),
        (but(package="lab/plasmids\n"), "package"),
        (but(fields=[1]), "fields"),
        (but(colour="red"), "unknown: colour"),
    ],
)
def test_a_fault_is_named(event, member):
    with pytest.raises(events.Invalid) as caught:
        events.process(event)
    (problem,) = caught.value.problems
    assert problem.startswith(member)


def test_all_faults_are_named_at_once():
    assert len(events.problems_of({})) == 4


@pytest.mark.parametrize("created", ["2025-01-31T12:00:00+01:00", GOOD["created"]])
def test_times_with_a_zone(created):
    assert events.problems_of(but(created=created)) == []
