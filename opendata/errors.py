"""What can stop the work.

::

    OpendataError
    ├── DocumentError    the document cannot be read
    ├── FactsError       a fact that the document does not say is missing or wrong
    ├── PackageError     a folder is not a data package that we can read
    ├── OutputError      the output cannot be written; what was there is untouched
    ├── FetchError       an address may not be asked, or does not answer well
    ├── StoreError       a folder is not a store that can be read, or cannot take a package
    ├── QueryError       a query is wrong, or cannot be answered
    │   ├── RefusedQueryError  it is too long, too deep, or asks for what is not done here
    │   ├── ProtectedGraphError  it would change what was published
    │   ├── QueryTimeoutError  it took too long
    │   ├── QueryMemoryError   it took too much memory
    │   ├── AnswerSizeError    its answer is too large
    │   ├── AnswerFormatError  its answer has none of the formats that were asked for
    │   ├── NoGraphError       there is no such graph
    │   ├── CrashedQueryError  it ended the process that worked on it
    │   └── BusyError          too many queries wait
    ├── SettingsError    an option, a settings file or a baseline cannot be used
    └── PortalError      a portal did not take what was sent

Errors stop; what a reader or a rule merely dislikes is a `Finding` and goes on.
"""


class OpendataError(Exception):
    """A message in both languages that names the place, what was found, and the way out."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en

    def __reduce__(self) -> tuple[type["OpendataError"], tuple[str, str]]:
        """How it comes from another process."""
        return type(self), (self.zh, self.en)


class DocumentError(OpendataError):
    """The document cannot be read."""


class FactsError(OpendataError):
    """A fact that the document does not say is missing or wrong."""


class PackageError(OpendataError):
    """A folder is not a data package that can be read."""


class OutputError(OpendataError):
    """The output cannot be written."""


class FetchError(OpendataError):
    """An address may not be asked, or does not answer well."""


class QueryError(OpendataError):
    """A query cannot be answered."""


class RefusedQueryError(QueryError):
    """A query is too long or too deep, or asks for what is not done here."""


class ProtectedGraphError(QueryError):
    """An update would change a graph that was published."""


class QueryTimeoutError(QueryError):
    """A query took too long and was ended."""


class QueryMemoryError(QueryError):
    """A query took too much memory and was ended."""


class AnswerSizeError(QueryError):
    """An answer is larger than the limit."""


class AnswerFormatError(QueryError):
    """An answer has none of the formats that were asked for."""


class NoGraphError(QueryError):
    """The store has no such graph."""


class CrashedQueryError(QueryError):
    """A query ended the process that worked on it."""


class BusyError(QueryError):
    """Too many queries wait already."""


class SettingsError(OpendataError):
    """An option, a settings file or a baseline cannot be used."""


class PortalError(OpendataError):
    """A portal did not take what was sent."""


class StoreError(OpendataError):
    """A folder is not a store that can be read, or a store cannot take a package."""
