"""The command line. A command parses, calls one function of the library, prints, and returns
0 (sound), 1 (findings that count) or 2 (could not run).

Only argparse is imported at the top: help must not wait for an engine.
"""

import argparse
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from rich.console import RenderableType

    from opendata.checks.report import Report
    from opendata.errors import OpendataError

COMMANDS = {
    "convert": "read a document and write a data package and graph  文件 → 数据包和图",
    "inspect": "show what was read of a document, and what was not  查看文件读取情况",
    "validate": "check a document, a package or a graph  检查文件、数据包或图",
    "query": "ask packages in SPARQL  用 SPARQL 查询",
    "terms": "show tables, columns and codes of the vocabulary  查看词表",
    "rules": "list the rules that validate applies  列出检查规则",
    "publish": "publish packages to a portal  发布到门户",
    "verify": "see whether a publication is all there still  核对已发布的内容",
    "completion": "print a completion script for a shell  输出命令补全脚本",
}
EXAMPLES = """\
examples:
  opendata convert document.txt -o package/ --division 430105
  opendata validate package/ --strict
  opendata query projects package/
  opendata publish package/ --to folder:site/

exit codes: 0 sound, 1 findings of severity error (with --strict also warnings), 2 could not run
opendata COMMAND --help tells more of a command.
"""
FACTS = {
    "division": "GB/T 2260 code of the administrative division 行政区划代码",
    "unit_code": "the finance bureau's code of the unit, where the document has none 单位编码",
    "department": "name of the department, where the cover has none 部门名称",
    "year": "fiscal year, where the cover has none 年度",
    "phase": "approved (预算) or executed (决算), where the cover does not say 阶段",
    "issued": "date on which the department published the document 公开日期",
    "base": "IRI under which the data are named 数据的基础 IRI",
    "licence": "identifier of the licence, such as CC-BY-4.0 许可",
    "licence_title": "name of the licence 许可名称",
    "licence_url": "address of the licence 许可网址",
    "publisher": "who publishes the data 发布者",
    "publisher_url": "address of the publisher 发布者网址",
    "contributor": "who made the data 整理者",
    "contributor_url": "address of the contributor 整理者网址",
    "source_url": "address where the document was published 文件原网址",
}


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] not in COMMANDS:
        _top().parse_args(argv or ["--help"])
        return 2
    args = _command(argv[0]).parse_args(_joined(argv[1:]))
    try:
        code = int(globals()[f"_{argv[0]}"](args))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _leave()
        return 141
    except Exception as error:
        from opendata.errors import OpendataError

        if isinstance(error, OpendataError):
            message = _told(error, args)
        elif isinstance(error, OSError):
            message = str(error)
        else:
            raise
        print(f"opendata {argv[0]}: {message}", file=sys.stderr)
        _leave()
        return 2
    return code


def _joined(argv: list[str]) -> list[str]:
    """`--rules -unread` as one word, for argparse takes what begins with - for an option."""
    words = list(argv)
    while "--rules" in words[:-1]:
        place = words.index("--rules")
        words[place : place + 2] = [f"--rules={words[place + 1]}"]
    return words


def _impatient(args: argparse.Namespace) -> None:
    """End with an error where a native library would work without end."""
    from opendata.documents import patience
    from opendata.errors import OpendataError

    def give_up(error: OpendataError) -> None:
        message = _told(error, args)
        print(f"opendata: {message}", file=sys.stderr, flush=True)
        os._exit(2)

    patience.give_up = give_up


def _told(error: "OpendataError", args: argparse.Namespace) -> str:
    return error.zh if _language(args) == "zh" else error.en


def _leave() -> None:
    """What a closed pipe or a full disk did not take must not be tried again at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Plain(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal says; argparse itself would import shutil to ask."""

    def __init__(self, prog: str) -> None:
        columns = os.environ.get("COLUMNS", "")
        super().__init__(prog, width=int(columns) if columns.isdigit() else 100)


def _top() -> argparse.ArgumentParser:
    from opendata import __version__

    lines = "\n".join(f"  {name:<11} {words}" for name, words in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="opendata",
        description="Chinese government budgets as open, linked, checked data.  "
        "把政府预算公开文件变成开放、关联、可信的数据。",
        epilog=f"commands:\n{lines}\n\n{EXAMPLES}",
        formatter_class=_Plain,
        usage="opendata COMMAND [OPTION ...]",
    )
    parser.add_argument("--version", action="version", version=f"opendata {__version__}")
    parser.add_argument(
        "command", nargs="?", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS
    )
    return parser


