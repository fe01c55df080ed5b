"""Many packages to a real CKAN, and again unchanged: `opendata publish`, ckanapi and frictionless.

Each brings the same packages (made of the shipped document, each under a code of its own) into the
CKAN of `tests/portals/ckan/server.py`, which is started if need be:

* ours: `opendata publish DIR/* --jobs N`, from the shell: checked, files and tables, read back and
  compared; "ours-files" is the same with `tables = "none"`, to be held against frictionless;
* ckanapi: `ckanapi load datasets -p N`, then each file by `resource_patch` and each table by
  `datastore_create` (the same tables as ours, with the same types), N data sets at a time;
* frictionless: `Package.publish` with a CkanControl, N at a time; files only, for it makes no tables.

Requests and bytes are what CKAN's server logs. `pip install ckanapi "frictionless[ckan]"` brings the
peers. Usage: python benchmarks/publish.py [--packages 50] [--jobs 4] [--only ours,…]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from opendata.checks.rules import check  # noqa: E402
from opendata.converters.package import to_package  # noqa: E402
from opendata.facts import facts_for  # noqa: E402
from opendata.package import open_package  # noqa: E402
from opendata.parsers import parse  # noqa: E402
from opendata.portals.ckan.dataset import Dataset, dataset  # noqa: E402
from opendata.portals.profiles import Profile  # noqa: E402
from opendata.portals.publication import tool  # noqa: E402
from tests.portals.ckan import server  # noqa: E402

BUILD = ROOT / "build/benchmarks/publish"
DOCUMENT = ROOT / "datapackages/430105-306001-2023/source/kaifu-chengguan-2023.txt"
CODE = "306001"  # of the unit in the document
GOALS = {"first": 2, "second": 20}
# The same work: files and tables; files only. And more work than the other does.
PAIRS = (("ours", "ckanapi"), ("ours-files", "frictionless"), ("ours", "frictionless"))


class Ckan(NamedTuple):
    address: str
    token: str

    def act(self, action: str, **data: object) -> Any:
        headers = {"Authorization": self.token}
        url = f"{self.address}/api/3/action/{action}"
        return httpx.post(url, headers=headers, json=data, timeout=120).json().get("result")


class Measured(NamedTuple):
    seconds: float
    requests: int
    sent: int
    received: int


def packages(count: int) -> list[Path]:
    """So many packages, each of a unit of its own."""
    found = []
    for number in range(count):
        code = str(310000 + number)
        folder = BUILD / f"packages-{tool()}/430105-{code}-2023"  # made by this very program
        if not (folder / "datapackage.json").exists():
            source = BUILD / f"documents/unit-{code}.txt"
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(
                DOCUMENT.read_text(encoding="utf-8").replace(CODE, code), encoding="utf-8"
            )
            facts = facts_for(DOCUMENT)
            folder.parent.mkdir(parents=True, exist_ok=True)
            to_package(check(parse(source, facts)), folder, facts=facts, source=source)
        found.append(folder)
    return found


def ours(profile: str, ckan: Ckan, folders: list[Path], jobs: int) -> None:
    """As a person does it, from the shell."""
    settings = f'target = "ckan:{ckan.address}"\norganisation = "finance"\n'
    (BUILD / "opendata.toml").write_text(
        f'[portals.all]\n{settings}[portals.files]\ntables = "none"\n{settings}', encoding="utf-8"
    )
    environment = {
        **os.environ,
        "OPENDATA_TOKEN": ckan.token,
        "OPENDATA_STATE": str(BUILD / "state"),
    }
    command = [sys.executable, "-m", "opendata.cli", "publish", *map(str, folders), "--json",
               "--to", profile, "--jobs", str(jobs)]  # fmt: skip
    done = subprocess.run(
        command, env=environment, cwd=BUILD, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr[-3000:] + done.stdout[-3000:]


def with_ckanapi(ckan: Ckan, folders: list[Path], jobs: int) -> None:
    wanted = [dataset(folder, Profile(place=ckan.address)) for folder in folders]
    lines = BUILD / "datasets.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for one in wanted:
            resources = [dict(f.fields) | {"url_type": "upload", "url": f.name} for f in one.files]
            said = {**one.fields, "name": one.name, "owner_org": "finance", "resources": resources,
                    "tags": [{"name": tag} for tag in one.tags]}  # fmt: skip
            file.write(json.dumps(said, ensure_ascii=False) + "\n")
    tool = str(Path(sys.executable).parent / "ckanapi")
    command = [tool, "load", "datasets", "-I", str(lines), "-r", ckan.address, "-a", ckan.token,
               "-p", str(jobs), "-q"]  # fmt: skip
    path = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # its workers look for it
    )
    subprocess.run(command, env={**os.environ, "PATH": path}, check=True, capture_output=True)
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(partial(_fill, ckan), wanted))


def _fill(ckan: Ckan, one: Dataset) -> None:
    """The files and tables of a data set, through ckanapi's own calls."""
    from ckanapi import RemoteCKAN

    with RemoteCKAN(ckan.address, apikey=ckan.token) as remote:
        resources = remote.action.package_show(id=one.name)["resources"]
        for file, resource in zip(one.files, resources, strict=True):
            with file.path.open("rb") as content:
                remote.action.resource_patch(id=resource["id"], upload=content)
            if table := one.tables.get(file.key):
                names = [column.name for column in table.columns]
                remote.action.datastore_create(
                    resource_id=resource["id"],
                    force=True,
                    fields=[column.to_field() for column in table.columns],
                    primary_key=list(table.keys),
                    records=[dict(zip(names, row, strict=True)) for row in table.rows.values()],
                )


