"""opendata query: SPARQL over packages."""

import argparse
import sys

from opendata.commands import language, packages_argument, show, show_json


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query",
        metavar="QUERY",
        nargs="?",
        help="name of a query, a .rq file, SPARQL, or - for standard input; without it, the named queries are listed 查询",
    )
    packages_argument(parser, "*")
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json"),
        default="table",
        help="how to print the answer 输出格式",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most N rows 最多 N 行")


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import store

    known = store.questions()
    if not args.query:
        if args.json:
            return show_json({q.name: q.title for q in known.values()})
        from opendata import screen

        return show(screen.questions(known.values(), language(args)))
    answer = store.ask(
        store.load(store.packages(map(Path, args.packages or ["."]))),
        known[args.query].text if args.query in known else _query_text(args.query),
        args.limit,
    )
    if args.json or args.format == "json":
        print(answer.document)
        return 0
    if args.format == "csv":
        sys.stdout.write(answer.to_csv())
        return 0
    from opendata import screen

    return show(screen.answer(answer))


def _query_text(given: str) -> str:
    from pathlib import Path

    from opendata.errors import QueryError

    if given == "-":
        return sys.stdin.read()
    if "{" in given:
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(
            f"{given}：既不是命名查询，也不是可读的文件或 SPARQL；opendata query 列出命名查询。",
            f"{given}: is no named query, no readable file and no SPARQL; "
            "opendata query lists the named queries.",
        ) from error
