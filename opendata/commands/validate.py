"""opendata validate: anybody's data held against what fits it."""

import argparse
import sys

from opendata.commands import FACTS, impatient, language, plain, show, told, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from opendata.checks.report import Report


def arguments(parser: argparse.ArgumentParser) -> None:
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


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import reports
    from opendata.config import config_for

    impatient(args)
    config = config_for(Path.cwd())
    with waiting(args):
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
            message = told(error, args)
            print(f"opendata validate: {message}", file=sys.stderr)
    return tuple(found), failed


def _report(
    args: argparse.Namespace, found: "tuple[Report, ...]", form: str, *, strict: bool
) -> None:
    """Print the reports, or write them to a file and print how many findings there are."""
    from pathlib import Path

    from opendata import reports

    lang = language(args)
    if form == "text":
        from opendata import screen

        parts = [screen.report(one, lang, everything=args.all) for one in found]
        text = "" if not args.output else f"{reports.MARK}\n{plain(parts)}"
    else:
        facts = {fact: getattr(args, fact) for fact in ("division", "unit_code")}
        text = reports.render(found, form, lang, strict=strict, facts=facts)
    if args.output:
        from opendata import screen

        reports.write(text, Path(args.output))
        show(*(screen.counts(one, lang) for one in found), f"→ {args.output}")
    elif form == "text":
        show(*parts)
    else:
        sys.stdout.write(text)
