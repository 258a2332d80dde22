from __future__ import annotations

import math
import stat
import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens import partitions
from prodlens.aggregation import ParquetExporter
from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIELDS: tuple[partitions.Field, ...] = (
    ("day", "text"),
    ("tokens", "whole"),
    ("cost", "number"),
    ("accepted", "flag"),
    ("at", "time"),
)
ROWS: list[tuple[Any, ...]] = [
    ("2024-10-28", 2**62, 0.1, 1, "2024-10-28T12:00:00.000001Z"),
    (None, None, None, None, None),
    ("", 0, 0.0, 0, "1970-01-01T00:00:00.000000Z"),
]


def inode(path: Path) -> tuple[int, int]:
    """Return what changes whenever a file is replaced."""
    return path.stat().st_ino, path.stat().st_mtime_ns


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Folders and paths -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "folder"),
    [
        ("org/repo-1", "org-repo-1"),
        ("", "_unassigned"),
        ("Org/Repo", "Org-Repo"),
        ("group/sub/repo", "group-sub-repo"),
        ("a.b/c_d", "a.b-c_d"),
        ("..", "repo-5ec1f7e7"),
        ("../../etc", "repo..-..-etc-74ccf3c5"),
        ("/etc/passwd", "repo-etc-passwd-74acf318"),
        ("_aggregates", "repo_aggregates-1c920cfa"),
        ("_unassigned", "repo_unassigned-6a003a94"),
        (".hidden/x", "repo.hidden-x-4a1e5c9e"),
        ("a\\b/c", "a_b-c-53042cd8"),
        ("a b/*", "a_b-_-feddf005"),
        ("nul", "reponul-99e62427"),
        ("com1.x", "repocom1.x-e872d775"),
        ("org/repo.", "org-repo-6a5a8c1e"),
    ],
)
def test_folder_is_the_slug_with_dashes_or_says_that_it_is_not(slug: str, folder: str) -> None:
    assert partitions.folder_name(slug, []) == folder  # digits: printf %s SLUG | sha256sum


def test_slugs_that_meet_get_folders_of_their_own() -> None:
    first = partitions.folder_name("a/b-c", [])
    second = partitions.folder_name("a-b/c", [first])
    assert (first, second) == ("a-b-c", "a-b-c-4e84717d")
    assert partitions.folder_name("A/B-c", [first, second]) == "A-B-c-83d3d56d"


def test_a_slug_that_looks_like_a_suffixed_one_gets_more_digits() -> None:
    taken = ["a-b-c", "a-b-c-4e84717d"]
    assert partitions.folder_name("a-b/c", taken) == "a-b-c-4e84717d75bd540d"


@given(st.lists(st.text(max_size=20), unique=True, max_size=6))
def test_folders_are_distinct_single_components_for_any_slugs(slugs: list[str]) -> None:
    taken: list[str] = []
    for slug in slugs:
        folder = partitions.folder_name(slug, taken)
        assert folder.lower() not in [name.lower() for name in taken]
        assert not set(folder) & set("/\\\0*?[] :\n")
        assert folder.strip(".") == folder
        assert len(folder) <= 200
        assert folder[0] not in "_." or folder == "_unassigned"
        taken.append(folder)


def test_a_slug_of_four_long_parts_still_fits_a_file_name() -> None:
    assert len(partitions.folder_name("/".join(["x" * 100] * 4), [])) == 109


@pytest.mark.parametrize("folder", ["..", "a/b", "", "_aggregates", ".x", "a\n", "x" * 300])
def test_no_path_outside_of_the_root_can_be_made(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError, match="can't be a folder"):
        partitions.partition_path(tmp_path, folder, "2024-10-28")


@pytest.mark.parametrize("day", ["2024-13-01", "../2024-10-28", "20241028", "2024-10-28 ", ""])
def test_no_file_is_named_after_what_is_no_day(tmp_path: Path, day: str) -> None:
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        partitions.partition_path(tmp_path, "org-repo", day)