def _command(name: str, parser: argparse.ArgumentParser | None = None) -> argparse.ArgumentParser:
    """The parser of one command; only the command that runs is built."""
    parser = parser or argparse.ArgumentParser(prog=f"opendata {name}", description=COMMANDS[name])
    globals()[f"_{name}_arguments"](parser)
    parser.add_argument("--json", action="store_true", help="print JSON 输出 JSON")
    parser.add_argument(
        "--lang", choices=("zh", "en"), help="language of messages (default: from LANG) 语言"
    )
    return parser


def _convert_arguments(parser: argparse.ArgumentParser) -> None:
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


def _convert(args: argparse.Namespace) -> int:
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

    _impatient(args)
    facts = facts_for(document, options)
    budget = check(parse(document, facts))
    if not args.dry_run:
        to_package(budget, Path(args.output), facts=facts, source=document)
    found = Report(str(document), budget.findings)
    if args.json:
        counts = {name: len(rows) for name, rows in budget.tables().items()}
        written = None if args.dry_run else args.output
        return _print_json(
            {"package": written, "id": budget.id, "tables": counts, **found.to_dict()}
        )
    from opendata import screen

    lang = _language(args)
    _print(screen.summary(budget, lang), "", screen.report(found, lang, everything=args.all))
    if not args.dry_run:
        _print("", f"→ {args.output}")
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
            return _print(shown)
        raise DocumentError("没有可读的文件。", "there are no documents to read in these places.")
    outcomes = batch.convert_all(documents, Path(args.output), options, max(1, args.jobs))
    words = "正在转换" if _language(args) == "zh" else "converting"
    shown_on = Console(stderr=True, quiet=args.json)
    done = list(track(outcomes, words, total=len(documents), console=shown_on))
    if args.json:
        _print_json([asdict(outcome) for outcome in done])
    else:
        _print(screen.outcomes(done, _language(args)))
    return int(any(outcome.failed for outcome in done))


def _inspect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("document", metavar="DOCUMENT", help="document 公开文件")
    parser.add_argument(
        "--table", type=int, metavar="N", help="show the texts of one table 显示第 N 张表的文字"
    )
    parser.add_argument("--html", metavar="FILE", help="write a page with every cell 写出网页")
    for fact in ("division", "unit_code", "department", "year", "phase"):
        parser.add_argument(f"--{fact.replace('_', '-')}", metavar="VALUE", help=FACTS[fact])


