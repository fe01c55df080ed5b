"""The command line: finds the command, turns errors into a sentence and an exit code.

Only argparse is imported at the top: help must not wait for an engine.
"""

import argparse
import os
import sys

from opendata.commands import COMMANDS, parser_of, told

EXAMPLES = """\
examples:
  opendata convert document.txt -o package/ --division 430105
  opendata validate package/ --strict
  opendata query projects package/
  opendata publish package/ --to folder:site/

exit codes: 0 sound, 1 findings of severity error (with --strict also warnings), 2 could not run
opendata COMMAND --help tells more of a command.
"""


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    from importlib import import_module

    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] not in COMMANDS:
        _top().parse_args(argv or ["--help"])
        return 2
    args = _parsed(parser_of(argv[0]), _joined(argv[1:]))
    try:
        code = int(import_module(f"opendata.commands.{argv[0]}").run(args))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _leave()
        return 141
    except Exception as error:
        from opendata.errors import OpendataError

        if isinstance(error, OpendataError):
            message = told(error, args)
        elif isinstance(error, OSError):
            message = str(error)
        else:
            raise
        print(f"opendata {argv[0]}: {message}", file=sys.stderr)
        _leave()
        return 2
    return code


def _parsed(parser: argparse.ArgumentParser, words: list[str]) -> argparse.Namespace:
    """What the words say; options may stand between places, but in a command of commands.

    After -- all are places: argparse forgets that where it looks for options between them.
    """
    if "--" in words:
        return parser.parse_args(words)
    try:
        return parser.parse_intermixed_args(words)
    except TypeError:
        return parser.parse_args(words)


def _joined(argv: list[str]) -> list[str]:
    """`--rules -unread` as one word, for argparse takes what begins with - for an option."""
    words = list(argv)
    while "--rules" in words[:-1]:
        place = words.index("--rules")
        words[place : place + 2] = [f"--rules={words[place + 1]}"]
    return words


def _leave() -> None:
    """What a closed pipe or a full disk did not take must not be tried again at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Plain(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal says; argparse itself would import shutil to ask."""

    def __init__(self, prog: str) -> None:
        columns = os.environ.get("COLUMNS", "")
        super().__init__(prog, width=int(columns) if columns.isdigit() else 100)


def _top() -> argparse.ArgumentParser:
    from opendata import __version__

    lines = "\n".join(f"  {name:<11} {words}" for name, words in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="opendata",
        description="Chinese government budgets as open, linked, checked data.  "
        "把政府预算公开文件变成开放、关联、可信的数据。",
        epilog=f"commands:\n{lines}\n\n{EXAMPLES}",
        formatter_class=_Plain,
        usage="opendata COMMAND [OPTION ...]",
    )
    parser.add_argument("--version", action="version", version=f"opendata {__version__}")
    parser.add_argument(
        "command", nargs="?", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
