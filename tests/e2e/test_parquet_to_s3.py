"""An export into an object store holds what a folder holds, file by file and byte by byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.s3_server import BUCKET, s3_server, use_server
from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.cli.__main__ import prod_lens
from prodlens.errors import InputError
from prodlens.partitions import place_at
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = f"s3://{BUCKET}/team/lake"
CALLS = [
    {"timestamp": f"2026-10-0{day}T12:00:00Z", "repo_slug": repo, "tokens_in": day}
    for day in (1, 2, 3)
    for repo in ("org/repo", "org/other", None)
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return an empty bucket that keeps every version of an object; work in an empty folder."""
    import boto3

    use_server(monkeypatch, server)
    monkeypatch.chdir(tmp_path)
    found = boto3.resource("s3").Bucket(BUCKET)
    found.Versioning().enable()
    found.object_versions.delete()
    return found


def export(store: ProdLensStore, where: str = URL, **scope: Any) -> int:
    DailyAggregator(store).write_aggregates()
    exporter = ParquetExporter(where)
    exporter.export_aggregates_by_date(store)
    return exporter.export_sessions_by_date(store, **scope)


def objects(bucket: Any) -> dict[str, bytes]:
    return {item.key: item.get()["Body"].read() for item in bucket.objects.all()}


def writes(bucket: Any) -> list[str]:
    """Return the name of every object that was put or removed so far, in no order."""
    return sorted(item.object_key for item in bucket.object_versions.all())


def test_objects_are_the_files_of_a_folder(bucket: Any) -> None:
    with ProdLensStore("a.db") as store:
        store.insert_sessions(CALLS)
        assert export(store) == export(store, "folder") == 9
    files = {
        f"team/lake/{path.relative_to('folder').as_posix()}": path.read_bytes()
        for path in Path("folder").rglob("*.*")
        if path.name != ".lock"
    }
    assert objects(bucket) == files
    assert len(files) == 11
    assert ParquetExporter(URL).list_files()[:2] == [
        f"{URL}/_aggregates/daily_sessions.parquet",
        f"{URL}/_unassigned/2026-10-01.parquet",
    ]


def test_only_what_changed_is_put_again(bucket: Any) -> None:
    with ProdLensStore("a.db") as store:
        store.insert_sessions(CALLS)
        export(store)
        before = writes(bucket)
        assert export(store) == 9
        assert writes(bucket) == before
        store.insert_sessions([CALLS[0] | {"model": "new"}])
        assert export(store) == 10
    again = writes(bucket)
    for name in before:
        again.remove(name)
    assert again == [
        "team/lake/_aggregates/daily_sessions.parquet",
        "team/lake/_manifest.json",
        "team/lake/_manifest.json",
        "team/lake/org-repo/2026-10-01.parquet",
    ]


def test_calls_that_are_gone_leave_no_object(bucket: Any) -> None:
    with ProdLensStore("a.db") as store:
        store.insert_sessions(CALLS)
        export(store)
        theirs = bucket.put_object(Key="team/lake/org-repo/notes.txt", Body=b"ours")
        store.conn.execute("delete from sessions where repo_slug = 'org/other'")
        assert export(store) == 6
        assert theirs.get()["Body"].read() == b"ours"
        assert export(store, since="2026-10-03") == 2
    assert [key for key in objects(bucket) if "other" in key] == []
    assert len(ParquetExporter(URL).list_files()) == 7


def test_the_manifest_comes_last(bucket: Any) -> None:
    with ProdLensStore("a.db") as store:
        store.insert_sessions(CALLS)
        store.conn.execute("update sessions set tokens_in = 'many' where event_date = '2026-10-03'")
        with pytest.raises(InputError, match="tokens_in"):
            ParquetExporter(URL).export_sessions_by_date(store)
        assert f"{URL}/org-repo/2026-10-02.parquet" in ParquetExporter(URL).list_files()
        assert "team/lake/_manifest.json" not in objects(bucket)
        store.conn.execute("update sessions set tokens_in = 3 where event_date = '2026-10-03'")
        assert ParquetExporter(URL).export_sessions_by_date(store) == 9
    manifest = json.loads(objects(bucket)["team/lake/_manifest.json"])
    assert len(manifest["files"]) == 9


def test_the_command_takes_a_url(bucket: Any) -> None:
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(CALLS)
    result = CliRunner().invoke(prod_lens, ["export", "parquet", "--out", URL])
    assert result.exit_code == 0
    assert result.stdout.split(maxsplit=1)[1] == f"9 calls and 3 daily rows; 10 files in {URL}\n"
    assert len(objects(bucket)) == 11
    assert not Path("s3:").exists()


def test_a_bucket_that_is_not_there_is_a_sentence(bucket: Any) -> None:
    assert bucket.name == BUCKET
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(CALLS)
    result = CliRunner().invoke(prod_lens, ["export", "parquet", "--out", "s3://no-such/lake"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: s3://no-such/lake is in no bucket that there is: make the bucket first.\n"
    )


def test_a_server_that_is_not_there_is_a_sentence(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket.name == BUCKET
    use_nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for name, value in use_nobody.items():
        monkeypatch.setenv(name, value)
    import s3fs

    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(InputError, match=r"s3://lake/team/lake can't be reached \(Endpoint"):
        place_at(URL).files()
