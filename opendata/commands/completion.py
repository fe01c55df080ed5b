"""opendata completion: a script for a shell."""

import argparse
import sys

from opendata.commands import COMMANDS, parser_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(args: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        print(
            'opendata completion: needs shtab: pip install "opendata[completion]"', file=sys.stderr
        )
        return 2
    whole = argparse.ArgumentParser(prog="opendata")
    commands = whole.add_subparsers()
    for name, words in COMMANDS.items():
        parser_of(name, commands.add_parser(name, help=words))
    print(shtab.complete(whole, shell=args.shell))
    return 0
