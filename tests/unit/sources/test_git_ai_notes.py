"""git-ai's notes: whose lines are whose, and what is no note of a known version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.sources.git_ai_notes import Attested, read_note

META = '{\n  "schema_version": "authorship/3.0.0",\n  "prompts": {"d4a7": {"messages": ["x"]}}\n}'


def test_ranges_of_assistants_and_people_are_told_apart() -> None:
    text = (
        "src/app.py\n"
        "  d4a7828bfdafe456 5-6,9\n"
        "  s_a76964380084ef::t_a3a130d3e145e3 28\n"
        "  h_dca485b1adf836 3-4,7-8\n"
        '"with space.py"\n'
        "  d4a7828bfdafe456 1\n"
        f"---\n{META}"
    )
    found = read_note(text)

    assert found == {
        "src/app.py": Attested(((5, 6), (9, 9), (28, 28)), ((3, 4), (7, 8))),
        "with space.py": Attested(((1, 1),), ()),
    }
    one = found["src/app.py"]
    assert [number for number in range(1, 30) if one.by_assistant(number)] == [5, 6, 9, 28]
    assert [number for number in range(1, 30) if one.by_person(number)] == [3, 4, 7, 8]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no break at all",
        f"---\n{META}".replace("authorship/3.0.0", "authorship/2.0.0"),
        "a.py\n  d4a7 1\n---\nnot JSON",
        "a.py\n  d4a7 1\n---\n[]",
        '{"schema_version": "authorship/3.0.0"}',
    ],
)
def test_what_is_no_known_note_says_nothing(text: str) -> None:
    assert read_note(text) is None


def test_a_note_without_files_attests_nothing() -> None:
    assert read_note(f"---\n{META}") == {}


def test_entries_that_make_no_sense_are_left_out() -> None:
    text = f"  d4a7 1\na.py\n  d4a7 9-3,0,4-,x\n  d4a7 2,99999999999999999999\n---\n{META}"
    assert read_note(text) == {"a.py": Attested(((2, 2), (99999999999999999999, 10_000_000)), ())}


@given(st.text(alphabet='ab.py \n-0123,_h"', max_size=60))
def test_no_text_raises(text: str) -> None:
    assert isinstance(read_note(f"{text}\n---\n{META}"), dict | None)
