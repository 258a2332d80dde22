"""Whatever is given: a clear sentence with the next step, the documented exit code, nothing lost."""

from __future__ import annotations

import gzip
import json
import os
import resource
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "id": "r1",
    "timestamp": "2026-09-01T12:00:00Z",
    "usage": {"input_tokens": 100, "output_tokens": 5},
    "attributes": {"llm.model_name": "gpt-4o"},
}


class Ran:
    def __init__(self, code: int, out: str, notes: str) -> None:
        self.code, self.out, self.notes = code, out, notes

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def prod_lens(
    folder: Path, *arguments: str, stdin: bytes | None = None, file_limit: int | None = None
) -> Ran:
    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "prodlens.cli", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        preexec_fn=limit,
        env={**os.environ, "HOME": str(folder)},
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in ran.notes, ran.notes
    return ran


def ingest(folder: Path, *arguments: str, stdin: bytes | None = None) -> Ran:
    return prod_lens(folder, "ingest-traces", *arguments, "--db", "cache.db", stdin=stdin)


def text(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    ran = ingest(tmp_path, "nowhere.jsonl")
    assert ran.code == 1
    assert "nowhere.jsonl does not exist" in ran.notes


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    ran = ingest(tmp_path, "folder.jsonl")
    assert ran.code == 1
    assert "folder.jsonl holds no trace files" in ran.notes


def test_a_folder_without_traces_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "readme.md").write_text("nothing")
    ran = ingest(tmp_path, "logs")
    assert ran.code == 1
    assert "logs holds no trace files" in ran.notes


def test_an_empty_file_is_fine_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    ran = ingest(tmp_path, "empty.jsonl")
    assert ran.code == 0
    assert "empty.jsonl is empty" in ran.notes


def test_a_file_of_daily_figures_is_not_empty(tmp_path: Path) -> None:
    day = {
        "day": "2026-09-01",
        "user_login": "ada",
        "enterprise_id": "3",
        "code_acceptance_activity_count": 12,
        "loc_added_sum": 88,
    }
    (tmp_path / "usage.ndjson").write_text(text(day))
    ran = ingest(tmp_path, "usage.ndjson")
    assert ran.code == 0
    assert "0 new calls" in ran.out
    assert "2 daily figures were read, which count no calls" in ran.notes
    assert "empty" not in ran.notes
    assert "No traces" not in ran.notes


def test_a_folder_of_daily_figures_holds_something(tmp_path: Path) -> None:
    day = {"day": "2026-09-01", "user_login": "ada", "user_id": 7, "loc_added_sum": 88}
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage" / "one.jsonl").write_text(text(day))
    ran = ingest(tmp_path, "usage")
    assert (ran.code, "1 daily figure was read" in ran.notes) == (0, True)


def test_a_file_of_facts_about_sessions_is_not_empty(tmp_path: Path) -> None:
    link = {
        "type": "pr-link",
        "sessionId": "s-1",
        "prNumber": 3,
        "prUrl": "https://github.com/acme/widgets/pull/3",
        "timestamp": "2026-09-01T12:00:00Z",
    }
    (tmp_path / "one.jsonl").write_text(text(link))
    ran = ingest(tmp_path, "one.jsonl")
    assert (ran.code, "empty" in ran.notes) == (0, False)


def test_a_binary_file_is_set_aside_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "picture.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    ran = ingest(tmp_path, "picture.jsonl")
    assert ran.code == 1
    assert "binary data" in ran.notes
    assert "dead-letter list" in ran.notes


