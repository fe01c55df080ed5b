"""A real HDFS of one NameNode and one DataNode, from the jars of Maven Central: 65 MB, fetched once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.portals.maven import jars
from tests.portals.servers import free_port, program, running

VERSION = "3.4.2"
SERVER = Path(__file__).parent / "java/Hdfs.java"


@contextmanager
def hdfs(folder: Path) -> Iterator[int]:
    """The port of WebHDFS, for as long as a `with` lasts. Its superuser is who runs it."""
    java = program("java", "apt-get install default-jdk-headless")
    mvn = program("mvn", "apt-get install maven")
    names = ("hadoop-common", "hadoop-hdfs", "hadoop-hdfs-client")
    classes = jars(mvn, f"hdfs-{VERSION}", *(f"org.apache.hadoop:{n}:{VERSION}" for n in names))
    for name in ("hdfs", "datanode"):  # its own pages, which are in no jar
        (folder / "webapps" / name).mkdir(parents=True)
    port, ready = free_port(), free_port()
    options = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "--add-opens=java.base/java.lang=ALL-UNNAMED"]
    command = [java, *options, "-cp", f"{folder}:{classes}/*", str(SERVER)]
    words = [str(folder), str(port), str(ready)]
    with running([*command, *words], folder, f"http://127.0.0.1:{ready}/"):
        yield port