def with_frictionless(ckan: Ckan, folders: list[Path], jobs: int) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(partial(_publish, ckan), folders))


def _publish(ckan: Ckan, folder: Path) -> None:
    from frictionless import Package
    from frictionless.portals import CkanControl

    said = dict(open_package(folder).descriptor)
    there = ckan.act("package_show", id=said["name"])
    del said["id"]  # CKAN takes no IRI; an update is asked for by CKAN's own id
    said |= {"id": there["id"]} if there else {}
    package = Package.from_descriptor(said, basepath=str(folder))
    control = CkanControl(
        baseurl=ckan.address,
        organization_name="finance",
        apikey=ckan.token,
        allow_update=bool(there),
    )
    package.publish(control=control)


WAYS: dict[str, Callable[[Ckan, list[Path], int], None]] = {
    "ours": partial(ours, "all"),
    "ours-files": partial(ours, "files"),
    "ckanapi": with_ckanapi,
    "frictionless": with_frictionless,
}


def clear(ckan: Ckan, folders: list[Path]) -> None:
    """Nothing of an earlier run is left, nor known to our journal."""
    shutil.rmtree(BUILD / "state", ignore_errors=True)
    for folder in folders:
        with suppress(AttributeError):
            ckan.act("dataset_purge", id=open_package(folder).name)


def measure(run: Callable[[], None], log: Path) -> Measured:
    before = log.stat().st_size if log.exists() else 0
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    time.sleep(0.5)  # the log is written behind
    with log.open("rb") as file:
        file.seek(before)
        lines = [line.split() for line in file.read().decode().splitlines() if line]
    sizes = [(w[3], w[4]) for w in lines if len(w) == 5]
    sent, received = (sum(int(x) for x in own if x.isdigit()) for own in zip(*sizes, strict=True))
    return Measured(seconds, len(sizes), sent, received)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--packages", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--only", default=",".join(WAYS))
    args = parser.parse_args()
    folders = packages(args.packages)
    times: dict[str, dict[str, Measured]] = {"first": {}, "second": {}}
    with server.ckan() as (address, token):
        ckan = Ckan(address, token)
        ckan.act("organization_create", name="finance", title="财政局")
        log = server.FOLDER / "log/access.log"
        for way in args.only.split(","):
            clear(ckan, folders)
            for turn, found in times.items():
                found[way] = measure(partial(WAYS[way], ckan, folders, args.jobs), log)
                one = found[way]
                print(
                    f"{turn:7} {way:13} {one.seconds:8.2f} s  {one.requests:6} requests  "
                    f"{one.sent / 1e6:7.1f} MB sent  {one.received / 1e6:7.1f} MB received",
                    flush=True,
                )
        clear(ckan, folders)
    for turn, goal in GOALS.items():
        found = times[turn]
        for own, peer in PAIRS:
            if own in found and peer in found:
                ratio = found[peer].seconds / found[own].seconds
                print(f"{turn}: {own!r} is {ratio:.1f} times as fast as {peer} (goal {goal})")


if __name__ == "__main__":
    main()
