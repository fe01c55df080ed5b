"""opendata serve: a site over a store or packages."""

import argparse
import sys

from opendata.commands import asking, language, show_json

_NAME = "serve"  # under which credentials are found
_MEGABYTE = 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "examples 示例:\n"
        "  opendata serve packages/                   serve packages on this machine\n"
        "  opendata serve store/ --port 8080 --base https://data.example.cn/ --proxy 127.0.0.1\n"
        "  opendata serve store/ --updates            OPENDATA_TOKEN is in the environment\n"
        "  curl 'http://127.0.0.1:8000/sparql?query=ASK%20%7B%7D'"
    )
    parser.add_argument(
        "places",
        metavar="PLACE",
        nargs="+",
        help="a store, or packages, or folders of packages 库或数据包",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (%(default)s) 监听地址"
    )
    parser.add_argument("--port", type=int, default=8000, help="port, 0 for any (%(default)s) 端口")
    parser.add_argument(
        "--base", default="", metavar="URL", help="public address of the site 网站的公开网址"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=4,
        metavar="N",
        help="queries at a time (%(default)s) 同时查询数",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=30,
        metavar="SECONDS",
        help="limit of a query (%(default)s) 查询时限",
    )
    parser.add_argument(
        "--memory",
        type=int,
        default=1024,
        metavar="MB",
        help="limit of a query (%(default)s) 查询内存上限",
    )
    parser.add_argument(
        "--output",
        type=float,
        default=20,
        metavar="MB",
        help="limit of an answer (%(default)s) 结果大小上限",
    )
    parser.add_argument(
        "--client-seconds",
        type=float,
        default=60,
        metavar="SECONDS",
        help="query time a minute for each client (%(default)s) 每个客户端每分钟的查询时间",
    )
    parser.add_argument(
        "--client-queries",
        type=int,
        default=2,
        metavar="N",
        help="queries at a time for each client (%(default)s) 每个客户端同时的查询数",
    )
    parser.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a proxy before the site whose X-Forwarded-For is believed 前置代理的地址",
    )
    parser.add_argument("--title", metavar="TEXT", help="name of the site in Chinese 网站名称")
    parser.add_argument("--title-en", metavar="TEXT", help="name of the site in English 英文名称")
    parser.add_argument(
        "--updates",
        action="store_true",
        help="take SPARQL updates of a store from who has the token in OPENDATA_TOKEN "
        "接受更新，令牌在环境变量中",
    )
    parser.add_argument("--quiet", action="store_true", help="no access log 不记访问日志")


def _token(lang: str) -> str:
    """The token of who may send updates: from the environment, the keyring, or a person."""
    from opendata.errors import SettingsError
    from opendata.portals.profiles import SERVICE, credentials_for

    token = credentials_for(_NAME, ask=asking(lang)).token
    if not token:
        raise SettingsError(
            "--updates 需要令牌，更新者要出示它；请用环境变量 OPENDATA_TOKEN_SERVE 或 OPENDATA_TOKEN，"
            f"或系统钥匙串（keyring set {SERVICE} {_NAME}）。",
            "--updates wants a token, which who sends updates has to show: set the variable "
            "OPENDATA_TOKEN_SERVE or OPENDATA_TOKEN, or use the system's keyring (keyring set "
            f"{SERVICE} {_NAME}).",
        )
    return token


def run(args: argparse.Namespace) -> int:
    import logging
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress

    from opendata.extras import missing

    try:
        from opendata.server.run import serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "httptools"):
            raise
        raise missing("serve", str(error.name)) from error
    from opendata.server.settings import Settings, checked
    from opendata.store.workers import Limits

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # not every stranger's nonsense
    title = {"zh": args.title, "en": args.title_en or args.title}
    settings = checked(
        Settings(
            base=args.base,
            workers=args.workers,
            limits=Limits(
                seconds=args.timeout,
                memory=args.memory * _MEGABYTE,
                output=int(args.output * 1_000_000),
            ),
            client_seconds=args.client_seconds,
            client_queries=args.client_queries,
            proxies=tuple(args.proxy),
            access_log=not args.quiet,
            title={lang: text for lang, text in title.items() if text},
            token=_token(language(args)) if args.updates else "",
        )
    )

    progress = Progress(console=Console(stderr=True, quiet=args.json), transient=True)
    task = progress.add_task("正在读取" if language(args) == "zh" else "reading", total=None)

    def started(settings: Settings, packages: int) -> None:
        progress.stop()
        if args.json:
            show_json(
                {"address": settings.base, "packages": packages, "sparql": settings.base + "sparql"}
            )
        elif language(args) == "zh":
            print(
                f"{settings.base}    数据包 {packages} 个    SPARQL：{settings.base}sparql    Ctrl-C 停止"
            )
        else:
            print(
                f"{settings.base}    packages: {packages}    SPARQL: {settings.base}sparql    Ctrl-C stops"
            )
        sys.stdout.flush()

    with progress:
        serve(
            [Path(place) for place in args.places],
            settings,
            host=args.host,
            port=args.port,
            started=started,
            watch=lambda done, of: progress.update(task, completed=done, total=of),
        )
    return 0
