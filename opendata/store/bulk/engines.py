"""What each engine wants: which graphs, and the commands that load, serve and count them."""

from collections.abc import Callable
from dataclasses import dataclass

from opendata.terms import DEF

# Where Virtuoso keeps what others keep in the default graph: it has none.
MERGED = f"{DEF.rstrip('/')}/merged"
_COUNT = "SELECT (COUNT(*) AS ?quads) { GRAPH ?graph { ?s ?p ?o } }"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the shards are, and the parts that they are in (one, or one for each server)."""

    shards: str
    parts: tuple[str, ...]

    @property
    def where(self) -> str:
        """The shards of a part in a shell, which `$1` names where there are several."""
        return self.shards if self.parts in ((), ("all",)) else f"{self.shards}/$1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """An engine; `named` and `merged` are the graphs that it is given."""

    name: str
    named: bool
    merged: bool
    tested: bool
    files: Callable[[Setting], dict[str, str]]


_HEAD = '#!/bin/sh\n# {what}\nset -eu\ncd "$(dirname "$0")"\n'


def _readme(engine: str, setting: Setting, text: str) -> str:
    parts = ""
    if setting.parts not in ((), ("all",)):
        names = " ".join(sorted(setting.parts))
        parts = (
            f"\nThe shards are in parts ({names}); give a part to the scripts, such as `{min(setting.parts)}`, "
            "and a server to each part.\n"
        )
    return f"""# Loading into {engine}

`bulk.json` says how many packages, graphs and quads there are. Every package has a named graph, and so has the
vocabulary (`{DEF}`).
{parts}
{text}
Afterwards this must count the quads that `bulk.json` says:

```sparql
{_COUNT}
```
"""


def _oxigraph(setting: Setting) -> dict[str, str]:
    load = (
        _HEAD.format(what="Loads all shards into a new store; DB is its folder.")
        + f'oxigraph load --location "${{DB:-db}}" --file {setting.where}/*.nq.gz\n'
    )
    serve = (
        _HEAD.format(what="Answers at http://127.0.0.1:7878/query, read-only.")
        + 'exec oxigraph serve-read-only --location "${DB:-db}" --bind "${BIND:-127.0.0.1:7878}"\n'
    )
    text = """```sh
pip install oxigraph          # or cargo install oxigraph-cli
./load.sh                     # DB=/fast/disk/db ./load.sh
./serve.sh
```

The default graph holds every triple once, so questions need no graph. Files are read in parallel and each is
held in memory and on the disk until it is whole; `--non-atomic` takes less of both.
"""
    return {
        "README.md": _readme("Oxigraph", setting, text),
        "load.sh": load,
        "serve.sh": serve,
    }


def _fuseki(setting: Setting) -> dict[str, str]:
    load = (
        _HEAD.format(
            what="Loads all shards into a new TDB2 store; FUSEKI is Fuseki's jar, DB its folder."
        )
        + 'java ${JAVA_OPTIONS:--Xmx4g} -cp "$FUSEKI" tdb2.tdbloader --loader="${LOADER:-phased}" '
        f'--loc="${{DB:-db}}" {setting.where}/*.nq.gz\n'
    )
    serve = (
        _HEAD.format(what="Answers at http://127.0.0.1:3030/budgets/query, read-only.")
        + 'exec java ${JAVA_OPTIONS:--Xmx4g} -cp "$FUSEKI" org.apache.jena.fuseki.main.cmds.FusekiServerCmd '
        '--localhost --port="${PORT:-3030}" --tdb2 --loc="${DB:-db}" /budgets\n'
    )
    text = f"""```sh
mvn -q dependency:get -Dartifact={_JENA}        # or download Fuseki: its jar holds the loader too
mvn -q dependency:copy -Dartifact={_JENA} -DoutputDirectory=.
export FUSEKI=$PWD/{_JAR}
./load.sh                                       # DB=/fast/disk/db ./load.sh
./serve.sh
```

