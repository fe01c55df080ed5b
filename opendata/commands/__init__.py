"""A module for each command: `arguments` fills its parser, `run` does it and returns the exit code.

A command parses, calls one function of the library, prints, and returns 0 (sound), 1 (findings that
count) or 2 (could not run). Engines are imported inside `run`: help must not wait for one. What
commands share stands here.
"""

import argparse
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from opendata.errors import OpendataError
    from opendata.portals.journal import Journal
    from opendata.portals.plan import Plan
    from opendata.portals.profiles import Profile
    from opendata.portals.publication import Outcome

COMMANDS = {
    "convert": "read a document and write a data package and graph  文件 → 数据包和图",
    "corpus": "build and keep up to date a corpus of documents  语料库：成批构建、更新、报告、发布",
    "inspect": "show what was read of a document, and what was not  查看文件读取情况",
    "validate": "check a document, a package or a graph  检查文件、数据包或图",
    "load": "build a store of packages, to query and serve  建立查询库",
    "query": "ask packages in SPARQL  用 SPARQL 查询",
    "sql": "ask the tables of a store in SQL  用 SQL 查询",
    "serve": "serve a SPARQL endpoint, linked data and pages  建立查询服务和网站",
    "terms": "show tables, columns and codes of the vocabulary  查看词表",
    "rules": "list the rules that validate applies  列出检查规则",
    "publish": "publish packages to a portal  发布到门户",
    "verify": "see whether a publication is all there still  核对已发布的内容",
    "unpublish": "take packages back from a portal  从门户撤回",
    "history": "tell what was published, where and by whom  发布历史",
    "rollback": "bring an earlier version of a package back  恢复以前的版本",
    "site": "write the pages of packages as a static site  生成静态网站",
    "bulk": "write packages for another server's own loader  写出批量装载文件",
    "synthesize": "make documents that do not exist, whose truth is known  生成合成文件及其正确答案",
    "completion": "print a completion script for a shell  输出命令补全脚本",
}
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
    "contact": "whom to ask about the data: an office or a person 联系人",
    "contact_email": "e-mail of the contact 联系邮箱",
    "contact_url": "address of a page for questions 联系网址",
    "contributor": "who made the data 整理者",
    "contributor_url": "address of the contributor 整理者网址",
    "source_url": "address where the document was published 文件原网址",
}


def parser_of(name: str, parser: argparse.ArgumentParser | None = None) -> argparse.ArgumentParser:
    """The parser of one command; only the command that runs is built."""
    from importlib import import_module

    parser = parser or argparse.ArgumentParser(prog=f"opendata {name}", description=COMMANDS[name])
    import_module(f"opendata.commands.{name}").arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON 输出 JSON")
    parser.add_argument(
        "--lang", choices=("zh", "en"), help="language of messages (default: from LANG) 语言"
    )
    return parser


def packages_argument(parser: argparse.ArgumentParser, nargs: str = "+") -> None:
    """The packages that a command works on."""
    parser.add_argument(
        "packages", metavar="PACKAGE", nargs=nargs, help="packages, or folders of packages 数据包"
    )


def names_argument(parser: argparse.ArgumentParser, nargs: str | None) -> None:
    """The packages that a command tells of; they need not be at hand."""
    parser.add_argument(
        "packages",
        metavar="PACKAGE",
        nargs=nargs,
        help="package folder, or its name 数据包或其名称",
    )


