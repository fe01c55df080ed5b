"""opendata verify: is a publication all there still?"""

import argparse

from opendata.commands import language, packages_argument, show, show_json, waiting


def arguments(parser: argparse.ArgumentParser) -> None:
    packages_argument(parser)
    parser.add_argument(
        "--to", metavar="TARGET", required=True, help="as for publish: opendata publish --help 目标"
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata.portals import verify

    with waiting(args):
        plan = verify(map(Path, args.packages), args.to)
    if args.json:
        show_json(plan.to_dict())
    else:
        from opendata import screen

        show(screen.drift(plan, language(args)))
    return int(not plan.idle)
