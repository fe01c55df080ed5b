"""opendata terms: the tables, columns and codes of the vocabulary."""

import argparse

from opendata.commands import language, show, show_json


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="a table or a code list 表或代码表")


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from opendata import screen, terms
    from opendata.errors import QueryError

    tables, lists, lang = terms.tables() | terms.corpus_tables(), terms.code_lists(), language(args)
    name = args.name
    if name and name not in tables | lists:
        known = ", ".join(tables | lists)
        raise QueryError(f"没有 {name}；有：{known}。", f"there is no {name}; there are {known}.")
    if args.json:
        if not name:
            return show_json({n: t.definition for n, t in (tables | lists).items()})
        rows = terms.codes(name).values() if name in lists else tables[name].columns
        return show_json([asdict(row) for row in rows])
    if not name:
        return show(screen.tables(tables.values(), lists.values(), lang))
    if name in lists:
        return show(screen.code_list(lists[name], terms.codes(name).values(), lang))
    return show(screen.columns(tables[name], lang))