def test_every_record_set_aside_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{broken\n[1, 2\n")
    assert ingest(tmp_path, "bad.jsonl").code == 1


def test_some_records_set_aside_is_done_unless_strict(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD) + "{broken\n")
    ran = ingest(tmp_path, "log.jsonl", "--json")
    assert (ran.code, ran.json["added"], ran.json["set_aside"]) == (0, 1, 1)
    (tmp_path / "two.jsonl").write_text(text({**GOOD, "id": "r2"}) + "{broken\n")
    assert ingest(tmp_path, "two.jsonl", "--strict").code == 3


def test_a_cut_gzip_file_gives_what_it_held(tmp_path: Path) -> None:
    records = [{**GOOD, "id": f"r{n}", "metadata": {"session_id": n * 7919}} for n in range(4000)]
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(text(*records).encode())[:-500])
    ran = ingest(tmp_path, "log.jsonl.gz", "--json")
    assert ran.code == 0
    assert ran.json["added"] > 1000
    assert ran.json["set_aside"] >= 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "cut off"),
        ('{"timestamp": "2026-09-01", "usage": {"input_tokens": NaN}}', "negative or non-finite"),
        ('{"timestamp": "2026-09-01", "usage": {"input_tokens": -4}}', "negative or non-finite"),
        ('{"timestamp": "2026-09-01", "usage": {"input_tokens": 99999999999999999999}}', "64 bits"),
        ('{"timestamp": "1999-01-01", "usage": {"input_tokens": 1}}', "time out of range"),
        ('{"timestamp": "2999-01-01", "usage": {"input_tokens": 1}}', "time out of range"),
        ('{"timestamp": "soon", "usage": {"input_tokens": 1}}', "unreadable timestamp"),
        ('{"usage": {"input_tokens": 1}}', "no timestamp"),
        ('{"timestamp": "2026-09-01"}', "unknown format"),
        ("\x00\x00\x00\x00", "binary data"),
        ('{"a": "\udcff"}', "not UTF-8"),
        ("[1, 2]", "not an object"),
    ],
    ids=[
        "deep",
        "deep and cut",
        "nan",
        "negative",
        "beyond 64 bits",
        "1999",
        "2999",
        "no time",
        "without time",
        "unknown",
        "nul",
        "not utf-8",
        "array of numbers",
    ],
)
def test_one_bad_record_is_one_dead_letter(tmp_path: Path, bad: str, reason: str) -> None:
    data = text(GOOD).encode() + bad.encode("utf-8", "surrogateescape") + b"\n"
    (tmp_path / "log.jsonl").write_bytes(data + text({**GOOD, "id": "r2"}).encode())
    ran = ingest(tmp_path, "log.jsonl", "--json")
    assert (ran.code, ran.json["added"]) == (0, 2)
    reasons = ran.json["files"][0]["set_aside"]
    assert len(reasons) == 1
    assert reason in next(iter(reasons))


def test_a_record_over_the_limit_is_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text("[ingest]\nmax_record_bytes = 2000\n")
    long = json.dumps({**GOOD, "id": "long", "messages": "x" * 5000}) + "\n"
    (tmp_path / "log.jsonl").write_text(text(GOOD) + long + text({**GOOD, "id": "r3"}))
    ran = ingest(tmp_path, "log.jsonl", "--json")
    assert ran.json["added"] == 2
    assert ran.json["files"][0]["set_aside"] == {"over the length limit": 1}


def test_odd_text_is_stored_without_harm(tmp_path: Path) -> None:
    odd = {**GOOD, "metadata": {"session_id": "a\u0000b\ud800c\u202e", "repo_slug": "../../etc"}}
    (tmp_path / "log.jsonl").write_text(json.dumps(odd) + "\n")
    assert ingest(tmp_path, "log.jsonl", "--json").json["added"] == 1
    with ProdLensStore(tmp_path / "cache.db") as store:
        row = store.fetch_sessions()[0]
    assert row["repo_slug"] is None
    assert "\x00" not in (row["session_id"] or "")


def test_of_equal_keys_the_last_one_counts(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(
        '{"timestamp": "2026-09-01T00:00:00Z", "usage": {"input_tokens": 1, "input_tokens": 7}}\n'
    )
    ingest(tmp_path, "log.jsonl")
    with ProdLensStore(tmp_path / "cache.db") as store:
        assert store.fetch_sessions()[0]["tokens_in"] == 7


@pytest.mark.parametrize("slug", ["../x", "-rf", "a b", "a/../b", ""])
def test_a_hostile_repository_is_refused(tmp_path: Path, slug: str) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD))
    ran = ingest(tmp_path, "log.jsonl", f"--repo={slug}")
    assert ran.code in (1, 2)
    assert "owner/name" in ran.notes


def test_an_unknown_format_is_refused_with_the_names(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD))
    ran = ingest(tmp_path, "log.jsonl", "--format", "csv")
    assert ran.code in (1, 2)
    assert "litellm" in ran.notes


