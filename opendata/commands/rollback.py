"""opendata rollback: an earlier version of a package comes back."""

import argparse

from opendata.commands import (
    journal,
    language,
    names_argument,
    show,
    show_json,
    state_argument,
    target_arguments,
    waiting,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    names_argument(parser, None)
    target_arguments(parser)
    state_argument(parser)
    parser.add_argument(
        "--version",
        type=int,
        metavar="N",
        help="number in `opendata history` (default: the one before) 版本号",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )
    parser.add_argument(
        "--rebuild", action="store_true", help="as for publish: opendata publish --help 重建数据表"
    )


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from opendata.commands import asking
    from opendata.portals import profile
    from opendata.portals.publication import rollback

    where = profile(args.to, ask=asking(language(args)), organisation=args.organisation)
    where = replace(where, rebuild=args.rebuild)
    with waiting(args):
        restored, plan = rollback(
            args.packages, where, journal(args), version=args.version, dry_run=args.dry_run
        )
    if args.json:
        return show_json({"version": restored.number, "time": restored.time, **plan.to_dict()})
    from opendata import screen

    zh = language(args) == "zh"
    words = f"版本 {restored.number}" if zh else f"version {restored.number}"
    return show(f"{restored.package}: {words} ({restored.time})", screen.plan(plan, language(args)))
