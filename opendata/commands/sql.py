"""opendata sql: SQL over the tables of a store."""

import argparse

from opendata.commands.query import answer_arguments, list_questions, parameters, print_answer


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples 示例:\n"
        "  opendata sql by-function --store store/ --param year=2023\n"
        '  opendata sql "SELECT department, sum(p.amount) FROM project p JOIN budget b ON b.id = p.budget\n'
        '                GROUP BY ALL" --store store/ --format csv\n'
        '  opendata sql "SELECT * FROM line WHERE budget = $budget" --store store/ --param budget=430105-306001-2023\n\n'
        "Tables and columns are named as in the package (opendata terms lists them); names that are words of SQL\n"
        'stand in quotation marks: "function", "table". Nothing but the tables can be read, and nothing written.'
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "query",
        metavar="QUERY",
        nargs="?",
        help="name of a question, or one SELECT; without it, the questions are listed 查询",
    )
    parser.add_argument("--store", metavar="PATH", help="a store made by opendata load 库")
    parser.add_argument(
        "--memory", default="2GB", metavar="SIZE", help="most memory, such as 500MB 内存上限"
    )
    answer_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from opendata.errors import StoreError
    from opendata.store import open_store, questions
    from opendata.store.sql import ask_sql

    if not args.query:
        return list_questions([q for q in questions().values() if q.sql], args)
    if not args.store:
        raise StoreError(
            "请用 --store 指定库；库由 opendata load 生成。",
            "name a store with --store; opendata load makes stores.",
        )
    found = ask_sql(
        open_store(args.store),
        args.query,
        parameters(args, questions().get(args.query)),
        seconds=args.timeout,
        limit=args.limit,
        memory=args.memory,
    )
    return print_answer(found, args)
