"""opendata convert: a document, or many, becomes data packages."""

import argparse

from opendata.commands import FACTS, impatient, language, show, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "documents", metavar="DOCUMENT", nargs="+", help="documents, or folders of them 公开文件"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        required=True,
        help="folder of the package, replaced whole; of many documents, folder of packages 输出",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes 进程数")
    parser.add_argument(
        "--dry-run", action="store_true", help="read and check only, write nothing 只读不写"
    )
    parser.add_argument("--all", action="store_true", help="show every finding 列出全部检查结果")
    facts = parser.add_argument_group(
        "facts that the document does not say 文件没有写的事实",
        "also read from package.toml and DOCUMENT's .toml",
    )
    for fact, words in FACTS.items():
        facts.add_argument(f"--{fact.replace('_', '-')}", metavar="VALUE", help=words)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    places = [Path(place) for place in args.documents]
    options = {fact: getattr(args, fact) for fact in FACTS}
    if len(places) > 1 or places[0].is_dir():
        return _convert_many(args, places, options)
    return _convert_one(args, places[0], options)


def _convert_one(args: argparse.Namespace, document: "Path", options: dict[str, object]) -> int:
    from pathlib import Path

    from opendata.checks.report import Report
    from opendata.checks.rules import check
    from opendata.converters.package import to_package
    from opendata.facts import facts_for
    from opendata.parsers import parse

    impatient(args)
    facts = facts_for(document, options)
    budget = check(parse(document, facts))
    if not args.dry_run:
        to_package(budget, Path(args.output), facts=facts, source=document)
    found = Report(str(document), budget.findings)
    if args.json:
        counts = {name: len(rows) for name, rows in budget.tables().items()}
        written = None if args.dry_run else args.output
        return show_json({"package": written, "id": budget.id, "tables": counts, **found.to_dict()})
    from opendata import screen

    lang = language(args)
    show(screen.summary(budget, lang), "", screen.report(found, lang, everything=args.all))
    if not args.dry_run:
        show("", f"→ {args.output}")
    return 0


def _convert_many(
    args: argparse.Namespace, places: "list[Path]", options: dict[str, object]
) -> int:
    from dataclasses import asdict
    from pathlib import Path

    from rich.console import Console
    from rich.progress import track

    from opendata import batch, screen
    from opendata.errors import DocumentError

    documents = batch.documents(places)
    if args.dry_run or not documents:
        shown = "\n".join(map(str, documents))
        if documents:
            return show(shown)
        raise DocumentError("没有可读的文件。", "there are no documents to read in these places.")
    outcomes = batch.convert_all(documents, Path(args.output), options, max(1, args.jobs))
    words = "正在转换" if language(args) == "zh" else "converting"
    shown_on = Console(stderr=True, quiet=args.json)
    done = list(track(outcomes, words, total=len(documents), console=shown_on))
    if args.json:
        show_json([asdict(outcome) for outcome in done])
    else:
        show(screen.outcomes(done, language(args)))
    return int(any(outcome.failed for outcome in done))
