"""opendata publish: packages go out to a portal."""

import argparse

from opendata.commands import (
    journal,
    language,
    packages_argument,
    show_outcomes,
    state_argument,
    target_arguments,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    packages_argument(parser)
    target_arguments(parser)
    state_argument(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )
    parser.add_argument(
        "--despite",
        metavar="RULE",
        action="append",
        default=[],
        help="publish although this rule finds errors 尽管违反此规则仍发布",
    )
    parser.add_argument(
        "--jobs", type=int, default=4, metavar="N", help="packages at a time 并行数 (4)"
    )
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="make a portal's table anew where its columns changed 列有变化时重建数据表",
    )
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="read everything back even if the portal says it is unchanged, and mend it 全部读回并修复",
    )


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace
    from pathlib import Path

    from opendata.commands import asking
    from opendata.portals import profile
    from opendata.portals.publication import publish_all
    from opendata.store import packages

    folders = packages(map(Path, args.packages))
    where = profile(args.to, ask=asking(language(args)), organisation=args.organisation)
    outcomes = publish_all(
        folders,
        replace(where, rebuild=args.rebuild, thorough=args.thorough),
        journal=journal(args),
        dry_run=args.dry_run,
        despite=args.despite,
        jobs=args.jobs,
    )
    failed, _ = show_outcomes(args, where, outcomes, len(folders))
    return 2 if failed else 0
