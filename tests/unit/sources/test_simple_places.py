"""Where the facts of ProdLens' own shape may stand, and that remembering it changes nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.sources import simple_places
from prodlens.sources.fields import milliseconds_between

SLOTS = list(simple_places.SLOTS)


def values(record: dict[str, Any]) -> dict[str, list[Any]]:
    """Return per slot what stands there, the best place first."""
    objects, places = simple_places.searched(record)
    return {SLOTS[slot]: [objects[at][name] for at, name in spots] for slot, spots in places}


def test_a_better_name_wins_over_a_better_place() -> None:
    record = {"model_name": "top", "metadata": {"model": "meta"}, "attributes": {"model": "attr"}}
    assert values(record) == {"model": ["meta", "attr", "top"]}


def test_objects_one_level_below_are_opened_and_json_text_only_where_clients_write_it() -> None:
    record = {
        "llm": '{"provider": "text"}',
        "metadata": {"requester_metadata": '{"repo": "a/b", "user": {"id": "jane"}}'},
        "attributes": {"llm": {"model_name": "gpt-5"}, "user.id": "jim"},
    }
    assert values(record) == {
        "repo": ["a/b"],
        "model": ["gpt-5"],
        "developer": ["jim", "jane", {"id": "jane"}],
    }


def test_in_one_place_the_order_of_the_record_decides_between_two_spellings() -> None:
    assert values({"llm": {"provider": "a"}, "llm.provider": "b"}) == {"provider": ["a", "b"]}
    assert values({"llm.provider": "b", "llm": {"provider": "a"}}) == {"provider": ["b", "a"]}


def test_the_same_names_with_other_kinds_of_values_are_searched_anew() -> None:
    assert values({"user": {"id": "jane"}}) == {"developer": ["jane", {"id": "jane"}]}
    assert values({"user": "jim"}) == {"developer": ["jim"]}
    assert values({"user": {"email": "j@x"}}) == {"developer": ["j@x", {"email": "j@x"}]}


def test_a_record_with_very_many_or_long_names_is_read_as_any_other() -> None:
    many = {f"name{k}": k for k in range(500)}
    assert values(many | {"model": "m"}) == {"model": ["m"]}
    assert values({"x" * 100_000: 1, "model": "m"}) == {"model": ["m"]}


def test_more_layouts_than_are_remembered_are_all_read() -> None:
    found = [values({f"own{k}": 1, "model": k}) for k in range(3000)]
    assert found == [{"model": [k]} for k in range(3000)]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1_577_836_800_000_000, 1_790_000_000_000_000),
    st.one_of(st.integers(0, 10**9), st.floats(0, 1e4), st.sampled_from([0.0005, 0.0015, 2.5e-6])),
)
def test_a_duration_between_floats_is_rounded_to_the_microsecond(start: int, took: float) -> None:
    began = start / 1_000_000
    ended = began + (took / 1_000_000 if isinstance(took, int) else took)
    assert milliseconds_between(began, ended) == round((ended - began) * 1000, 3)
