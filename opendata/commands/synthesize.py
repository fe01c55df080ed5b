"""opendata synthesize: documents that do not exist, whose truth is known."""

import argparse

from opendata.commands import language, show, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from opendata.synthetic import Order

_SHOWN = 10

EXAMPLES = """\
examples 示例:
  opendata synthesize --seed 1 --count 100 -o made/
  opendata synthesize --count 10000 --format text,xlsx --year 2022-2024 --phase approved,executed -o made/ --jobs 2
  opendata synthesize --family shanghai --format pdf --error total,letter --count 20 -o made/

made/documents is a folder to convert; made/truth holds what a reader must make of each.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="folder, replaced whole 输出文件夹"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed 随机种子")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="documents 文件数")
    lists = (
        ("family", "changsha, shanghai, jiangsu (default: all, in turn) 版式"),
        ("format", "text, docx, xlsx, pdf, html (default: text) 格式"),
        ("phase", "approved (budget), executed (final accounts) (default: approved) 阶段"),
        ("year", "years, such as 2022-2024: each department has one for each 年度"),
        ("quirk", "quirks of real documents, or none (default: some, by seed) 不规范之处"),
        ("error", "errors to plant, or all: each must be found by its rule 植入的错误"),
    )
    for name, words in lists:
        parser.add_argument(f"--{name}", metavar="LIST", help=words)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes 进程数")
    parser.add_argument(
        "--dry-run", action="store_true", help="name the documents, write nothing 只列出不写"
    )


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict
    from pathlib import Path

    from rich.console import Console
    from rich.progress import track

    from opendata import synthetic
    from opendata.synthetic.folder import write_documents

    order, count = order_of(args), max(0, args.count)
    if args.dry_run:
        made = [synthetic.synthesize(order, number).name for number in range(count)]
    else:
        names = write_documents(order, count, Path(args.output), max(1, args.jobs))
        words = "正在生成" if language(args) == "zh" else "writing"
        on = Console(stderr=True, quiet=args.json)
        made = list(track(names, words, total=count, console=on))
    if args.json:
        written = None if args.dry_run else args.output
        return show_json({"folder": written, "order": asdict(order), "documents": made})
    more = [f"… {len(made) - _SHOWN:,}"] if len(made) > _SHOWN else []
    show("\n".join([*made[:_SHOWN], *more]))
    return 0 if args.dry_run else show(f"→ {args.output}")


def order_of(args: argparse.Namespace) -> "Order":
    """What the options ask for.

    Raises:
        SettingsError: an option names something unknown.
    """
    from opendata.synthetic import ERRORS, FAMILIES, FORMATS, PHASES, QUIRKS, Order

    usual = Order()
    return Order(
        seed=args.seed,
        families=_chosen("family", args.family, FAMILIES) or usual.families,
        formats=_chosen("format", args.format, FORMATS) or usual.formats,
        phases=_chosen("phase", args.phase, PHASES) or usual.phases,
        years=_years(args.year) or usual.years,
        quirks=_chosen("quirk", args.quirk, QUIRKS),
        errors=_chosen("error", args.error, ERRORS) or (),
    )


def _chosen(option: str, text: str | None, known: "Iterable[str]") -> tuple[str, ...] | None:
    """The names of a list, each known; `all` is every one, `none` is no one."""
    from opendata.errors import SettingsError

    names = tuple(known)
    if text is None or text in ("all", "none"):
        return None if text is None else names if text == "all" else ()
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if strange := [name for name in found if name not in names]:
        raise SettingsError(
            f"--{option}：没有 {strange[0]}；可用：{'、'.join(names)}。",
            f"--{option}: there is no {strange[0]}; known are {', '.join(names)}.",
        )
    return found


def _years(text: str | None) -> tuple[int, ...]:
    from opendata.errors import SettingsError

    years: list[int] = []
    for part in (text or "").split(","):
        first, _, last = part.strip().partition("-")
        if not first:
            continue
        if not (first.isdigit() and (last or first).isdigit()) or len(first) != 4:
            raise SettingsError(
                f"--year 是 {text}，应为年份，如 2024 或 2022-2024。",
                f"--year is {text}, wanted years such as 2024 or 2022-2024.",
            )
        years += range(int(first), int(last or first) + 1)
    wrong = [year for year in years if year not in range(2018, 2101)]
    if wrong or len(years) > 100:
        raise SettingsError(
            f"--year 是 {text}，应在 2018 至 2100 之间：更早的科目不同。",
            f"--year is {text}, wanted years from 2018 to 2100: the codes were others before.",
        )
    return tuple(years)