def test_standard_input_is_read_like_a_file(tmp_path: Path) -> None:
    ran = ingest(tmp_path, "-", "--json", stdin=(text(GOOD) + "{broken\n").encode())
    assert (ran.json["added"], ran.json["set_aside"]) == (1, 1)
    retried = prod_lens(tmp_path, "dead-letter", "retry", "--json", "--db", "cache.db")
    assert retried.json["gone"] == 1


def test_globs_and_folders_are_expanded_once_each(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for number in range(3):
        (tmp_path / "logs" / f"{number}.jsonl").write_text(text({**GOOD, "id": f"r{number}"}))
    ran = ingest(tmp_path, "logs/*.jsonl", "logs", "--json")
    assert ran.json["added"] == 3
    assert len(ran.json["files"]) == 3


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD))
    (tmp_path / "cache.db").write_bytes(b"no database at all" * 100)
    before = (tmp_path / "cache.db").read_bytes()
    ran = ingest(tmp_path, "log.jsonl")
    assert ran.code == 1
    assert "cache.db is damaged or is no SQLite database" in ran.notes
    assert (tmp_path / "cache.db").read_bytes() == before


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD))
    other = sqlite3.connect(tmp_path / "cache.db")
    other.execute("create table songs (title text)")
    other.close()
    ran = ingest(tmp_path, "log.jsonl")
    assert ran.code == 1
    assert "not one of ProdLens" in ran.notes


def test_a_newer_database_is_refused_clearly(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD))
    ingest(tmp_path, "log.jsonl")
    newer = sqlite3.connect(tmp_path / "cache.db")
    newer.execute("pragma user_version = 999")
    newer.close()
    ran = ingest(tmp_path, "log.jsonl")
    assert ran.code == 1
    assert "upgrade ProdLens" in ran.notes


def test_no_space_left_keeps_what_was_stored(tmp_path: Path) -> None:
    (tmp_path / "small.jsonl").write_text(text(GOOD))
    assert ingest(tmp_path, "small.jsonl").code == 0
    records = [{**GOOD, "id": f"n{n}"} for n in range(20_000)]
    (tmp_path / "large.jsonl").write_text(text(*records))
    size = (tmp_path / "cache.db").stat().st_size
    arguments = ("ingest-traces", "large.jsonl", "--db", "cache.db")
    ran = prod_lens(tmp_path, *arguments, file_limit=size + 400_000)
    assert ran.code == 1
    assert "again" in ran.notes
    with ProdLensStore(tmp_path / "cache.db") as store:
        assert store.conn.execute("pragma integrity_check").fetchone()[0] == "ok"
        assert store.conn.execute("select count(*) from sessions").fetchone()[0] >= 1
    again = ingest(tmp_path, "large.jsonl")
    assert again.code == 0
    with ProdLensStore(tmp_path / "cache.db") as store:
        assert store.conn.execute("select count(*) from sessions").fetchone()[0] == 20_001


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD))
    ingest(tmp_path, "log.jsonl")
    (tmp_path / "cache.db").chmod(0o400)
    (tmp_path / "log.jsonl").write_text(text(GOOD, {**GOOD, "id": "r2"}))
    ran = ingest(tmp_path, "log.jsonl")
    assert ran.code == 1
    assert "can't be written" in ran.notes


def test_retry_reads_the_source_again(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(text(GOOD) + '{"kind": "new"}\n{broken\n')
    ingest(tmp_path, "log.jsonl")
    listed = prod_lens(tmp_path, "dead-letter", "list", "--json", "--db", "cache.db").json
    assert [row["reason"] for row in listed["dead_letters"]] == ["unknown format", "cut off"]
    (tmp_path / "log.jsonl").unlink()
    retried = prod_lens(tmp_path, "dead-letter", "retry", "--json", "--db", "cache.db").json
    assert (retried["resolved"], retried["gone"], retried["open"]) == (0, 2, 0)


@pytest.mark.parametrize("name", ["default_user_id", "anonymous", " ", "session_1"])
def test_nobody_can_be_given_as_a_developer(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("{}\n")
    with ProdLensStore(tmp_path / "cache.db") as store, pytest.raises(InputError, match="nobody"):
        TraceIngestor(store).ingest([str(log)], IngestOptions(developer=name))
