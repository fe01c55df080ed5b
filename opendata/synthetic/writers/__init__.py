"""A document's texts and tables -> the bytes of a file, the same bytes every time."""

from collections.abc import Callable
from importlib import import_module

from opendata.extras import missing
from opendata.synthetic.layouts.common import Draft

# Format -> module, what it needs beside this package, ending of the file.
FORMATS: dict[str, tuple[str, str | None, str]] = {
    "text": ("text", None, ".txt"),
    "docx": ("docx", None, ".docx"),
    "xlsx": ("xlsx", "xlsxwriter", ".xlsx"),
    "pdf": ("pdf", "reportlab", ".pdf"),
    "html": ("html", None, ".html"),
}


def writer(format_: str) -> Callable[[Draft], bytes]:
    """What writes a format.

    Raises:
        SettingsError: it needs a library that is not installed.
    """
    module, needs, _ = FORMATS[format_]
    try:
        found: Callable[[Draft], bytes] = import_module(f"{__name__}.{module}").write
    except ModuleNotFoundError as error:
        if not needs or (error.name or "").partition(".")[0] != needs:
            raise
        raise missing("synthetic", needs) from error
    return found


def suffix(format_: str) -> str:
    """The ending of a format's file name."""
    return FORMATS[format_][2]
