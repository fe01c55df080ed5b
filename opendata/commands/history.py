"""opendata history: what was published where, when and by whom."""

import argparse

from opendata.commands import journal, language, names_argument, show, show_json, state_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    names_argument(parser, "?")
    parser.add_argument("--to", metavar="TARGET", help="of this target only 只看此目标")
    state_argument(parser)
    parser.add_argument(
        "--all", action="store_true", help="also runs that changed nothing 也列出未改动的"
    )


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict
    from pathlib import Path

    from opendata.package import open_package

    name = args.packages
    if name and Path(name).is_dir():
        name = open_package(name).name
    ended = journal(args).runs(args.to, name)
    found = [r for r in ended if args.all or r.outcome != "unchanged"]
    if args.json:
        return show_json([asdict(record) for record in found])
    from opendata import screen

    return show(screen.history(found, language(args)))
