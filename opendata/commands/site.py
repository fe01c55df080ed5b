"""opendata site: the pages of packages as a folder that any web server, or a browser alone, can show."""

import argparse

from opendata.commands import impatient, language, packages_argument, show, show_json, waiting


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "opendata site packages/ -o site/    opendata site package/ -o site/ --title 某市预算公开 --title-en 'Open budgets'"
    packages_argument(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="folder to write 输出文件夹"
    )
    parser.add_argument(
        "--forms",
        metavar="FORM",
        nargs="+",
        choices=("json", "ttl", "xlsx", "parquet"),
        help="forms of the tables beside CSV (default: json ttl) 表的其他格式",
    )
    parser.add_argument(
        "--iris", action="store_true", help="write a page for every IRI, too 为每个 IRI 生成网页"
    )
    parser.add_argument("--title", metavar="TEXT", help="name of the site in Chinese 网站名称")
    parser.add_argument("--title-en", metavar="TEXT", help="name of the site in English 英文名称")


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from rich.text import Text

    from opendata.pages import Site
    from opendata.portals.folder import export
    from opendata.store import load, packages

    impatient(args)
    title = {"zh": args.title, "en": args.title_en or args.title}
    forms = tuple(args.forms) if args.forms else None
    given = {lang: text for lang, text in title.items() if text}
    with waiting(args) as status:
        folders = packages(map(Path, args.packages))
        graph = load(folders) if args.iris else None
        plan = export(
            folders,
            Path(args.output),
            lambda found: Site(packages=found, graph=graph, title=given, forms=forms),
            lambda path: status.update(Text(path)),
        )
    if args.json:
        return show_json(plan.to_dict())
    from opendata import screen

    return show(screen.plan(plan, language(args)), "", f"→ {Path(args.output) / 'index.html'}")
