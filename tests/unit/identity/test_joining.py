"""Who is certainly whom, rule by rule, and where evidence that contradicts itself joins nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.errors import InputError
from prodlens.identity import Evidence, join, parse_identity
from prodlens.identity.evidence import of_call
from prodlens.identity.joining import final_developer
from prodlens.storage.identities import Account

if TYPE_CHECKING:
    from prodlens.identity import Identity

NOREPLY = "101+ada@users.noreply.github.com"
UUID = "9c1b7f0e-0d3a-4b52-8f63-2f6f1c2f7a11"
SHA256 = "0f" * 32


def account(
    email: str,
    name: str = "",
    github_id: int | None = None,
    login: str | None = None,
    commits: int = 1,
) -> Account:
    return Account(email, name, github_id, login, commits)


def people(**evidence: object) -> dict[str, list[str]]:
    """Return the identities of each developer as text."""
    joined = join(Evidence(**evidence))  # type: ignore[arg-type]
    return {one: sorted(map(str, group)) for one, group in joined.groups.items()}


def identity(text: str) -> Identity:
    return parse_identity(text)


def test_an_email_alone_is_nobody_yet() -> None:
    assert people(accounts=(account("ada@example.org", "Ada"),)) == {}


def test_a_trace_user_is_a_developer() -> None:
    assert people(trace_users=("ada", "Ada")) == {
        "ada": ["trace_user:ada"],
        "Ada": ["trace_user:Ada"],
    }


def test_an_exact_email_joins_commits_and_calls_whatever_its_case() -> None:
    evidence = Evidence(accounts=(account("ada@example.org"),), trace_users=("Ada@Example.org",))
    joined = join(evidence)
    assert joined.groups == {"ada@example.org": {identity("email:ada@example.org")}}
    assert joined.sources == {identity("email:ada@example.org"): "same_email"}


def test_an_email_that_calls_alone_know_is_a_developer() -> None:
    assert people(trace_users=("Ada@Example.org", "ada@example.org")) == {
        "ada@example.org": ["email:ada@example.org"]
    }


def test_ids_of_calls_are_told_apart_by_their_form() -> None:
    assert people(trace_users=(UUID, SHA256, "team key 1", "dev-42")) == {
        UUID: [f"account:{UUID}"],
        SHA256: [f"device:{SHA256}"],
        "team key 1": ["key_alias:team key 1"],
        "dev-42": ["trace_user:dev-42"],
    }


@pytest.mark.parametrize(
    ("developer_id", "kind"),
    [
        (UUID.upper(), "account"),
        (f"user-{UUID}", "key_alias"),
        (SHA256[:-1], "key_alias"),
        ("dev-" + "x" * 35, "trace_user"),
        ("dev-" + "x" * 36, "key_alias"),
        ("ada--lovelace", "key_alias"),
        ("ada.lovelace", "key_alias"),
        ("ada@localhost", "key_alias"),
        ("ädä@example.org", "key_alias"),
        (" ada", "key_alias"),
        ("ada@example.org ", "key_alias"),
    ],
)
def test_the_form_of_an_id_decides_alone(developer_id: str, kind: str) -> None:
    assert of_call(developer_id) == (kind, developer_id)


def test_every_id_of_one_person_is_theirs_once_somebody_said_so() -> None:
    found = people(
        accounts=(account(NOREPLY, "", 101, "ada"),),
        trace_users=(UUID, SHA256, "team key 1", "Ada@Example.org"),
        links={
            identity(text): "Ada"
            for text in (
                f"account:{UUID}",
                f"device:{SHA256}",
                "key_alias:team key 1",
                "ada@example.org",
                "login:ada",
            )
        },
    )
    assert list(found) == ["Ada"]
    assert len(found["Ada"]) == 7


def test_githubs_address_joins_email_login_and_id() -> None:
    found = join(Evidence(accounts=(account(NOREPLY, "Ada", 101, "ada"),)))
    assert set(found.groups) == {"ada"}
    assert {str(one): source for one, source in found.sources.items()} == {
        f"email:{NOREPLY}": "noreply",
        "github_id:101": "noreply",
        "github_login:ada": "noreply",
    }


def test_what_the_api_tells_of_an_email_joins_it() -> None:
    found = people(
        accounts=(
            account("ada@example.org", "Ada", 101, "Ada"),
            account(NOREPLY, "Ada", 101, "ada"),
        )
    )
    assert found == {
        "ada": [f"email:{NOREPLY}", "email:ada@example.org", "github_id:101", "github_login:ada"]
    }


def test_a_mail_map_joins_addresses_under_the_one_it_names() -> None:
    found = people(
        accounts=(account("a@home.example"), account("zoe@example.org")),
        mail_map=(("a@home.example", "zoe@example.org"),),
    )
    assert found == {"zoe@example.org": ["email:a@home.example", "email:zoe@example.org"]}


def test_a_mail_map_reaches_the_calls_of_an_address_without_commits() -> None:
    found = people(
        accounts=(account("old@example.org"),),
        mail_map=(("old@example.org", "new@example.org"),),
        trace_users=("new@example.org",),
    )
    assert list(found) == ["new@example.org"]
    assert found["new@example.org"] == ["email:new@example.org", "email:old@example.org"]


def test_an_address_that_two_mail_maps_give_to_different_people_joins_neither() -> None:
    found = people(
        mail_map=(("x@example.org", "a@example.org"), ("x@example.org", "b@example.org"))
    )
    assert found == {}


def test_an_email_of_two_accounts_joins_neither() -> None:
    found = people(
        accounts=(
            account("shared@example.org", "", 1, "one"),
            account("shared@example.org", "", 2, "two"),
        )
    )
    assert found == {
        "one": ["github_id:1", "github_login:one"],
        "two": ["github_id:2", "github_login:two"],
    }


def test_a_login_that_changed_hands_names_nobody_and_a_renamed_account_stays_one() -> None:
    found = people(
        accounts=(
            account("1+old@users.noreply.github.com", "", 1, "old"),
            account("1+new@users.noreply.github.com", "", 1, "new"),
            account("2+old@users.noreply.github.com", "", 2, "old"),
        )
    )
    assert found == {
        "new": [
            "email:1+new@users.noreply.github.com",
            "email:1+old@users.noreply.github.com",
            "github_id:1",
            "github_login:new",
        ],
        "2+old@users.noreply.github.com": ["email:2+old@users.noreply.github.com", "github_id:2"],
    }


def test_logins_of_pull_requests_are_developers() -> None:
    assert people(logins=(("Ada", 101), ("ghost", 10137))) == {
        "ada": ["github_id:101", "github_login:ada"]
    }


def test_programs_and_nobody_become_no_developers() -> None:
    found = people(
        accounts=(
            account("noreply@github.com", "GitHub", 1, "web-flow"),
            account("noreply@anthropic.com", "Claude", 2, "claude"),
            account("49699333+dependabot[bot]@users.noreply.github.com", "", 49699333, "x[bot]"),
        ),
        logins=(("claude", 2), ("ghost", 10137), ("devin-ai-integration[bot]", 5)),
        trace_users=("github-actions[bot]", "noreply@github.com"),
        mail_map=(("noreply@github.com", "ada@example.org"),),
    )
    assert found == {}


def test_equal_logins_and_trace_users_are_not_joined() -> None:
    found = people(accounts=(account(NOREPLY, "", 101, "ada"),), trace_users=("ada",))
    assert found["ada"] == ["trace_user:ada"]
    assert found["github_login:ada"] == [
        f"email:{NOREPLY}",
        "github_id:101",
        "github_login:ada",
    ]


def test_a_statement_names_the_developer_and_joins() -> None:
    found = people(
        accounts=(account(NOREPLY, "", 101, "ada"),),
        trace_users=("dev-42",),
        links={identity("trace_user:dev-42"): "Ada", identity("github_login:ada"): "Ada"},
    )
    assert list(found) == ["Ada"]
    assert len(found["Ada"]) == 4


def test_what_people_tell_apart_no_rule_joins() -> None:
    found = people(
        accounts=(account(NOREPLY, "", 101, "ada"),),
        links={identity(NOREPLY): "one", identity("github_login:ada"): "two"},
    )
    assert found == {
        "one": [f"email:{NOREPLY}"],
        "two": ["github_login:ada"],
        "github_id:101": ["github_id:101"],
    }


def test_what_was_unlinked_stands_alone() -> None:
    found = people(
        accounts=(account("ada@example.org"), account("ada@home.example")),
        mail_map=(("ada@home.example", "ada@example.org"),),
        trace_users=("ada@example.org",),
        links={identity("ada@example.org"): None},
    )
    assert found == {"ada@example.org": ["email:ada@example.org"]}


def test_merged_developers_are_one() -> None:
    found = people(
        links={identity("trace_user:a"): "A", identity("trace_user:b"): "B"},
        merges={"A": "B"},
        trace_users=("a", "b"),
    )
    assert found == {"B": ["trace_user:a", "trace_user:b"]}


def test_merges_are_followed_and_a_circle_ends() -> None:
    assert final_developer("a", {"a": "b", "b": "c"}) == "c"
    assert final_developer("x", {"x": "c", "c": "b", "b": "c"}) == "b"
    assert final_developer("alone", {}) == "alone"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ada@Example.org", "email:ada@example.org"),
        ("email: Ada@Example.org", "email:ada@example.org"),
        ("login:Ada", "github_login:ada"),
        ("trace_user:Ada:x", "key_alias:Ada:x"),
        ("key_alias:Ada", "trace_user:Ada"),
        ("trace_user:Ada@Example.org", "email:ada@example.org"),
        (f"trace_user:{UUID}", f"account:{UUID}"),
        (f"device:{SHA256}", f"device:{SHA256}"),
        ("github_id:101", "github_id:101"),
    ],
)
def test_identities_are_read_as_people_write_them(text: str, written: str) -> None:
    assert str(parse_identity(text)) == written


@pytest.mark.parametrize(
    "text", ["ada", "email:", "github_id:ada", "phone:1", "", ":", "developer:x"]
)
def test_what_is_no_identity_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no identity: write email:"):
        parse_identity(text)


@pytest.mark.parametrize(
    "text", ["noreply@github.com", "login:dependabot[bot]", "noreply@anthropic.com", "login:ghost"]
)
def test_programs_and_nobody_can_not_be_linked(text: str) -> None:
    with pytest.raises(InputError, match="a program or to nobody"):
        parse_identity(text)
