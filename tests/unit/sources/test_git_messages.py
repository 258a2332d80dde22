"""Merge, squash and revert messages as GitHub and git write them, and what only looks like one."""

from __future__ import annotations

import pytest

from prodlens.sources.git_messages import read_message


def test_a_merge_message_names_number_branch_and_title() -> None:
    message = read_message("Merge pull request #12 from ada/fix/it\n\nFix it\n\nMore.\n")
    assert (message.merged_number, message.head_ref, message.title) == (12, "fix/it", "Fix it")
    assert message.subject == "Merge pull request #12 from ada/fix/it"


def test_a_merge_message_without_a_body_has_no_title() -> None:
    message = read_message("Merge pull request #12 from ada/fix\n")
    assert (message.merged_number, message.title) == (12, None)


def test_the_number_at_the_end_of_a_subject_counts_the_last_one_only() -> None:
    message = read_message("Port fix (#12) (#15)")
    assert (message.subject_number, message.title) == (15, "Port fix (#12)")
    assert message.merged_number is None


@pytest.mark.parametrize(
    "subject",
    [
        "Fix (#12) again",
        "Fix #12",
        "Fix (#0)",
        "Fix (#1234567890123)",
        'Revert "Fix (#12)"',
        "Merge branch 'x'",
    ],
)
def test_other_numbers_are_not_read(subject: str) -> None:
    message = read_message(subject)
    assert (message.subject_number, message.merged_number) == (None, None)


def test_gits_own_revert_names_the_commit() -> None:
    sha = "0123456789abcdef0123456789abcdef01234567"
    message = read_message(f'Revert "Fix"\n\nThis reverts commit {sha.upper()}.\n')
    assert (message.reverts_sha, message.reverts_number) == (sha, None)


def test_the_revert_of_a_merge_names_the_merge() -> None:
    message = read_message(
        'Revert "Merge pull request #1 from a/b"\n\n'
        "This reverts commit 1111111, reversing\nchanges made to 2222222.\n"
    )
    assert message.reverts_sha == "1111111"
    assert message.merged_number is None


def test_githubs_revert_names_the_pull_request_and_its_repository() -> None:
    message = read_message('Revert "Fix (#12)" (#13)\n\nReverts Acme/Payments#12\n')
    assert (message.reverts_number, message.reverts_slug) == (12, "acme/payments")
    assert message.subject_number == 13


def test_a_revert_of_a_revert_names_the_revert() -> None:
    message = read_message('Revert "Revert "Fix (#12)" (#13)" (#14)')
    assert (message.reverts_number, message.subject_number) == (13, 14)


def test_a_message_that_only_speaks_of_reverting_reverts_nothing() -> None:
    message = read_message("Explain reverts\n\nThe button reverts changes. This one Reverts them.")
    assert (message.reverts_sha, message.reverts_number) == (None, None)


def test_a_squash_repeats_trailers_and_each_counts_once() -> None:
    text = (
        "Add it (#1)\n\n* one\n\nCo-authored-by: Claude <noreply@anthropic.com>\n\n"
        "* two\n\nCO-AUTHORED-BY: Claude <noreply@anthropic.com>\n"
        "Co-authored-by: Bob <bob@example.org>\n"
    )
    assert [(sign.key, sign.value) for sign in read_message(text).signs] == [
        ("co-authored-by", "Claude <noreply@anthropic.com>")
    ]


def test_the_sentence_of_a_tool_is_a_sign() -> None:
    text = "Add it\n\n🤖 Generated with [Claude Code](https://claude.ai/code)\n"
    (sign,) = read_message(text).signs
    assert (sign.key, sign.value, sign.vendor) == ("generated-with", "Claude Code", "anthropic")
    assert read_message("Add\n\nGenerated with [protoc](x)").signs == ()


def test_windows_line_ends_do_not_hide_a_trailer() -> None:
    text = "Add\r\n\r\nCo-authored-by: Claude <noreply@anthropic.com>\r\n"
    message = read_message(text)
    assert message.subject == "Add"
    assert [sign.value for sign in message.signs] == ["Claude <noreply@anthropic.com>"]


def test_a_trailer_in_the_middle_of_a_line_is_talk() -> None:
    assert read_message("Add\n\nsay Co-authored-by: Claude <noreply@anthropic.com>").signs == ()


@pytest.mark.parametrize(
    "text", ["", "\n\n", "\x00", "#" * 100_000, "Revert " * 10_000, ": " * 9999]
)
def test_no_message_is_too_strange(text: str) -> None:
    assert len(read_message(text).subject) <= 1000
