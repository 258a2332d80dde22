"""Who claims which committed line: values and laws, without git."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prodlens.retention.claims import AcceptedEdit, Candidate, Kept, Status, settle

START = datetime(2026, 9, 1, tzinfo=UTC)
NOW = START + timedelta(days=60)
COMMIT = Candidate("c1", ("a.py",))
LATER = Candidate("c2", ("a.py",))


def edit(number: int, lines: str, *, is_here: bool = True) -> AcceptedEdit:
    at = START + timedelta(minutes=number)
    return AcceptedEdit(
        id=number,
        proposed_at=at,
        closes_at=at + timedelta(days=14),
        lines=tuple(line.encode() for line in lines),
        is_here=is_here,
        tool="Edit",
    )


def pool(**lines: str) -> dict[tuple[str, str], Counter[bytes]]:
    return {
        (sha, "a.py"): Counter(one.encode() for one in content) for sha, content in lines.items()
    }


def test_the_newest_claims_first_and_the_older_takes_what_is_left() -> None:
    found = settle(
        [edit(1, "xyz"), edit(2, "xy")],
        {1: [COMMIT], 2: [COMMIT]},
        pool(c1="xyzz"),
        now=NOW,
    )
    assert found == {
        2: Kept(Status.KEPT, 2, "c1", (("a.py", b"x"), ("a.py", b"y"))),
        1: Kept(Status.KEPT, 1, "c1", (("a.py", b"z"),)),
    }


def test_edits_of_one_instant_are_ordered_by_number() -> None:
    at = START
    pair = [
        AcceptedEdit(number, at, at + timedelta(days=14), (b"x",), is_here=True, tool="Edit")
        for number in (1, 2)
    ]
    first = settle(pair, {1: [COMMIT], 2: [COMMIT]}, pool(c1="x"), now=NOW)
    second = settle(pair[::-1], {1: [COMMIT], 2: [COMMIT]}, pool(c1="x"), now=NOW)
    assert first == second
    assert {one: kept.lines for one, kept in first.items() if kept} == {1: 0, 2: 1}


def test_a_later_commit_needs_half_of_the_lines() -> None:
    sought = edit(1, "abcd")
    candidates = {1: [COMMIT, LATER]}
    assert settle([sought], candidates, pool(c1="z", c2="ab"), now=NOW)[1] == Kept(
        Status.KEPT, 2, "c2", (("a.py", b"a"), ("a.py", b"b"))
    )
    assert settle([sought], candidates, pool(c1="z", c2="a"), now=NOW)[1] == Kept(
        Status.KEPT, 0, "c1"
    )


def test_an_edit_whose_lines_a_newer_one_claimed_is_superseded_at_once() -> None:
    pair = [edit(1, "abcd"), edit(2, "abcd")]
    found = settle(pair, {1: [COMMIT], 2: [COMMIT]}, pool(c1="abcd"), now=START)
    assert found[1] == Kept(Status.KEPT, 0, "c1")
    # One common line is no sign of it: the edit's own commit may be yet to come.
    other = settle(
        [edit(1, "abcd"), edit(2, "axyz")],
        {1: [COMMIT], 2: [COMMIT]},
        pool(c1="axyz"),
        now=START,
    )
    assert other[1] == Kept(Status.PENDING, None, None)


def test_an_edit_of_no_known_clone_needs_half_of_its_lines_at_once() -> None:
    sought = edit(1, "abcd", is_here=False)
    assert settle([sought], {1: [COMMIT]}, pool(c1="a"), now=NOW)[1] is None
    assert settle([sought], {}, {}, now=NOW)[1] is None
    found = settle([sought], {1: [COMMIT]}, pool(c1="ab"), now=NOW)[1]
    assert found is not None
    assert found.lines == 2


def test_without_a_commit_the_window_decides() -> None:
    sought = edit(1, "ab")
    assert settle([sought], {}, {}, now=START + timedelta(days=14)) == {
        1: Kept(Status.PENDING, None, None)
    }
    assert settle([sought], {}, {}, now=NOW) == {1: Kept(Status.NOT_COMMITTED, 0, None)}


def test_lines_of_several_files_of_one_commit_add_up() -> None:
    both = Candidate("c1", ("a.py", "b.py"))
    pools = {("c1", "a.py"): Counter({b"x": 1}), ("c1", "b.py"): Counter({b"x": 1, b"y": 1})}
    found = settle([edit(1, "xxy")], {1: [both]}, pools, now=NOW)[1]
    assert found == Kept(Status.KEPT, 3, "c1", (("a.py", b"x"), ("b.py", b"x"), ("b.py", b"y")))
    assert all(count == 0 for counter in pools.values() for count in counter.values())


@given(
    texts=st.lists(st.text(alphabet="abc", min_size=1, max_size=6), max_size=6),
    first=st.text(alphabet="abcz", max_size=8),
    second=st.text(alphabet="abcz", max_size=8),
)
def test_no_line_is_claimed_twice_and_none_is_made_up(
    texts: list[str], first: str, second: str
) -> None:
    edits = [edit(number, text) for number, text in enumerate(texts)]
    candidates = {one.id: [COMMIT, LATER] for one in edits}
    found = settle(edits, candidates, pool(c1=first, c2=second), now=NOW)

    claimed = Counter[tuple[str, bytes]]()
    for one in edits:
        kept = found[one.id]
        assert kept is not None
        assert kept.lines is not None
        assert kept.lines == len(kept.taken) <= len(one.lines)
        assert not Counter(line for _, line in kept.taken) - Counter(one.lines)
        claimed.update((kept.sha or "", line) for _, line in kept.taken)
    available = Counter(("c1", line.encode()) for line in first)
    available.update(("c2", line.encode()) for line in second)
    assert not claimed - available
    assert settle(edits[::-1], candidates, pool(c1=first, c2=second), now=NOW) == found
