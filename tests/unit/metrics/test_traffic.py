"""Which traffic a report counts, and that what it leaves out is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.metrics import ReportGenerator
from prodlens.metrics.daily_metrics import read_daily_metrics
from prodlens.metrics.declaration import Asking
from prodlens.metrics.traffic import left_out, parse_traffic
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.metrics.report import Report

CLASSES = ("human", "human", "human", "subagent", "health_probe", "health_probe", None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(
            {
                "timestamp": f"2026-09-0{day}T12:00:00Z",
                "native_key": f"test:{day}/{number}",
                "traffic_class": one,
                "tokens_in": 1000,
                "tokens_out": 0,
                "cost_usd": 0.01,
                "status_code": 200,
            }
            for day in (1, 2)
            for number, one in enumerate(CLASSES)
        )
        yield opened


def report(store: ProdLensStore, *traffic: str) -> Report:
    asking = Asking(selection=Selection(traffic=traffic))
    return ReportGenerator(store, asking=asking).build_whole(repo=None, since=None)


def test_all_traffic_counts_unless_asked(store: ProdLensStore) -> None:
    made = report(store)
    assert made.values["calls"].value == 14
    assert made.coverage.traffic == {"": 2, "health_probe": 4, "human": 6, "subagent": 2}
    assert made.coverage.left_out == {}
    assert "traffic_left_out" not in {note.code for note in made.notes}
    assert "traffic" not in made.to_dict()["metadata"]


def test_what_a_filter_leaves_out_is_counted_and_said(store: ProdLensStore) -> None:
    made = report(store, "human", "subagent")
    assert (made.values["calls"].value, made.values["total_tokens"].value) == (8, 8000)
    (note,) = [note for note in made.notes if note.code == "traffic_left_out"]
    assert note.text == (
        "Only traffic of human and subagent counts; other calls, left out: 6 (unclassified 2, "
        "health_probe 4)."
    )
    document = made.to_dict()
    assert document["metadata"]["traffic"] == ["human", "subagent"]
    assert document["coverage"]["traffic_left_out"] == {
        "cache_hit": 0,
        "human": 0,
        "subagent": 0,
        "evaluation": 0,
        "health_probe": 4,
        "retry": 0,
        "unclassified": 2,
    }
    assert made.over_time is not None
    assert [sum(v or 0 for v in one.values) for one in made.over_time.tokens] == [8000]


def test_traffic_that_there_is_none_of_leaves_everything_out(store: ProdLensStore) -> None:
    made = report(store, "retry")
    assert made.values["calls"].value == 0
    (note,) = [note for note in made.notes if note.code == "traffic_left_out"]
    assert note.text.startswith(
        "Only traffic of no class that there is counts; other calls, left out: 14"
    )


def test_calls_without_a_class_can_be_asked_for(store: ProdLensStore) -> None:
    made = report(store, *parse_traffic("unclassified"))
    assert made.values["calls"].value == 2
    assert made.to_dict()["metadata"]["traffic"] == ["unclassified"]


def test_every_daily_series_is_of_the_traffic_asked_for(store: ProdLensStore) -> None:
    chosen = read_daily_metrics(store, Selection(traffic=("human",)))
    assert sum(chosen.series["calls"].counts.values()) == 6
    assert sum(chosen.series["tokens"].counts.values()) == 6
    assert sum(chosen.series["cost"].counts.values()) == 6


def test_a_day_without_the_traffic_asked_for_is_a_day_with_none_of_it(
    store: ProdLensStore,
) -> None:
    store.insert_sessions(
        [{"timestamp": "2026-09-03T12:00:00Z", "native_key": "x", "traffic_class": "retry"}]
    )
    daily = read_daily_metrics(store, Selection(traffic=("human",)))
    assert daily.days is not None
    assert daily.series["calls"].over(daily.days) == [3, 3, 0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, ()),
        (" , ", ()),
        ("human,subagent", ("human", "subagent")),
        ("Health-Probe, human,human", ("health_probe", "human")),
        ("unclassified", ("",)),
    ],
)
def test_classes_are_read_as_people_write_them(text: Any, found: tuple[str, ...]) -> None:
    assert parse_traffic(text) == found


def test_a_class_that_there_is_not_proposes_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'humans' is no class of traffic. Did you mean human\?"):
        parse_traffic("humans")


def test_without_a_filter_nothing_is_left_out() -> None:
    assert left_out({"human": 3, "": 2}, ()) == {}
    assert left_out({"human": 3, "": 2}, ("human",)) == {"": 2}
