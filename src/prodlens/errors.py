"""Every exception ProdLens raises on purpose, in one tree; imports nothing of the package.

```
ProdLensError
├── InputError            what was given can't be used: mend the input, then run again
│   ├── MissingPathError  a path is missing, unreadable, or holds no traces
│   ├── CompressionError  compressed data are damaged or cut off
│   └── SettingsError     a setting has a value that makes no sense
├── StoreError            the database can't be used as it is
│   ├── StoreBusyError    another process held the database for longer than we wait
│   ├── StoreReadOnlyError the database can be read but not written
│   ├── StoreFullError    no space left for the database
│   ├── StoreCorruptError the file is damaged or is no SQLite database
│   ├── StoreEmptyError   the database holds nothing yet
│   └── SchemaTooNewError a newer ProdLens wrote this database
└── RemoteError           a remote service stopped us
    └── RetryLaterError   resumable: nothing is lost, run the same command later
```
Records that can't be read are *values* (`prodlens.schemas.Reject`), never exceptions.
Messages say what was wrong, the value, and the next step; they never hold prompts, code or tokens.
"""

from __future__ import annotations


class ProdLensError(Exception):
    """Base of every error a user may see; its text is complete and needs no traceback."""


class InputError(ProdLensError):
    """What was given can't be used: mend the input and run again."""


class MissingPathError(InputError):
    """A path is missing, unreadable, or holds no traces."""


class CompressionError(InputError):
    """Compressed data end early or are damaged; everything before that was read.

    Attributes:
        truncated: Whether they only end early, as a file does that is still being written.
    """

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated  # in the state that pickling keeps, so it has a default


class SettingsError(InputError):
    """A setting in `prodlens.toml`, the environment or a flag has an impossible value."""


class StoreError(ProdLensError):
    """The database can't be used as it is; the message names the file and the next step."""


class StoreBusyError(StoreError):
    """Another process held the database for longer than the busy timeout."""


class StoreReadOnlyError(StoreError):
    """The database can be read but not written."""


class StoreFullError(StoreError):
    """There was no space to write; nothing of the running transaction was kept."""


class StoreCorruptError(StoreError):
    """The file is damaged, or it is no SQLite database, or no database of ProdLens."""


class StoreEmptyError(StoreError):
    """The file holds no database yet: something has to be ingested first."""


class SchemaTooNewError(StoreError):
    """The database was written by a newer ProdLens than this one."""


class RemoteError(ProdLensError):
    """A remote service refused or failed."""


class RetryLaterError(RemoteError):
    """A remote service told us to wait for longer than allowed; resume later."""