def target_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to publish to."""
    parser.add_argument(
        "--to",
        metavar="TARGET",
        required=True,
        help="a name under [portals] in opendata.toml; or folder:DIR, a static site; bundle:FILE.zip, "
        "a delivery by hand; graph:URL, a SPARQL Graph Store; ckan:URL; udata:URL 发布目标",
    )
    parser.add_argument(
        "--organisation", metavar="NAME", help="whose data set it is at the portal 门户中的机构"
    )


def state_argument(parser: argparse.ArgumentParser) -> None:
    """Where the journal is."""
    parser.add_argument(
        "--state",
        metavar="DIR",
        help="folder of the journal, may be shared (default: OPENDATA_STATE, or ~/.local/state/opendata) "
        "发布日志所在文件夹",
    )


def journal(args: argparse.Namespace) -> "Journal":
    """The journal: what was asked for, else what opendata.toml says, else the user's own."""
    from pathlib import Path

    from opendata.config import config_for
    from opendata.portals.journal import Journal, state_folder

    if args.state:
        return Journal(Path(args.state))
    said = None if os.environ.get("OPENDATA_STATE") else config_for(Path.cwd()).state
    return Journal(said or state_folder())


def asking(lang: str) -> "Callable[[str], str] | None":
    """How a person at a terminal is asked for a token; None where nobody is."""
    if not sys.stdin.isatty():
        return None
    from getpass import getpass

    words = "的令牌（不显示）：" if lang == "zh" else ": token (not shown): "
    return lambda name: getpass(f"{name}{words}")


def show_outcomes(
    args: argparse.Namespace,
    profile: "Profile",
    outcomes: "Iterable[Outcome]",
    total: int,
    *,
    drift: bool = False,
) -> "tuple[int, Plan]":
    """Show what became of packages, with progress on a terminal; how many failed, and the plan of all."""
    from rich.console import Console
    from rich.progress import track

    from opendata import screen
    from opendata.portals.plan import joined

    words = f"→ {profile.name}"
    found = track(
        outcomes,
        words,
        total=total,
        console=Console(stderr=True, quiet=args.json),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    done = sorted(found, key=lambda outcome: outcome.packages)
    plan = joined(
        f"{profile.scheme}:{profile.place}", (outcome.plan for outcome in done if outcome.plan)
    )
    failed = [outcome for outcome in done if outcome.error]
    if args.json:
        errors = [{"packages": o.packages, "error": told(o.error, args)} for o in failed if o.error]
        show_json({**plan.to_dict(), "packages": total, "failures": errors})
        return len(failed), plan
    lang = language(args)
    if len(failed) < len(done):
        show(screen.drift(plan, lang) if drift else screen.plan(plan, lang))
    for outcome in failed:
        if outcome.error:
            print(f"opendata: {told(outcome.error, args)}", file=sys.stderr)
    if len(done) > 1 and failed:
        print(screen.tally(len(done), len(failed), lang), file=sys.stderr)
    return len(failed), plan


def language(args: argparse.Namespace) -> str:
    """The language of messages: what was asked for, else the locale's."""
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((os.environ[name] for name in variables if os.environ.get(name)), "")
    return args.lang or ("zh" if locale.startswith("zh") else "en")


def told(error: "OpendataError", args: argparse.Namespace) -> str:
    """An error in the reader's language."""
    return error.zh if language(args) == "zh" else error.en


def impatient(args: argparse.Namespace) -> None:
    """End with an error where a native library would work without end."""
    from opendata.documents import patience
    from opendata.errors import OpendataError

    def give_up(error: OpendataError) -> None:
        message = told(error, args)
        print(f"opendata: {message}", file=sys.stderr, flush=True)
        os._exit(2)

    patience.give_up = give_up


def show(*parts: object) -> int:
    """Print texts and tables; 0."""
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


def show_json(content: object) -> int:
    """Print JSON; 0."""
    import json

    print(json.dumps(content, ensure_ascii=False, indent=2, default=str))
    return 0


def plain(parts: "list[RenderableType]") -> str:
    """What would be printed, as plain text."""
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), highlight=False, width=160)
    for part in parts:
        console.print(part, markup=False)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def waiting(args: argparse.Namespace):  # type: ignore[no-untyped-def]  # rich's own type
    """A spinner on a terminal while an engine works."""
    from rich.console import Console

    words = "正在检查…" if language(args) == "zh" else "checking…"
    return Console(stderr=True, quiet=args.json).status(words)