def _inspect(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import screen_inspect
    from opendata.facts import facts_for
    from opendata.inspection import inspect
    from opendata.inspection.page import write_html

    _impatient(args)
    path, lang = Path(args.document), _language(args)
    given = {fact: getattr(args, fact, None) for fact in FACTS}
    found = inspect(path, facts_for(path, given))
    if args.html:
        write_html(found, Path(args.html))
    if args.json:
        _print_json(found.to_dict())
    elif args.table is not None:
        _print(screen_inspect.table(found, args.table, lang))
    else:
        _print(screen_inspect.inspection(found, lang), *(["", f"→ {args.html}"] * bool(args.html)))
    return int(found.refused is not None)


def _validate_arguments(parser: argparse.ArgumentParser) -> None:
    from opendata.config import FORMATS

    add = parser.add_argument
    add(
        "paths",
        metavar="PATH",
        nargs="+",
        help="document, package folder, datapackage.json, .ttl or .nt 文件、数据包或图",
    )
    add("--format", choices=FORMATS, help="form of the report (default: text) 报告格式")
    add("-o", "--output", metavar="FILE", help="write the report to a file 写入文件")
    add(
        "--strict",
        action=argparse.BooleanOptionalAction,
        help="warnings count as failure 警告也算不合格",
    )
    add("--all", action="store_true", help="show every finding 列出全部检查结果")
    add("--rules", metavar="RULE,…", help="only these, or with - before it not these 选择规则")
    add("--since", metavar="REPORT", help="only what an older JSON report has not 只报新问题")
    add("--max-errors", type=int, metavar="N", help="list no more after N errors 错误数上限")
    add("--shapes", metavar="FILE", help="SHACL shapes of your own 自备的 SHACL 形状")
    add("--schema", metavar="FILE", help="Table Schema of a CSV file CSV 的表结构")
    add("--referee", action="store_true", help="check with the reference engines too 对照参考实现")
    add("--fetch", action="store_true", help="PATH may be an http(s) address 允许取网上的文件")
    for fact in ("division", "unit_code"):
        add(f"--{fact.replace('_', '-')}", metavar="VALUE", help=FACTS[fact])


def _validate(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import reports
    from opendata.config import config_for

    _impatient(args)
    config = config_for(Path.cwd())
    with _waiting(args):
        found, failed = _reports(args, config.shapes)
    given = [rule.strip() for rule in (args.rules or "").split(",") if rule.strip()]
    found = reports.settle(
        found,
        severity=config.severity,
        rules=given or config.rules,
        baseline=Path(args.since) if args.since else None,
        max_errors=config.max_errors if args.max_errors is None else args.max_errors,
    )
    strict = config.strict if args.strict is None else args.strict
    _report(args, found, "json" if args.json else args.format or config.format, strict=strict)
    return 2 if failed else int(any(report.fails(strict=strict) for report in found))


def _reports(args: argparse.Namespace, shapes: "Path | None") -> "tuple[tuple[Report, ...], bool]":
    """The report of each path, and whether one could not be checked; a single one stops the work."""
    from pathlib import Path

    from opendata.checks import validate
    from opendata.errors import OpendataError
    from opendata.facts import facts_for

    facts = {fact: getattr(args, fact) for fact in ("division", "unit_code")}
    options: dict[str, Any] = {name: True for name in ("referee", "fetch") if getattr(args, name)}
    files = {"shapes": args.shapes or shapes, "schema": args.schema}
    options |= {name: Path(file) for name, file in files.items() if file}
    found, failed = [], False
    for place in args.paths:
        remote = place == "-" or "://" in place
        read = not remote and not Path(place).is_file()
        try:
            known = None if read else facts_for(Path(place), facts)
            found.append(validate(place if remote else Path(place), known, **options))
        except OpendataError as error:
            if len(args.paths) == 1:
                raise
            failed = True
            message = _told(error, args)
            print(f"opendata validate: {message}", file=sys.stderr)
    return tuple(found), failed


def _report(
    args: argparse.Namespace, found: "tuple[Report, ...]", form: str, *, strict: bool
) -> None:
    """Print the reports, or write them to a file and print how many findings there are."""
    from pathlib import Path

    from opendata import reports

    lang = _language(args)
    if form == "text":
        from opendata import screen

        parts = [screen.report(one, lang, everything=args.all) for one in found]
        text = "" if not args.output else f"{reports.MARK}\n{_plain(parts)}"
    else:
        facts = {fact: getattr(args, fact) for fact in ("division", "unit_code")}
        text = reports.render(found, form, lang, strict=strict, facts=facts)
    if args.output:
        from opendata import screen

        reports.write(text, Path(args.output))
        _print(*(screen.counts(one, lang) for one in found), f"→ {args.output}")
    elif form == "text":
        _print(*parts)
    else:
        sys.stdout.write(text)


def _query_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query",
        metavar="QUERY",
        nargs="?",
        help="name of a query, a .rq file, SPARQL, or - for standard input; without it, the named queries are listed 查询",
    )
    parser.add_argument(
        "packages", metavar="PACKAGE", nargs="*", help="packages, or folders of packages 数据包"
    )
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json"),
        default="table",
        help="how to print the answer 输出格式",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most N rows 最多 N 行")


def _query(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import store

    known = store.questions()
    if not args.query:
        if args.json:
            return _print_json({q.name: q.title for q in known.values()})
        from opendata import screen

        return _print(screen.questions(known.values(), _language(args)))
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

    return _print(screen.answer(answer))


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


def _terms_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="a table or a code list 表或代码表")


def _terms(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from opendata import screen, terms
    from opendata.errors import QueryError

    tables, lists, lang = terms.tables(), terms.code_lists(), _language(args)
    name = args.name
    if name and name not in tables | lists:
        known = ", ".join(tables | lists)
        raise QueryError(f"没有 {name}；有：{known}。", f"there is no {name}; there are {known}.")
    if args.json:
        if not name:
            return _print_json({n: t.definition for n, t in (tables | lists).items()})
        rows = terms.codes(name).values() if name in lists else tables[name].columns
        return _print_json([asdict(row) for row in rows])
    if not name:
        return _print(screen.tables(tables.values(), lists.values(), lang))
    if name in lists:
        return _print(screen.code_list(lists[name], terms.codes(name).values(), lang))
    return _print(screen.columns(tables[name], lang))


def _rules_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--explain", metavar="RULE", help="tell what a rule means 说明一条规则")


def _rules(args: argparse.Namespace) -> int:
    from opendata import screen
    from opendata.checks.report import RULE
    from opendata.reports.listing import listing

    if args.explain:
        return _explain(args)
    found = listing()
    if args.json:
        return _print_json(
            {
                name: {"iri": f"{RULE}{name}", "severity": severities, **text}
                for name, severities, text in found
            }
        )
    return _print(screen.rules(found, _language(args)))


def _explain(args: argparse.Namespace) -> int:
    from opendata.checks.explain import explain, known_rules
    from opendata.checks.report import RULE
    from opendata.reports.choosing import unknown

    page, iri = explain(args.explain), f"{RULE}{args.explain}"
    if page is None:
        raise unknown(args.explain, known_rules())
    if args.json:
        return _print_json({"rule": args.explain, "iri": iri, "page": page})
    if sys.stdout.isatty():
        from opendata import screen

        return _print(screen.page_of_rule(page), iri)
    print(f"{page.rstrip()}\n\n{iri}")
    return 0


def _publish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "packages", metavar="PACKAGE", nargs="+", help="packages, or folders of packages 数据包"
    )
    parser.add_argument(
        "--to",
        metavar="TARGET",
        required=True,
        help="folder:DIR, a static site; bundle:FILE.zip, a delivery by hand; graph:URL, a SPARQL Graph Store 发布目标",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )


def _publish(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata.portals import publish

    with _waiting(args):
        plan = publish(map(Path, args.packages), args.to, dry_run=args.dry_run)
    if args.json:
        return _print_json(plan.to_dict())
    from opendata import screen

    return _print(screen.plan(plan, _language(args)))


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "packages", metavar="PACKAGE", nargs="+", help="packages, or folders of packages 数据包"
    )
    parser.add_argument(
        "--to", metavar="TARGET", required=True, help="as for publish: opendata publish --help 目标"
    )


def _verify(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata.portals import verify

    with _waiting(args):
        plan = verify(map(Path, args.packages), args.to)
    if args.json:
        _print_json(plan.to_dict())
    else:
        from opendata import screen

        _print(screen.drift(plan, _language(args)))
    return int(not plan.idle)


def _completion_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def _completion(args: argparse.Namespace) -> int:
    try:
        import shtab
    except ImportError:
        print(
            'opendata completion: needs shtab: pip install "opendata[completion]"', file=sys.stderr
        )
        return 2
    whole = argparse.ArgumentParser(prog="opendata")
    commands = whole.add_subparsers()
    for name, words in COMMANDS.items():
        _command(name, commands.add_parser(name, help=words))
    print(shtab.complete(whole, shell=args.shell))
    return 0


def _language(args: argparse.Namespace) -> str:
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    return args.lang or ("zh" if locale.startswith("zh") else "en")


def _plain(parts: "list[RenderableType]") -> str:
    """What would be printed, as plain text."""
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), highlight=False, width=160)
    for part in parts:
        console.print(part, markup=False)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def _print(*parts: object) -> int:
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1

    console = Screen(highlight=False)
    if not console.is_terminal:
        console = Screen(highlight=False, width=160)
    for part in parts:
        console.print(part, markup=False)
    return 0


def _print_json(content: object) -> int:
    import json

    print(json.dumps(content, ensure_ascii=False, indent=2, default=str))
    return 0


def _waiting(args: argparse.Namespace):  # type: ignore[no-untyped-def]  # rich's own type
    """A spinner on a terminal while an engine works."""
    from rich.console import Console

    words = "正在检查…" if _language(args) == "zh" else "checking…"
    return Console(stderr=True, quiet=args.json).status(words)


if __name__ == "__main__":
    sys.exit(main())
