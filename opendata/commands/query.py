"""opendata query: SPARQL over packages, a store, or an endpoint."""

import argparse
import sys

from opendata.commands import language, packages_argument, show, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from opendata.store import Answer, Question

FORMATS = ("table", "csv", "tsv", "json", "xlsx", "parquet")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples 示例:\n"
        "  opendata query                                    # the questions that are ready 现成的问题\n"
        "  opendata query --explain projects                 # what one asks, and its parameters 说明\n"
        "  opendata query projects packages/\n"
        "  opendata query functions store/ --param year=2023 --format xlsx -o functions.xlsx\n"
        "  opendata query my.rq --store store/ --timeout 10\n"
        '  opendata query "ASK { ?x a ob:Budget }" --endpoint https://portal.example/sparql\n\n'
        "Parameters become terms: NAME=VALUE where the question declares NAME, else NAME:KIND=VALUE, with KIND\n"
        "text, integer, decimal, year, date, boolean, iri or the name of a code list."
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "query",
        metavar="QUERY",
        nargs="?",
        help="name of a question, a .rq file, SPARQL, or - for standard input; without it, the questions are listed 查询",
    )
    packages_argument(parser, "*")
    parser.add_argument("--store", metavar="PATH", help="a store made by opendata load 库")
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="a SPARQL endpoint of others, which gets the query 远程端点",
    )
    parser.add_argument(
        "--explain",
        metavar="NAME",
        help="tell what a question asks, and its parameters 说明一个问题",
    )
    answer_arguments(parser)


def answer_arguments(parser: argparse.ArgumentParser) -> None:
    """What every command that prints an answer takes."""
    parser.add_argument(
        "--param", metavar="NAME=VALUE", action="append", default=[], help="a parameter 参数"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds, then it is ended 限时（秒）",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="how to print the answer 输出格式"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the answer to a file 写入文件"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most N rows 最多 N 行")


def run(args: argparse.Namespace) -> int:
    from opendata import store

    if args.explain:
        from opendata import screen_store

        found = store.named(args.explain)
        if args.json:
            return show_json(found.to_dict())
        return show(*screen_store.explanation(found, language(args)))
    if not args.query:
        return list_questions(store.questions().values(), args)
    asked = store.named(_query_text(args.query))
    text = store.put(asked, parameters(args, asked))
    return print_answer(_ask(args, text), args)


def list_questions(found: "Iterable[Question]", args: argparse.Namespace) -> int:
    """The named questions; 0."""
    from opendata import screen_store

    if args.json:
        return show_json({q.name: q.title for q in found})
    return show(screen_store.questions(found, language(args)))


def _ask(args: argparse.Namespace, text: str) -> "Answer":
    from pathlib import Path

    from opendata import store
    from opendata.store.remote import ask_endpoint

    if args.endpoint:
        return ask_endpoint(args.endpoint, text, seconds=args.timeout, limit=args.limit)
    places = [Path(place) for place in args.packages or ([] if args.store else ["."])]
    if args.store or (len(places) == 1 and store.is_store(places[0])):
        graph = store.open_store(args.store or places[0]).data_set
    else:
        graph = store.graph_of(store.packages(places))
    return store.ask_graph(graph, text, seconds=args.timeout, limit=args.limit)


def parameters(args: argparse.Namespace, asked: "Question | None" = None) -> dict[str, str]:
    """The parameters of the command line, by name; `--lang` is one where a question has it."""
    from opendata.errors import QueryError

    found = {"lang": args.lang} if args.lang and asked and "lang" in asked.parameters else {}
    for given in args.param:
        name, equals, value = given.partition("=")
        if not equals or not name:
            raise QueryError(
                f"--param {given!r}：应写作 名称=值。", f"--param {given!r}: wanted NAME=VALUE."
            )
        found[name] = value
    return found


def print_answer(found: "Answer", args: argparse.Namespace) -> int:
    """An answer on the screen, or in a file; 0."""
    from pathlib import Path

    from opendata.errors import OutputError
    from opendata.output import write_page
    from opendata.store.formats import BINARY, FORMATS

    form = "json" if args.json else args.format
    if form in BINARY and not args.output:
        raise OutputError(
            f"{form} 是二进制格式；请用 -o 指定文件。",
            f"{form} is not for a screen; name a file with -o.",
        )
    if args.output:
        suffix = Path(args.output).suffix.lstrip(".")
        form = form if form != "table" else suffix if suffix in FORMATS else "csv"
        write_page(FORMATS[form](found), Path(args.output), b"")
        return show(f"→ {args.output} ({len(found)})")
    if form == "table":
        from opendata import screen_store

        return show(screen_store.answer(found, language(args)))
    sys.stdout.write(FORMATS[form](found).decode())
    return 0


def _query_text(given: str) -> str:
    from pathlib import Path

    from opendata.errors import QueryError
    from opendata.store import questions

    if given == "-":
        return sys.stdin.read()
    if "{" in given or given in questions():
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(
            f"{given}：既不是命名查询，也不是可读的文件或 SPARQL；opendata query 列出命名查询。",
            f"{given}: is no named query, no readable file and no SPARQL; "
            "opendata query lists the named queries.",
        ) from error
