"""Owns what a repository is called in traces: web address, ssh address, tag or slug to one slug.

Which slug is well formed is `prodlens.selection`'s rule; nothing is asked of git or of a forge.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from prodlens.errors import InputError
from prodlens.selection import parse_repository
from prodlens.sources.fields import text

_LONGEST: Final = 400
_HOST: Final = re.compile(
    r"[a-z+]{2,10}://(?:[^/@]*@)?(?P<host>[^/@]+)/(?P<path>.+)", re.IGNORECASE
)
_SCP: Final = re.compile(r"(?:[^/@:]+@)?(?P<host>[^/@:]{2,}):(?!//)(?P<path>.+)")
_FORGES: Final = frozenset({"github", "gitlab", "bitbucket"})
_SCHEMES: Final = frozenset({"http", "https", "ssh", "git", "git+ssh", "git+https"})


def repo_slug(value: object) -> str | None:
    """Return the lower-case `owner/name` of a URL, an ssh address, a `repo:` tag or a slug.

    None for what is missing and for what tries to leave a folder, names a local path, or is no
    slug; credentials inside a URL are dropped with its host.
    """
    return _slug(value) if isinstance(value, str) and len(value) <= _LONGEST else None


@functools.lru_cache(maxsize=4096)
def _slug(value: str) -> str | None:
    word = value.strip()
    if word[:5].lower() == "repo:":
        word = word[5:].strip()
    path = _path_of(re.split(r"[?#]", word, maxsplit=1)[0])
    if path is None or text(path) is None or ".." in path.split("/"):
        return None
    path = path.strip("/")
    path = path[:-4] if path.lower().endswith(".git") else path
    try:
        return parse_repository(path)
    except InputError:
        return None


def _path_of(word: str) -> str | None:
    """Return the repository's path without its host, None for a local path."""
    host, path = "", word
    if "://" in word:
        found = _HOST.fullmatch(word)
        if found is None or word.partition("://")[0].lower() not in _SCHEMES:
            return None
        host, path = found["host"], found["path"]
    elif found := _SCP.fullmatch(word):
        host, path = found["host"], found["path"]
        if "." not in host and "@" not in word and host.lower() not in _FORGES:
            return None
    elif word[:1] in ("/", "~", "."):
        return None
    elif word.count("/") >= 2 and "." in word.partition("/")[0]:
        host, _, path = word.partition("/")
    return _below_host(host, path.strip("/")) if host else path


def _below_host(host: str, path: str) -> str | None:
    """Cut what a web address adds behind the repository; an owner alone is no repository."""
    parts = path.split("/-/", 1)[0].split("/")
    if ".." in path.split("/") or len(parts) < 2:
        return None
    return "/".join(parts[:2] if "github" in host.lower() else parts)
