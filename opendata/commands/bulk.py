"""opendata bulk: packages as files that another server's own loader takes."""

import argparse

from opendata.commands import language, packages_argument, show, show_json

EXAMPLES = """\
examples 示例:
  opendata bulk packages/ --for virtuoso -o load/ --jobs 2
  opendata bulk store/ --for fuseki -o load/ --by year
  cd load && cat README.md && ./load.sh

Each engine gets compressed N-Quads, the scripts that load them, and a README; QLever's is not tested.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    packages_argument(parser)
    parser.add_argument(
        "--for",
        dest="engine",
        metavar="ENGINE",
        required=True,
        help="oxigraph, fuseki, virtuoso or qlever 目标系统",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="folder, replaced whole 输出文件夹"
    )
    parser.add_argument(
        "--by",
        metavar="PART",
        help="year or province: shards of each apart, a server for each 分区",
    )
    parser.add_argument(
        "--shard-size", type=int, default=256, metavar="MB", help="before compression 分片大小"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes 进程数")
    parser.add_argument(
        "--dry-run", action="store_true", help="list the packages, write nothing 只列出不写"
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress

    from opendata.store.bulk import chosen, found_packages, write_bulk

    places, lang = list(map(Path, args.packages)), language(args)
    if args.dry_run:
        chosen(args.engine, args.by)
        folders = list(map(str, found_packages(places)))
        told = {"folder": None, "engine": args.engine, "packages": folders}
        return show_json(told) if args.json else show("\n".join(folders))
    with Progress(console=Console(stderr=True, quiet=args.json), transient=True) as progress:
        task = progress.add_task("正在读取" if lang == "zh" else "reading", total=None)
        bulk = write_bulk(
            places,
            args.engine,
            Path(args.output),
            partition=args.by,
            shard_bytes=max(1, args.shard_size) * 1024 * 1024,
            jobs=max(1, args.jobs),
            watch=lambda done, of: progress.update(task, completed=done, total=of),
        )
    if args.json:
        return show_json({"folder": args.output, **bulk.to_dict()})
    zh = f"{bulk.packages:,} 个数据包，{bulk.quads:,} 个四元组，{len(bulk.shards)} 个分片"
    en = f"{bulk.packages:,} packages, {bulk.quads:,} quads in named graphs, {len(bulk.shards)} shards"
    return show(zh if lang == "zh" else en, f"→ {args.output}/README.md")
