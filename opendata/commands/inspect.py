"""opendata inspect: what was read of a document, and what was not."""

import argparse

from opendata.commands import FACTS, impatient, language, show, show_json


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOCUMENT", help="document 公开文件")
    parser.add_argument(
        "--table", type=int, metavar="N", help="show the texts of one table 显示第 N 张表的文字"
    )
    parser.add_argument("--html", metavar="FILE", help="write a page with every cell 写出网页")
    for fact in ("division", "unit_code", "department", "year", "phase"):
        parser.add_argument(f"--{fact.replace('_', '-')}", metavar="VALUE", help=FACTS[fact])


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import screen_inspect
    from opendata.facts import facts_for
    from opendata.inspection import inspect
    from opendata.inspection.page import write_html

    impatient(args)
    path, lang = Path(args.document), language(args)
    given = {fact: getattr(args, fact, None) for fact in FACTS}
    found = inspect(path, facts_for(path, given))
    if args.html:
        write_html(found, Path(args.html))
    if args.json:
        show_json(found.to_dict())
    elif args.table is not None:
        show(screen_inspect.table(found, args.table, lang))
    else:
        show(screen_inspect.inspection(found, lang), *(["", f"→ {args.html}"] * bool(args.html)))
    return int(found.refused is not None)