The default graph holds every triple once, so questions need no graph. `LOADER=parallel` is faster on a machine
with many cores and a fast disk, `LOADER=sequential` needs least. The store must not be served while it is loaded.
"""
    return {
        "README.md": _readme("Apache Jena Fuseki (TDB2)", setting, text),
        "load.sh": load,
        "serve.sh": serve,
    }


_JENA = "org.apache.jena:jena-fuseki-server:5.6.0"
_JAR = "jena-fuseki-server-5.6.0.jar"


_FAILED = (
    "select ll_file, ll_error from DB.DBA.load_list where ll_state <> 2 or ll_error is not null;"
)


def _virtuoso(setting: Setting) -> dict[str, str]:
    load = _HEAD.format(
        what="Loads all shards; SQL is the server's SQL port, its password is asked from DBA_PASSWORD."
    ) + (
        f'shards="$PWD/{setting.where}"\n'
        "# Several loaders side by side, one for each two cores or so.\n"
        '"${ISQL:-isql-vt}" "${SQL:-1111}" dba "${DBA_PASSWORD:-dba}" ERRORS=STDOUT VERBOSE=OFF PROMPT=OFF <<END\n'
        f"ld_dir ('$shards', '*.nq.gz', '{MERGED}');\n"
        "log_enable (2, 1);\n"
        "END\n"
        'for loader in $(seq "${LOADERS:-1}"); do\n'
        '    "${ISQL:-isql-vt}" "${SQL:-1111}" dba "${DBA_PASSWORD:-dba}" ERRORS=STDOUT VERBOSE=OFF PROMPT=OFF '
        'exec="rdf_loader_run ();" &\n'
        "done\n"
        "wait\n"
        '"${ISQL:-isql-vt}" "${SQL:-1111}" dba "${DBA_PASSWORD:-dba}" ERRORS=STDOUT VERBOSE=OFF PROMPT=OFF <<END\n'
        "checkpoint;\n"
        f"{_FAILED}\n"
        "END\n"
    )
    text = f"""The folder must be one that the server may read: add its whole path to `DirsAllowed` in `virtuoso.ini`,
give the server memory there (`NumberOfBuffers`, `MaxDirtyBuffers`), and start it again. Then:

```sh
SQL=1111 DBA_PASSWORD=... LOADERS=2 ./load.sh     # files that failed are listed at the end
```

Virtuoso has no default graph. What other engines keep there is in `<{MERGED}>`, every triple once: ask with
`default-graph-uri={MERGED}`, or `FROM <{MERGED}>`. Without it a triple is met once for each graph that holds it,
and sums come out too high. `load.sh` asks `isql-vt`, as Debian calls it; elsewhere `ISQL=isql`.

The count is the one below less the triples of `<{MERGED}>`: add `FILTER (?graph != <{MERGED}>)` and look at our graphs only.
"""
    return {"README.md": _readme("Virtuoso", setting, text), "load.sh": load}


def _qlever(setting: Setting) -> dict[str, str]:
    parts = "*/" if setting.parts not in ((), ("all",)) else ""
    qleverfile = f"""# For the command qlever: pip install qlever
[data]
NAME         = opendata
DESCRIPTION  = Chinese government budgets
FORMAT       = nq

[index]
INPUT_FILES      = {setting.shards}/{parts}*.nq.gz
CAT_INPUT_FILES  = zcat ${{INPUT_FILES}}
PARALLEL_PARSING = true
SETTINGS_JSON    = {{ "num-triples-per-batch": 1000000 }}
STXXL_MEMORY     = 4G

[server]
PORT               = 7019
MEMORY_FOR_QUERIES = 8G
TIMEOUT            = 120s

[runtime]
SYSTEM = docker
IMAGE  = docker.io/adfreiburg/qlever:latest
"""
    text = """**Not tested**: no server could be had where this was written. The settings follow QLever's manual.

```sh
pip install qlever
qlever index        # reads Qleverfile
qlever start
qlever query "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
```

QLever takes all graphs together as its default graph, so it is given the merged triples only, without named graphs: a
triple that several packages share would otherwise be met once for each. The quads to count in named graphs are therefore 0.
"""
    return {"README.md": _readme("QLever", setting, text), "Qleverfile": qleverfile}


ENGINES: dict[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(name="oxigraph", named=True, merged=True, tested=True, files=_oxigraph),
        Engine(name="fuseki", named=True, merged=True, tested=True, files=_fuseki),
        Engine(name="virtuoso", named=True, merged=True, tested=True, files=_virtuoso),
        Engine(name="qlever", named=False, merged=True, tested=False, files=_qlever),
    )
}
