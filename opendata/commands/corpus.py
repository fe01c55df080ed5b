"""opendata corpus: many documents are one thing, kept up to date."""

import argparse

from opendata.commands import FACTS, language, show, show_json, state_argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opendata.corpus.settings import Corpus

EXAMPLES = """\
examples:
  opendata corpus init changsha/ --division 430100 --licence CC-BY-4.0
  opendata corpus add changsha/ documents/ more.zip s3://bucket/budgets
  opendata corpus build changsha/ --jobs 4        # again and again: only what changed is done
  opendata corpus build changsha/ --cluster tcp://scheduler:8786
  opendata corpus status changsha/                # what a build would do
  opendata corpus replace changsha/ a.pdf a-new.pdf   # the one is revised by the other
  opendata corpus diff changsha/                  # what changed, version by version
  opendata corpus restore changsha/ 430105-306001-2023 1 -o old/   # version 1, as it was
  opendata corpus report changsha/ --html report.html
  opendata corpus publish changsha/ --to folder:site/
"""
VERBS = {
    "init": "make a corpus: a folder with corpus.toml 新建语料库",
    "add": "take in a source: folder, archive, list, fsspec address 添加来源",
    "build": "bring everything up to date 构建",
    "status": "tell what a build would do 查看待办",
    "replace": "say that a document revises another 说明一份文件修订另一份",
    "diff": "tell what changed, and show a change set 查看变化",
    "restore": "make an older version of a package again 重建某个数据包的旧版本",
    "report": "tell what there is and what is missing 报告",
    "publish": "publish what changed 发布有变化的内容",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, words in VERBS.items():
        own = verbs.add_parser(verb, help=words, description=words)
        own.add_argument("corpus", metavar="CORPUS", help="the corpus' folder 语料库文件夹")
        _ARGUMENTS[verb](own)
        own.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON 输出 JSON"
        )
        own.add_argument(
            "--lang",
            choices=("zh", "en"),
            default=argparse.SUPPRESS,
            help="language of messages 语言",
        )


def run(args: argparse.Namespace) -> int:
    return _RUN[args.verb](args)


def _facts_arguments(parser: argparse.ArgumentParser) -> None:
    facts = parser.add_argument_group("facts that the documents do not say 文件没有写的事实")
    for fact, words in FACTS.items():
        facts.add_argument(f"--{fact.replace('_', '-')}", metavar="VALUE", help=words)


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="write nothing 只看不写")
    _facts_arguments(parser)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="+", help="folder, archive, or fsspec address 来源"
    )
    parser.add_argument(
        "--list", action="store_true", help="the source is a file of http(s) addresses 网址清单"
    )
    parser.add_argument("--name", help="its name in the corpus (of one source) 来源名称")
    parser.add_argument("--dry-run", action="store_true", help="write nothing 只看不写")
    _facts_arguments(parser)


def _build_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes 进程数")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="a Dask scheduler, as tcp://host:8786 Dask 调度器"
    )
    parser.add_argument(
        "--staging",
        metavar="ADDRESS",
        help="where the workers of a cluster put packages: an fsspec address (default: the corpus' folder, shared) 中转位置",
    )
    _looking_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="as status: write nothing 只看不写")
    parser.add_argument("--all", action="store_true", help="list every document 列出全部")


def _looking_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fetch", action="store_true", help="ask the addresses of lists 访问清单中的网址"
    )
    parser.add_argument(
        "--retry",
        action="store_true",
        help="try again what failed and did not change 重试失败的文件",
    )


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--retry", action="store_true", help="count what a build with --retry would do 计入重试"
    )
    parser.add_argument("--all", action="store_true", help="list every document 列出全部")


def _replace_arguments(parser: argparse.ArgumentParser) -> None:
    words = "a document by its name in the manifest, its path or its address"
    parser.add_argument("earlier", metavar="EARLIER", help=f"{words} 原文件")
    parser.add_argument("later", metavar="LATER", help="the one that takes its place 修订后的文件")
    parser.add_argument("--dry-run", action="store_true", help="write nothing 只看不写")


def _diff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "package", metavar="PACKAGE", nargs="?", help="one package: its versions 某个数据包"
    )
    parser.add_argument(
        "--since", type=int, default=0, metavar="EVENT", help="events after this one 此序号之后"
    )
    parser.add_argument(
        "--rows",
        action="store_true",
        help="the rows of the last change set, as CSV 逐行列出最近一次变化",
    )


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="PACKAGE", help="its identifier 数据包编号")
    parser.add_argument("version", type=int, metavar="VERSION", help="as diff lists them 版本号")
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="folder, replaced whole 输出文件夹"
    )


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--html", metavar="FILE", help="write one page 写成一页 HTML")
    parser.add_argument("--all", action="store_true", help="every rule and reason 列出全部")


def _publish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        metavar="TARGET",
        required=True,
        help="a portal as of opendata publish; or copy:ADDRESS, a folder or fsspec address for all files 目标",
    )
    parser.add_argument(
        "--organisation", metavar="NAME", help="whose data sets they are at the portal 门户中的机构"
    )
    state_argument(parser)
    parser.add_argument(
        "--everything", action="store_true", help="also what was sent before 全部重发"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing 只显示变化"
    )
    parser.add_argument(
        "--jobs", type=int, default=4, metavar="N", help="packages at a time 并行数 (4)"
    )


def _open(args: argparse.Namespace) -> "Corpus":
    from pathlib import Path

    from opendata.corpus.settings import open_corpus

    return open_corpus(Path(args.corpus))


def _said(args: argparse.Namespace) -> dict[str, object]:
    from opendata.facts import checked_facts

    said = {fact: getattr(args, fact) for fact in FACTS if getattr(args, fact)}
    return checked_facts(said, "--facts", texts=True)


