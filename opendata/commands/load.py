"""opendata load: packages become a store that answers questions."""

import argparse

from opendata.commands import language, packages_argument, show, show_json


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples 示例:\n"
        "  opendata load packages/ --store store/\n"
        "  opendata load packages/ more/ --store store/ --jobs 2 --prune\n"
        "  opendata query projects --store store/\n\n"
        "A package that did not change is not read again; the old store stands until the new one is whole.\n"
        "没有变化的数据包不再读取；新库完整之前，旧库不动。"
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    packages_argument(parser)
    parser.add_argument(
        "--store", metavar="PATH", required=True, help="folder of the store 库所在文件夹"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes 进程数")
    parser.add_argument(
        "--prune", action="store_true", help="packages that are not given leave 未给出的数据包移出"
    )
    parser.add_argument("--anew", action="store_true", help="read everything again 全部重读")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress

    from opendata import screen_store
    from opendata.store import build

    lang = language(args)
    words = "正在读取" if lang == "zh" else "reading"
    with Progress(console=Console(stderr=True, quiet=args.json), transient=True) as progress:
        task = progress.add_task(words, total=None)
        built = build(
            map(Path, args.packages),
            args.store,
            jobs=args.jobs,
            prune=args.prune,
            anew=args.anew,
            dry_run=args.dry_run,
            watch=lambda done, of: progress.update(task, completed=done, total=of),
        )
    if args.json:
        return show_json(built.to_dict())
    return show(screen_store.built(built, lang))
