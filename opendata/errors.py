"""What can stop the work.

::

    OpendataError
    ├── DocumentError    the document cannot be read
    ├── FactsError       a fact that the document does not say is missing or wrong
    ├── PackageError     a folder is not a data package that we can read
    ├── OutputError      the output cannot be written; what was there is untouched
    ├── FetchError       an address may not be asked, or does not answer well
    ├── QueryError       a query is wrong, or took too long
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


class SettingsError(OpendataError):
    """An option, a settings file or a baseline cannot be used."""


class PortalError(OpendataError):
    """A portal did not take what was sent."""