def _init(args: argparse.Namespace) -> int:
    from importlib.util import find_spec
    from pathlib import Path

    from opendata.corpus.settings import init_corpus

    formats = ("csv", "parquet") if find_spec("pyarrow") else ("csv",)
    place = init_corpus(Path(args.corpus), _said(args), formats, dry_run=args.dry_run)
    return show_json({"corpus": str(place)}) if args.json else show(f"→ {place}")


def _add(args: argparse.Namespace) -> int:
    from dataclasses import asdict
    from pathlib import Path

    from opendata.corpus.settings import add_source

    facts, name = _said(args), args.name if len(args.sources) == 1 else None
    added = [
        add_source(
            Path(args.corpus),
            source,
            name=name,
            listed=args.list,
            facts=facts,
            dry_run=args.dry_run,
        )
        for source in args.sources
    ]
    if args.json:
        return show_json([asdict(source) for source in added])
    return show(*(f"+ {source.name}: {source.address}" for source in added))


def _build(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from opendata import screen_corpus
    from opendata.corpus.build import How, build

    if args.dry_run:
        return _status(args)
    corpus = _open(args)
    how = How(
        jobs=max(1, args.jobs),
        cluster=args.cluster,
        staging=args.staging,
        retry=args.retry,
        fetching=args.fetch,
    )
    columns = (
        TextColumn("{task.fields[name]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, quiet=args.json)
    with Progress(*columns, console=console, transient=True) as progress:
        shown = progress.add_task("", total=None, name="")
        done = build(
            corpus, how, lambda entry: progress.update(shown, advance=1, name=entry.document[-60:])
        )
    failed = bool(done.documents.get("failed"))
    if args.json:
        named = {word: [e.to_dict() for e in getattr(done, word)] for word in ("failures", "aside")}
        show_json({**asdict(done), **named})
    else:
        show(screen_corpus.built(done, language(args)))
    return int(failed)


def _status(args: argparse.Namespace) -> int:
    from opendata import screen_corpus
    from opendata.corpus.build import How, survey

    found = survey(_open(args), How(retry=args.retry))
    if args.json:
        return show_json([{"document": name, "state": word} for name, word in found])
    return show(screen_corpus.survey(found, language(args), everything=args.all))


def _replace(args: argparse.Namespace) -> int:
    from opendata.corpus.revisions import replace_document

    earlier, later = replace_document(_open(args), args.earlier, args.later, dry_run=args.dry_run)
    if args.json:
        return show_json({"document": later, "replaces": earlier})
    return show(f"{earlier} → {later}")


def _diff(args: argparse.Namespace) -> int:
    from contextlib import closing

    from opendata import screen_corpus
    from opendata.corpus.state import State
    from opendata.corpus.versions import changed_rows

    corpus = _open(args)
    with closing(State(corpus.folder, reading=True)) as state:
        found = list(state.events(args.since, args.package))
    if args.rows:
        for line in changed_rows(corpus.folder, found):
            print(line)
        return 0
    return show_json(found) if args.json else show(screen_corpus.events(found, language(args)))


def _restore(args: argparse.Namespace) -> int:
    from dataclasses import asdict
    from pathlib import Path

    from opendata import screen_corpus
    from opendata.corpus.restoring import restore

    found = restore(_open(args), args.package, args.version, Path(args.output))
    if args.json:
        return show_json(asdict(found))
    return show(screen_corpus.restored(found, language(args)))


def _report(args: argparse.Namespace) -> int:
    from pathlib import Path

    from opendata import screen_corpus
    from opendata.corpus.report import corpus_report, write_html

    corpus = _open(args)
    found = corpus_report(corpus)
    if args.html:
        write_html(found, Path(args.html), corpus.folder.resolve().name)
    if args.json:
        return show_json(found.to_dict())
    show(screen_corpus.report(found, language(args), everything=args.all))
    return show("", f"→ {args.html}") if args.html else 0


def _publish(args: argparse.Namespace) -> int:
    from opendata import screen
    from opendata.commands import asking, journal, show_outcomes, waiting
    from opendata.corpus.publishing import copy_corpus, publish_corpus
    from opendata.portals import profile

    corpus = _open(args)
    scheme, _, address = args.to.partition(":")
    if scheme == "copy":
        with waiting(args):
            plan = copy_corpus(corpus, address, dry_run=args.dry_run)
        return show_json(plan.to_dict()) if args.json else show(screen.plan(plan, language(args)))
    where = profile(args.to, ask=asking(language(args)), organisation=args.organisation)
    changed, outcomes = publish_corpus(
        corpus,
        where,
        journal=journal(args),
        dry_run=args.dry_run,
        everything=args.everything,
        jobs=args.jobs,
    )
    if not changed.send and not changed.take_back:
        words = (
            f"{changed.kept} 个数据包均已发布，没有变化"
            if language(args) == "zh"
            else f"{changed.kept} packages are there, nothing changed"
        )
        return show_json({"sent": 0, "kept": changed.kept}) if args.json else show(words)
    failed, _ = show_outcomes(args, where, outcomes, len(changed.send) + len(changed.take_back))
    return 2 if failed else 0


_ARGUMENTS = {
    "init": _init_arguments,
    "add": _add_arguments,
    "build": _build_arguments,
    "status": _status_arguments,
    "replace": _replace_arguments,
    "diff": _diff_arguments,
    "restore": _restore_arguments,
    "report": _report_arguments,
    "publish": _publish_arguments,
}
_RUN = {
    "init": _init,
    "add": _add,
    "build": _build,
    "status": _status,
    "replace": _replace,
    "diff": _diff,
    "restore": _restore,
    "report": _report,
    "publish": _publish,
}
