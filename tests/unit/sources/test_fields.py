"""The rules of coercion, as a table: what each value becomes, and which reason sets it aside."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from prodlens.schemas import RejectReason
from prodlens.sources import fields
from prodlens.sources.fields import UnreadableError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG = "a" * 201


def short(value: object) -> str:
    return repr(value)[:40]


def reason(call: Any, *args: Any) -> tuple[RejectReason, str | None]:
    with pytest.raises(UnreadableError) as raised:
        call(*args)
    return raised.value.reason, raised.value.field


# Objects ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ('  {"a": NaN}', {"a": pytest.approx(math.nan, nan_ok=True)}),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ("{'a': 1}", {}),
        ("[1]", {}),
        ('"{}"', {}),
        ("", {}),
        ("{", {}),
        ("[" * 100_000, {}),
        (None, {}),
        (7, {}),
        ([{"a": 1}], {}),
    ],
    ids=short,
)
def test_an_object_may_be_written_as_json_text(value: object, expected: object) -> None:
    assert dict(fields.mapping(value)) == expected


def test_a_list_may_be_written_as_json_text() -> None:
    assert fields.sequence(["a"]) == ["a"]
    assert fields.sequence('["a", 1]') == ["a", 1]
    assert fields.sequence('{"a": 1}') == []
    assert fields.sequence("a,b") == []
    assert fields.sequence(None) == []


# Text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sess-1", "sess-1"),
        ("  sess-1\n", "sess-1"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("a\ud800b", "a\ufffdb"),
        ("user\u202egnp.exe", "usergnp.exe"),
        ("Jos\u00e9 \u96ea", "Jos\u00e9 \u96ea"),
        (123, "123"),
        ("", None),
        ("   ", None),
        ("\x00", None),
        ("None", None),
        ("null", None),
        ("NaN", None),
        ("undefined", None),
        ("Unknown", None),
        ("n/a", None),
        ("nonesuch", "nonesuch"),
        (None, None),
        (True, None),
        (1.5, None),
        (10**400, None),
        ({}, None),
        ([], None),
    ],
    ids=short,
)
def test_text(value: object, expected: str | None) -> None:
    assert fields.text(value) == expected
    assert fields.label(value) == expected


def test_a_long_text_becomes_its_beginning_and_a_digest() -> None:
    found = fields.text(LONG)
    assert found is not None
    assert found[:33] == "a" * 32 + "~"
    assert len(found) == 32 + 1 + 64
    assert found != fields.text(LONG + "b")
    assert fields.text(found) == found
    assert fields.label(LONG) == found
    assert fields.text("a" * 200) == "a" * 200


def test_the_digest_is_the_sha256_of_the_whole_text() -> None:
    assert fields.text("x" * 1000) == (
        "x" * 32 + "~44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dev-42", "dev-42"),
        ("jane@obsession.example", "jane@obsession.example"),
        ("default_user_id", None),
        ("litellm_proxy_master_key", None),
        ("Anonymous", None),
        ("litellm-internal-health-check", None),
        ("session_abc", None),
        ("user_1_session_2", None),
        ("userSession9", None),
        ('{"session_id": "a"}', None),
        ("", None),
    ],
    ids=short,
)
def test_a_person_is_no_stand_in_and_no_session(value: object, expected: str | None) -> None:
    assert fields.person(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("RateLimitError", "RateLimitError"),
        ("java.net.SocketTimeout", "java.net.SocketTimeout"),
        ("500", "500"),
        ("prompt is too long: 215000 tokens", "unrecognised"),
        ("sk-ant-api03-abc", "unrecognised"),
        ("x" * 81, "unrecognised"),
        ("jane@example.com", "unrecognised"),
        ("", None),
        (None, None),
        ({"message": "secret"}, None),
    ],
    ids=short,
)
def test_an_error_type_is_a_name_and_never_a_text(value: object, expected: str | None) -> None:
    assert fields.error_type(value) == expected


@pytest.mark.parametrize(
    "value", [True, "true", "Accepted", "accept", "YES", "1", 1, 1.0], ids=short
)
def test_yes(value: object) -> None:
    assert fields.flag(value) is True


@pytest.mark.parametrize(
    "value", [False, "False", "rejected", "declined", "no", "0", 0, 0.0], ids=short
)
def test_no(value: object) -> None:
    assert fields.flag(value) is False


@pytest.mark.parametrize("value", [None, "", "maybe", 2, -1, math.nan, {}, ["true"]], ids=short)
def test_neither_yes_nor_no(value: object) -> None:
    assert fields.flag(value) is None


# Numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (17507, 17507),
        ("17507", 17507),
        (" 17507 ", 17507),
        (17507.0, 17507),
        ("17507.0", 17507),
        ("1e3", 1000),
        (0, 0),
        (-0.0, 0),
        (2**63 - 1, 2**63 - 1),
        (None, None),
        ("", None),
        ("None", None),
        ("null", None),
    ],
    ids=short,
)
def test_a_count(value: object, expected: int | None) -> None:
    found = fields.count(value, "tokens")
    assert found == expected
    assert not isinstance(found, float)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (-1, RejectReason.BAD_NUMBER),
        ("-1", RejectReason.BAD_NUMBER),
        (-0.5, RejectReason.BAD_NUMBER),
        (math.nan, RejectReason.BAD_NUMBER),
        ("NaN", RejectReason.BAD_NUMBER),
        (math.inf, RejectReason.BAD_NUMBER),
        ("-inf", RejectReason.BAD_NUMBER),
        ("1e999", RejectReason.BAD_NUMBER),
        (2**63, RejectReason.NUMBER_TOO_LARGE),
        (1e19, RejectReason.NUMBER_TOO_LARGE),
        ("9" * 5000, RejectReason.NUMBER_TOO_LARGE),
        (10**400, RejectReason.NUMBER_TOO_LARGE),
        (True, RejectReason.BAD_FIELD),
        (12.5, RejectReason.BAD_FIELD),
        ("many", RejectReason.BAD_FIELD),
        ("1_000", RejectReason.BAD_FIELD),
        ("x" * 100, RejectReason.BAD_FIELD),
        ([], RejectReason.BAD_FIELD),
        ({}, RejectReason.BAD_FIELD),
    ],
    ids=short,
)
def test_what_is_no_count(value: object, why: RejectReason) -> None:
    assert reason(fields.count, value, "prompt_tokens") == (why, "prompt_tokens")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(812.5, 812.5), ("812.5", 812.5), (0, 0.0), (3, 3.0), (None, None), ("none", None)],
    ids=short,
)
def test_a_measure(value: object, expected: float | None) -> None:
    assert fields.measure(value, "latency_ms") == expected


def test_what_is_no_measure() -> None:
    assert reason(fields.measure, -0.1, "ms") == (RejectReason.BAD_NUMBER, "ms")
    assert reason(fields.measure, math.inf, "ms") == (RejectReason.BAD_NUMBER, "ms")
    assert reason(fields.measure, 10**400, "ms") == (RejectReason.NUMBER_TOO_LARGE, "ms")
    assert reason(fields.measure, False, "ms") == (RejectReason.BAD_FIELD, "ms")


def test_money_fits_into_64_bit_nano_dollars() -> None:
    assert fields.usd("0.015933", "cost") == 0.015933
    assert fields.usd(9e9, "cost") == 9e9
    assert reason(fields.usd, 9.3e9, "cost") == (RejectReason.NUMBER_TOO_LARGE, "cost")


def test_a_share_lies_between_none_and_all() -> None:
    assert fields.share(0.8, "diff_ratio") == 0.8
    assert fields.share("1", "diff_ratio") == 1.0
    assert fields.share(85, "diff_ratio") is None
    assert fields.share("most", "diff_ratio") is None
    assert fields.share(True, "diff_ratio") is None
    assert reason(fields.share, -0.2, "diff_ratio") == (RejectReason.BAD_NUMBER, "diff_ratio")


def test_lines_that_a_person_wrote_in_words_are_unknown() -> None:
    assert fields.lines("12", "accepted_lines") == 12
    assert fields.lines("a dozen", "accepted_lines") is None
    assert reason(fields.lines, -3, "accepted_lines") == (
        RejectReason.BAD_NUMBER,
        "accepted_lines",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (200, 200),
        ("429", 429),
        (500.0, 500),
        (100, 100),
        (599, 599),
        (99, None),
        (600, None),
        ("", None),
        ("OK", None),
        (None, None),
        (True, None),
        (-200, None),
        (math.nan, None),
    ],
    ids=short,
)
def test_a_status(value: object, expected: int | None) -> None:
    assert fields.status(value) == expected


def test_only_a_number_above_zero_is_positive() -> None:
    assert fields.is_positive(1e-9)
    assert not fields.is_positive(0)
    assert not fields.is_positive(True)
    assert not fields.is_positive(math.nan)
    assert not fields.is_positive(math.inf)
    assert not fields.is_positive("3")


# Time ---------------------------------------------------------------------------------------


def test_an_instant_and_whether_its_zone_was_assumed() -> None:
    noon = datetime(2024, 10, 28, 12, tzinfo=UTC)
    assert fields.instant("2024-10-28T12:00:00Z", NOW, "t") == (noon, False)
    assert fields.instant("2024-10-28T12:00:00+00:00Z", NOW, "t") == (noon, False)
    assert fields.instant("2024-10-28 12:00:00", NOW, "t") == (noon, True)
    assert fields.instant(1730116800, NOW, "t") == (noon, False)
    assert fields.instant("1730116800000", NOW, "t") == (noon, False)
    assert fields.instant([1730116800, 0], NOW, "t") == (noon, False)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, RejectReason.NO_TIMESTAMP),
        ("", RejectReason.NO_TIMESTAMP),
        ("None", RejectReason.NO_TIMESTAMP),
        ("yesterday", RejectReason.BAD_TIMESTAMP),
        (math.nan, RejectReason.BAD_TIMESTAMP),
        (True, RejectReason.BAD_TIMESTAMP),
        ({}, RejectReason.BAD_TIMESTAMP),
        (0, RejectReason.TIME_OUT_OF_RANGE),
        ("2019-12-31T23:59:59Z", RejectReason.TIME_OUT_OF_RANGE),
        ("2026-11-23T12:00:01Z", RejectReason.TIME_OUT_OF_RANGE),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-9))), RejectReason.BAD_TIMESTAMP),
    ],
    ids=short,
)
def test_what_is_no_instant(value: object, why: RejectReason) -> None:
    assert reason(fields.instant, value, NOW, "startTime") == (why, "startTime")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1795372172.155727, 1795372172.329184, 173.457),
        ("2026-11-22 18:29:32.155727+00:00", "2026-11-22 18:29:32.329184+00:00", 173.457),
        ("2025-01-24 09:20:46.847371", "2025-01-24 09:20:46.847371", 0.0),
        (1795372172155, 1795372172329, 174.0),
        (1795372172.0, "2026-11-22T18:29:33Z", 1000.0),
        (1795372173.0, 1795372172.0, None),
        (1795372172.0, None, None),
        (1795372172.0, math.nan, None),
        (math.inf, math.inf, None),
        ("?", 1795372172.0, None),
    ],
    ids=short,
)
def test_a_duration_is_the_same_however_its_times_are_written(
    start: object, end: object, expected: float | None
) -> None:
    assert fields.milliseconds_between(start, end) == expected


# Rejects ------------------------------------------------------------------------------------


def test_a_reject_keeps_ids_and_times_and_nothing_else() -> None:
    record = {
        "id": "msg_1",
        "model": "gpt-4o",
        "startTime": 1.5,
        "endTime": "the user said: hello",
        "messages": "secret",
        "call_type": {"text": "secret"},
    }
    bad = UnreadableError(RejectReason.TIME_OUT_OF_RANGE, "startTime")
    found = fields.rejected(
        bad, record, ids=("id", "model", "call_type"), times=("startTime", "endTime")
    )
    assert found.reason is RejectReason.TIME_OUT_OF_RANGE
    assert found.field == "startTime"
    assert found.scalars == {"id": "msg_1", "model": "gpt-4o", "startTime": 1.5}


def test_a_reject_keeps_a_time_as_it_was_written_when_it_looks_like_one() -> None:
    bad = UnreadableError(RejectReason.TIME_OUT_OF_RANGE)
    record = {"a": "1999-01-01T00:00:00Z", "b": math.inf, "c": 10**400}
    found = fields.rejected(bad, record, ids=(), times=("a", "b", "c"))
    assert found.scalars == {"a": "1999-01-01T00:00:00Z"}
