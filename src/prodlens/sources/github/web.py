"""The session used by default: `requests`, imported only when something is asked.

It neither follows moved addresses nor reads ~/.netrc: both could change who gets which token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping


class WebSession:
    """A `requests.Session` that sends exactly the headers it is given."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        timeout: float,
    ) -> Any:
        """Send a GET and return the response with its whole body."""
        return self._session.get(
            url,
            headers=dict(headers),
            params=params,
            timeout=timeout,
            allow_redirects=False,
            auth=_as_it_is,
        )

    def post(
        self, url: str, *, json: Mapping[str, Any], headers: Mapping[str, str], timeout: float
    ) -> Any:
        """Send a POST and return the response with its whole body."""
        return self._session.post(
            url,
            json=json,
            headers=dict(headers),
            timeout=timeout,
            allow_redirects=False,
            auth=_as_it_is,
        )


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request alone; with this, requests doesn't look for passwords elsewhere."""
    return request
