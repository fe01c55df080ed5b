"""Servers that come as jars from Maven Central, each fetched once into a cache folder."""

import fcntl
import os
import subprocess
from pathlib import Path

PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opendata-tests"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>opendata</groupId><artifactId>tests</artifactId>
<version>1</version><dependencies>{}</dependencies></project>
"""
_DEPENDENCY = (
    "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
)


def jars(mvn: str, name: str, *artifacts: str, alone: bool = False) -> Path:
    """A folder with artifacts, group:name:version, and all that they need unless they stand alone."""
    folder = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            wanted = "".join(_DEPENDENCY.format(*artifact.split(":")) for artifact in artifacts)
            (folder / "pom.xml").write_text(_POM.format(wanted), encoding="utf-8")
            command = [mvn, "-q", "-B", f"{PLUGIN}:copy-dependencies", "-DincludeScope=runtime"]
            options = [f"-DoutputDirectory={folder}", f"-DexcludeTransitive={str(alone).lower()}"]
            subprocess.run([*command, *options], cwd=folder, check=True)
            (folder / "complete").touch()
    return folder
