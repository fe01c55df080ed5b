"""opendata verify: is a publication all there still?"""

import argparse

from opendata.commands import language, packages_argument, show_outcomes, target_arguments


def arguments(parser: argparse.ArgumentParser) -> None:
    packages_argument(parser)
    target_arguments(parser)
    parser.add_argument(
        "--jobs", type=int, default=4, metavar="N", help="packages at a time 并行数 (4)"
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata.commands import asking
    from opendata.portals import profile
    from opendata.portals.publication import verify_all
    from opendata.store import packages

    folders = packages(map(Path, args.packages))
    where = profile(args.to, ask=asking(language(args)), organisation=args.organisation)
    outcomes = verify_all(folders, where, jobs=args.jobs)
    failed, plan = show_outcomes(args, where, outcomes, len(folders), drift=True)
    return 2 if failed else int(not plan.idle)
