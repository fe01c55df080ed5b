"""Apache Solr with a core for CKAN, from the jars of Maven Central.

As a script it stays in the foreground until it is ended::

    python -m tests.portals.solr FOLDER SCHEMA.xml [PORT]

CKAN runs on it with `CKAN_SEARCH=http://127.0.0.1:PORT/solr/ckan`, started after it, where the schema is
CKAN's own: `build/ckan/venv/lib/python3*/site-packages/ckan/config/solr/schema.xml`.

A server's own start is made of scripts that are on no registry; what is there is Solr itself and
the Jetty that its own tests run it in, which `java/Solr.java` starts. The folder keeps the index:
with the same one again, everything is still found.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from .maven import jars
from .servers import PATIENCE, free_port, program, stop

VERSION = "9.10.1"
HERE = Path(__file__).parent / "java"


def start(folder: Path, schema: Path, port: int | None = None) -> tuple[subprocess.Popen, str]:
    """Start Solr in a folder with CKAN's schema; the process, and the core's address, which answers."""
    java = program("java", "apt-get install default-jdk-headless")
    mvn = program("mvn", "apt-get install maven")
    artifacts = (
        f"org.apache.solr:{name}:{VERSION}" for name in ("solr-core", "solr-test-framework")
    )
    classes = jars(mvn, f"solr-{VERSION}", *artifacts)
    _configure(folder, schema)
    port = port or free_port()
    command = [java, "-Xmx512m", "-cp", f"{classes}/*", f"-Dsolr.log.dir={folder}"]
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [*command, str(HERE / "Solr.java"), str(folder), str(port)],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}/solr/ckan"
    try:
        _wait(server, folder, address)
    except BaseException:
        stop(server)
        raise
    return server, address


@contextmanager
def solr(folder: Path, schema: Path) -> Iterator[str]:
    """The address of a core for CKAN, for as long as a `with` lasts."""
    server, address = start(folder, schema)
    try:
        yield address
    finally:
        stop(server)


def _configure(folder: Path, schema: Path) -> None:
    conf = folder / "ckan/conf"
    conf.mkdir(parents=True, exist_ok=True)
    (folder / "solr.xml").write_text("<solr/>\n", encoding="utf-8")
    (folder / "ckan/core.properties").write_text("name=ckan\n", encoding="utf-8")
    shutil.copyfile(HERE / "solrconfig.xml", conf / "solrconfig.xml")
    shutil.copyfile(schema, conf / "schema.xml")
    for name in ("protwords", "stopwords", "synonyms"):
        (conf / f"{name}.txt").touch()


def _wait(server: subprocess.Popen, folder: Path, address: str) -> None:
    """Until the core has loaded: before, Solr answers 503."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if httpx.get(f"{address}/select?q=*:*", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        told = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
        assert server.poll() is None, told
        assert time.monotonic() < end, told
        time.sleep(0.2)


if __name__ == "__main__":
    place, schema_file, *number = sys.argv[1:]
    process, core = start(
        Path(place).absolute(), Path(schema_file), int(number[0]) if number else None
    )
    sys.stdout.write(f"{core}\n")
    sys.stdout.flush()
    try:
        process.wait()
    finally:
        stop(process)
