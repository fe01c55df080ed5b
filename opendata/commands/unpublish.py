"""opendata unpublish: packages are taken back from a portal."""

import argparse

from opendata.commands import (
    journal,
    language,
    names_argument,
    show_outcomes,
    state_argument,
    target_arguments,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    names_argument(parser, "+")
    target_arguments(parser)
    state_argument(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )


def run(args: argparse.Namespace) -> int:
    from opendata.commands import asking
    from opendata.portals import profile
    from opendata.portals.publication import unpublish_all

    where = profile(args.to, ask=asking(language(args)), organisation=args.organisation)
    outcomes = unpublish_all(args.packages, where, journal=journal(args), dry_run=args.dry_run)
    failed, _ = show_outcomes(args, where, outcomes, len(args.packages))
    return 2 if failed else 0
