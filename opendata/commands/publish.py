"""opendata publish: packages go out to a portal."""

import argparse

from opendata.commands import language, packages_argument, show, show_json, waiting


def arguments(parser: argparse.ArgumentParser) -> None:
    packages_argument(parser)
    parser.add_argument(
        "--to",
        metavar="TARGET",
        required=True,
        help="folder:DIR, a static site; bundle:FILE.zip, a delivery by hand; graph:URL, a SPARQL Graph Store 发布目标",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata.portals import publish

    with waiting(args):
        plan = publish(map(Path, args.packages), args.to, dry_run=args.dry_run)
    if args.json:
        return show_json(plan.to_dict())
    from opendata import screen

    return show(screen.plan(plan, language(args)))