def test_files_of_an_export_are_found_and_others_are_not(tmp_path: Path) -> None:
    kept = [
        "_aggregates/daily_sessions.parquet",
        "_unassigned/2024-10-01.parquet",
        "org-repo/2024-10-01.parquet",
        "org-repo/2024-10-02.parquet",
    ]
    passed_over = [
        "org-repo/notes.parquet",
        "org-repo/.2024-10-03.parquet.1f.partial",
        ".hidden/2024-10-01.parquet",
        "2024-10-01.parquet",
    ]
    assert partitions.all_files(tmp_path / "nowhere") == []
    for name in (*passed_over, *reversed(kept)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert partitions.all_files(tmp_path) == [tmp_path / name for name in kept]


# Writing -----------------------------------------------------------------------------------


def test_types_follow_the_kinds_whatever_the_values(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for rows in (ROWS, [], [(None,) * 5]):
        partitions.write(path, FIELDS, rows)
        schema = pq.read_schema(path)
        assert [(f.name, str(f.type)) for f in schema] == [
            ("day", "string"),
            ("tokens", "int64"),
            ("cost", "double"),
            ("accepted", "bool"),
            ("at", "timestamp[us, tz=UTC]"),
        ]


def test_file_is_snappy_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.parquet"
    partitions.write(path, FIELDS, ROWS)
    group = pq.read_metadata(path).row_group(0)
    assert {group.column(i).compression for i in range(5)} == {"SNAPPY"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path.parent) == ["a.parquet"]


def test_what_is_read_back_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    done = partitions.write(path, FIELDS, iter(ROWS))
    assert done == partitions.Written(rows=3, size=path.stat().st_size, changed=True)
    assert partitions.read(path, FIELDS) == ROWS
    wider: tuple[partitions.Field, ...] = (("added", "text"), *FIELDS[:1])
    assert partitions.read(path, wider) == [(None, "2024-10-28"), (None, None), (None, "")]


def test_infinities_are_kept_and_precision_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    partitions.write(path, (("x", "number"),), [(math.inf,), (0.1 + 0.2,)])
    assert partitions.read(path, (("x", "number"),)) == [(math.inf,), (0.30000000000000004,)]


def test_equal_rows_leave_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    partitions.write(path, FIELDS, ROWS)
    before = inode(path)
    assert not partitions.write(path, FIELDS, ROWS).changed
    assert inode(path) == before
    assert names(tmp_path) == ["a.parquet"]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:2],
        ROWS[::-1],
        [*ROWS, ROWS[0]],
        [ROWS[0], (None, None, None, 0, None), ROWS[2]],
        [ROWS[0], (None, None, -0.0, None, None), ROWS[2]],
        [ROWS[0], ("", None, None, None, None), ROWS[2]],
    ],
)
def test_any_difference_replaces_the_file(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "a.parquet"
    partitions.write(path, FIELDS, ROWS)
    assert partitions.write(path, FIELDS, rows).changed
    assert partitions.read(path, FIELDS) == rows


def test_another_column_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    empty: list[tuple[Any, ...]] = []
    partitions.write(path, FIELDS, empty)
    assert partitions.write(path, FIELDS[:-1], empty).changed
    assert partitions.write(path, (*FIELDS[:-1], ("at", "text")), empty).changed


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        partitions.write(tmp_path / name, FIELDS, ROWS * 700)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_many_rows_are_written_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    done = partitions.write(path, FIELDS[1:2], ((n,) for n in range(50_001)))
    metadata = pq.read_metadata(path)
    assert (done.rows, metadata.num_rows) == (50_001, 50_001)
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sizes == [20_000, 20_000, 10_001]
    assert pq.read_table(path)["tokens"].to_pylist() == list(range(50_001))


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("whole", 1.5, "a whole number"),
        ("whole", "many", "a whole number"),
        ("whole", 2**63, "a whole number"),
        ("number", "fast", "a number"),
        ("flag", "yes", "0 or 1"),
        ("time", "yesterday", "a fixed-width UTC time"),
        ("time", "2024-10-28T12:00:00", "a fixed-width UTC time"),
        ("text", 5, "text"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_never_bent(
    tmp_path: Path, kind: partitions.Kind, value: object, wanted: str
) -> None:
    path = tmp_path / "a.parquet"
    partitions.write(path, ((("x"), kind),), [(None,)])
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"column x holds a value that is not {wanted}"):
        partitions.write(path, (("x", kind),), [(value,)])
    assert path.read_bytes() == before
    assert names(tmp_path) == ["a.parquet"]


def test_a_reader_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    partitions.write(path, FIELDS, ROWS)
    before = inode(path)

    def failing() -> Any:
        yield ROWS[0]
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        partitions.write(path, FIELDS, failing())
    assert inode(path) == before
    assert names(tmp_path) == ["a.parquet"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 no parquet at all PAR1"])
def test_a_damaged_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    assert not partitions.is_ours(path)
    assert partitions.read(path, FIELDS) == []
    assert partitions.write(path, FIELDS, ROWS).changed
    assert partitions.is_ours(path)


def test_a_file_of_somebody_else_is_not_ours(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    assert not partitions.is_ours(tmp_path / "a.parquet")
    assert not partitions.is_ours(tmp_path / "missing.parquet")


# Leftovers and the lock --------------------------------------------------------------------


def test_leftovers_of_killed_runs_are_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "org-repo").mkdir()
    leftovers = [".m.json.0a.partial", "org-repo/.2024-10-28.parquet.0b.partial"]
    others = ["notes.partial", "org-repo/2024-10-28.parquet"]
    for name in (*leftovers, *others):
        (tmp_path / name).touch()
    partitions.sweep(tmp_path)
    assert not any((tmp_path / name).exists() for name in leftovers)
    assert all((tmp_path / name).exists() for name in others)


def test_the_last_file_takes_its_folder_along(tmp_path: Path) -> None:
    first, second = tmp_path / "a-b" / "1.parquet", tmp_path / "a-b" / "2.parquet"
    first.parent.mkdir()
    first.touch()
    second.touch()
    partitions.remove(first)
    assert second.exists()
    partitions.remove(second)
    partitions.remove(second)
    assert not second.parent.exists()


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with partitions.locked(tmp_path / "lake"):
            order.append("second")

    with partitions.locked(tmp_path / "lake"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


# Places ------------------------------------------------------------------------------------


def test_a_file_url_is_the_folder(tmp_path: Path) -> None:
    place = partitions.place_at(f"file://{tmp_path}/a%20b")
    partitions.write_at(place, "x/a.parquet", FIELDS, ROWS)
    path = tmp_path / "a b" / "x" / "a.parquet"
    assert partitions.read(path, FIELDS) == ROWS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (place.url, place.address("x")) == (f"{tmp_path}/a b", f"{tmp_path}/a b/x")


@pytest.fixture
def store() -> Iterator[partitions.Place]:
    """Return an empty object store that lives in this process."""
    from fsspec.implementations.memory import MemoryFileSystem

    yield partitions.place_at("memory://bucket/lake/")
    MemoryFileSystem.store.clear()


def test_a_store_holds_what_was_put_whole(store: partitions.Place) -> None:
    assert store.size("a/2024-10-28.parquet") is None
    done = partitions.write_at(store, "a/2024-10-28.parquet", FIELDS, ROWS)
    assert (done.changed, done.rows) == (True, 3)
    assert done.size == store.size("a/2024-10-28.parquet")
    assert partitions.read_at(store, "a/2024-10-28.parquet", FIELDS) == ROWS
    assert not partitions.write_at(store, "a/2024-10-28.parquet", FIELDS, ROWS).changed
    assert partitions.is_ours_at(store, "a/2024-10-28.parquet")
    assert not partitions.is_ours_at(store, "a/2024-10-29.parquet")
    assert store.address("a/x") == "memory://bucket/lake/a/x"


def test_a_store_shows_nothing_of_what_failed(store: partitions.Place) -> None:
    partitions.write_at(store, "a.parquet", FIELDS, ROWS)
    with pytest.raises(InputError), store.locked():
        partitions.write_at(store, "a.parquet", (("x", "whole"),), [("many",)])
    assert partitions.read_at(store, "a.parquet", FIELDS) == ROWS

    def failing() -> Any:
        yield ROWS[0]
        raise OSError(5, "halfway")

    with pytest.raises(OSError, match="halfway"):
        partitions.write_at(store, "b.parquet", FIELDS, failing())
    with store.drafted("c.parquet") as draft:
        draft.keep = False
    assert [store.size(name) for name in ("b.parquet", "c.parquet")] == [None, None]


def test_a_store_lists_files_of_an_export_alone(store: partitions.Place) -> None:
    kept = ["_aggregates/daily_sessions.parquet", "_unassigned/2024-10-01.parquet"]
    for name in (*reversed(kept), "_manifest.json", "a/notes.parquet", "2024-10-01.parquet"):
        with store.drafted(name) as draft:
            draft.stream.write(b"x")
    assert store.files() == kept
    with store.locked():
        store.sweep()
        store.remove(kept[0])
        store.remove("a/never.parquet")
        assert (store.files(), store.size(kept[1])) == (kept[1:], 1)
    assert store.files() == kept[1:]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://host/lake", "https:// is no place"),
        ("sftp://host/lake", "sftp:// is no place"),
        ("gs://bucket/lake", r"pip install 'prodlens\[gcs\]'"),
    ],
)
def test_a_url_that_cannot_be_written_whole_is_refused(url: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        partitions.place_at(url)


def test_tables_in_row_groups_give_the_file_of_their_rows(tmp_path: Path) -> None:
    rows = [(str(n), n, None, 1, None) for n in range(45_000)]
    place = partitions.place_at(tmp_path)
    partitions.write_at(place, "rows", FIELDS, rows)
    tables = [
        partitions.table_of(FIELDS, rows[at : at + partitions.ROWS_AT_ONCE])
        for at in range(0, len(rows), partitions.ROWS_AT_ONCE)
    ]
    assert partitions.write_tables_at(place, "tables", FIELDS, tables).rows == 45_000
    assert (tmp_path / "rows").read_bytes() == (tmp_path / "tables").read_bytes()


def test_files_of_an_object_store_have_no_paths() -> None:
    exporter = ParquetExporter("memory://bucket/lake")
    assert exporter.list_files() == []
    with pytest.raises(InputError, match=r"is no folder: ask for list_files\(\)"):
        exporter.list_partitions()
