"""A real CKAN with DataStore, FileStore and ckanext-dcat on 127.0.0.1, for tests.

For Debian 12, as root, or anywhere else with PostgreSQL, Redis and libpq's headers at hand. Only the
standard library is used, so that it runs before anything is installed::

    python3 tests/portals/ckan/server.py up [FOLDER]      # prints export CKAN_URL=… CKAN_TOKEN=…
    python3 tests/portals/ckan/server.py down [FOLDER]

The folder (by default build/ckan) keeps the installation and the data; `up` again takes seconds, and
does nothing where CKAN answers already. Every port is a free one. With CKAN_SEARCH=URL the search
is a real Solr core with CKAN's schema, otherwise the small one of `search.py`. CKAN_VERSION names
another version of CKAN, for a folder of its own.
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[2] / "build/ckan"
VERSION = os.environ.get("CKAN_VERSION", "2.12.0")
# CKAN pins every library that it needs; what it does not pin is named here.
PACKAGES = (f"ckan[requirements]=={VERSION}", "ckanext-dcat==2.4.4", "gunicorn>=22,<25")
PLUGINS = "activity datastore datatables_view text_view dcat structured_data"
DEBIAN = (
    "postgresql-15",
    "redis-server",
    "libpq-dev",
    "libmagic1",
    "gcc",
    "python3-dev",
    "python3-venv",
)
ACCESS = "%(m)s %(U)s %(s)s %({content-length}i)s %(B)s"  # bytes of a request, bytes of its answer
PATIENCE = 120  # seconds until a server must answer
WSGI = """\
import logging
import os
from ckan.cli import CKANConfigLoader
from ckan.config.middleware import make_app
application = make_app(CKANConfigLoader(os.environ["CKAN_INI"]).get_config())
logging.getLogger("gunicorn.access").disabled = False  # CKAN silences what is not its own
"""


def up(folder: Path = FOLDER) -> tuple[str, str]:
    """Start CKAN where it does not run yet; its address, and a sysadmin's token."""
    for name in ("run", "log", "conf", "storage"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with (folder / "run/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may want it at once
        if not _answers(folder):
            _halt(folder)
            _install(folder)
            ports = _ports(folder)
            _postgres(folder, ports["postgres"])
            _daemon(folder, "redis", ["redis-server", "--port", str(ports["redis"]), "--bind",
                    "127.0.0.1", "--dir", str(folder / "run"), "--save", ""])  # fmt: skip
            search = _search(folder, ports["search"])
            _configure(folder, ports, search)
            _database(folder, ports["postgres"])
            _serve(folder, ports["ckan"])
            _token(folder, ports)
    return _address(folder), (folder / "conf/token").read_text().strip()


def down(folder: Path = FOLDER) -> None:
    """Stop what was started in a folder; its data stay."""
    if (folder / "run").is_dir():
        with (folder / "run/lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _halt(folder)


def _address(folder: Path) -> str:
    return f"http://127.0.0.1:{json.loads((folder / 'conf/ports.json').read_text())['ckan']}"


def _answers(folder: Path) -> bool:
    """Whether this folder's CKAN runs, and takes its token."""
    try:
        token = (folder / "conf/token").read_text().strip()
        asked = urllib.request.Request(
            f"{_address(folder)}/api/3/action/api_token_list?user_id=admin",
            headers={"Authorization": token},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status == 200
    except (OSError, ValueError, KeyError):
        return False


def _install(folder: Path) -> None:
    wanted = "\n".join(PACKAGES)
    done = folder / "venv/.done"
    if done.exists() and done.read_text() == wanted:
        return
    _debian(folder)
    _run(folder, "venv", ["/usr/bin/python3", "-m", "venv", str(folder / "venv")])
    _run(folder, "pip", [f"{folder}/venv/bin/pip", "install", "-q", *PACKAGES])
    done.write_text(wanted)


def _debian(folder: Path) -> None:
    """What Debian lacks, if we may install it; its services must not start by themselves."""
    asked = ["dpkg-query", "-W", "-f=${Package} ${Status}\n", *DEBIAN]
    if os.geteuid() or not shutil.which("apt-get"):
        if not shutil.which("redis-server") or not (_programs() / "initdb").exists():
            raise SystemExit(
                f"CKAN needs PostgreSQL and Redis; on Debian: apt-get install {' '.join(DEBIAN)}"
            )
        return
    there = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    missing = [p for p in DEBIAN if f"{p} install ok installed" not in there]
    if not missing:
        return
    policy = Path("/usr/sbin/policy-rc.d")
    mine = not policy.exists()
    if mine:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        _run(folder, "apt-update", ["apt-get", "update", "-q"])
        command = ["apt-get", "install", "-y", "-q", "--no-install-recommends"]
        _run(folder, "apt", [*command, "-o", "DPkg::Lock::Timeout=300", *missing],
             env={"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
    finally:
        if mine:
            policy.unlink()


def _ports(folder: Path) -> dict[str, int]:
    """A free port for each server; the ones of the last time, where they are free still."""
    place = folder / "conf/ports.json"
    old = json.loads(place.read_text()) if place.exists() else {}
    ports = {}
    for name in ("postgres", "redis", "search", "ckan"):
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", old.get(name, 0)))
            except OSError:
                found.bind(("127.0.0.1", 0))
            ports[name] = found.getsockname()[1]
    place.write_text(json.dumps(ports))
    return ports


def _password(folder: Path) -> str:
    place = folder / "conf/password"
    if not place.exists():
        place.touch(mode=0o600)
        place.write_text(base64.b32encode(os.urandom(15)).decode())
    return place.read_text()


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL does not run as root."""
    return command if os.geteuid() else ["runuser", "-u", "postgres", "--", *command]


def _programs() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))


def _postgres(folder: Path, port: int) -> None:
    """A cluster of our own; it forgets on a power cut what was not written, and is fast."""
    data = _data(folder)
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        if not os.geteuid():
            shutil.chown(data, "postgres", "postgres")
        data.chmod(0o700)
        key = data.with_suffix(".key")
        key.write_text(_password(folder))
        if not os.geteuid():
            shutil.chown(key, "postgres")
        key.chmod(0o600)
        command = [f"{_programs()}/initdb", "-D", str(data), "-U", "postgres", f"--pwfile={key}",
                   "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]  # fmt: skip
        _run(folder, "initdb", _as_postgres(command), cwd="/")
        key.unlink()
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "",
                "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # fmt: skip
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    log = data / "server.log"
    command = [
        f"{_programs()}/pg_ctl",
        "-D",
        str(data),
        "-l",
        str(log),
        "-o",
        options,
        "-w",
        "start",
    ]
    _run(folder, "pg_ctl", _as_postgres(command), cwd="/")
    for role in ("ckan", "datastore_ro"):
        _sql(folder, port, f"create role {role} login password '{_password(folder)}'", missing=True)
    for name in ("ckan", "datastore"):
        _sql(folder, port, f"create database {name} owner ckan encoding 'UTF8'", missing=True)


def _data(folder: Path) -> Path:
    """Where the cluster is: in the folder, unless its user cannot get there."""
    place = folder / "conf/postgres"
    if not place.exists():
        reached = (
            not os.geteuid()
            and subprocess.run(_as_postgres(["test", "-x", str(folder)]), check=False).returncode
        )
        data = (
            Path(f"/var/tmp/opendata-ckan-{os.urandom(6).hex()}/data") if reached else folder / "pg"
        )
        place.write_text(str(data))
    return Path(place.read_text())


def _sql(
    folder: Path, port: int, text: str, *, missing: bool = False, database: str = "postgres"
) -> None:
    """Run SQL; with `missing`, that the thing is there already is no error."""
    command = [f"{_programs()}/psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port),
               "-U", "postgres", "-d", database, "-c", text]  # fmt: skip
    done = subprocess.run(
        command, env={**os.environ, "PGPASSWORD": _password(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and not (missing and "already exists" in done.stderr):
        raise SystemExit(f"psql: {done.stderr}")


def _search(folder: Path, port: int) -> str:
    if given := os.environ.get("CKAN_SEARCH"):
        return given
    (schema,) = (folder / "venv").glob("lib/python3*/site-packages/ckan/config/solr/schema.xml")
    command = [
        sys.executable,
        str(HERE / "search.py"),
        str(schema),
        str(folder / "conf/index.sqlite"),
    ]
    _daemon(folder, "search", [*command, str(port)])
    address = f"http://127.0.0.1:{port}/solr/ckan"
    _wait(folder, "search", lambda: urllib.request.urlopen(f"{address}/admin/ping", timeout=5))
    return address


def _configure(folder: Path, ports: dict[str, int], search: str) -> None:
    ini = folder / "conf/ckan.ini"
    ckan = f"{folder}/venv/bin/ckan"
    if not ini.exists():
        _run(folder, "generate", [ckan, "generate", "config", str(ini)])
    base = f"127.0.0.1:{ports['postgres']}"
    key = _password(folder)
    settings = {
        "sqlalchemy.url": f"postgresql://ckan:{key}@{base}/ckan",
        "ckan.datastore.write_url": f"postgresql://ckan:{key}@{base}/datastore",
        "ckan.datastore.read_url": f"postgresql://datastore_ro:{key}@{base}/datastore",
        "ckan.redis.url": f"redis://127.0.0.1:{ports['redis']}/0",
        "solr_url": search,
        "ckan.site_url": f"http://127.0.0.1:{ports['ckan']}",
        "ckan.site_id": "opendata-tests",
        "ckan.storage_path": str(folder / "storage"),
        "ckan.plugins": PLUGINS,
        "ckan.max_resource_size": "20",
        "ckan.auth.create_user_via_web": "false",
        "ckan.datastore.sqlsearch.enabled": "true",
        "ckanext.dcat.enable_content_negotiation": "true",
        "ckanext.dcat.rdf.profiles": "euro_dcat_ap_3",
    }
    _run(
        folder,
        "config",
        [ckan, "config-tool", str(ini), *(f"{k}={v}" for k, v in settings.items())],
    )
    (folder / "conf/wsgi.py").write_text(WSGI)


def _database(folder: Path, port: int) -> None:
    done = folder / "conf/.migrated"
    if done.exists():
        return
    _run(folder, "db-init", _ckan(folder, "db", "init"))
    _run(folder, "migrations", _ckan(folder, "db", "pending-migrations", "--apply"))
    asked = subprocess.run(
        _ckan(folder, "datastore", "set-permissions"), capture_output=True, text=True, check=True
    )
    place = folder / "conf/permissions.sql"
    place.write_text(asked.stdout)
    _run(folder, "permissions", [f"{_programs()}/psql", "-qX", "-h", "127.0.0.1", "-p", str(port), "-U",
         "postgres", "-d", "datastore", "-f", str(place)], env={"PGPASSWORD": _password(folder)})  # fmt: skip
    done.touch()


def _ckan(folder: Path, *words: str) -> list[str]:
    return [f"{folder}/venv/bin/ckan", "-c", f"{folder}/conf/ckan.ini", *words]


def _serve(folder: Path, port: int) -> None:
    command = [f"{folder}/venv/bin/gunicorn", "--chdir", f"{folder}/conf", "-b", f"127.0.0.1:{port}",
               "-k", "gthread", "-w", "2", "--threads", "4", "--timeout", "120", "--access-logfile",
               f"{folder}/log/access.log", "--access-logformat", ACCESS, "wsgi:application"]  # fmt: skip
    _daemon(folder, "ckan", command, env={"CKAN_INI": f"{folder}/conf/ckan.ini"})
    address = f"http://127.0.0.1:{port}/api/3/action/status_show"
    _wait(folder, "ckan", lambda: urllib.request.urlopen(address, timeout=30))


def _token(folder: Path, ports: dict[str, int]) -> None:
    if _answers(folder):
        return
    add = _ckan(
        folder, "user", "add", "admin", f"password={_password(folder)}", "email=a@example.org"
    )
    subprocess.run(add, capture_output=True, check=False)  # it may be there from a run that was cut
    _run(folder, "sysadmin", _ckan(folder, "sysadmin", "add", "admin"))
    told = subprocess.run(
        _ckan(folder, "user", "token", "add", "admin", "tests"),
        capture_output=True,
        text=True,
        check=True,
    )
    token = next(w for line in told.stdout.splitlines() for w in line.split() if w.count(".") == 2)
    place = folder / "conf/token"
    place.touch(mode=0o600)
    place.write_text(token)
    if not _answers(folder):
        raise SystemExit("CKAN does not take its new token")


_STARTED: list[subprocess.Popen] = []  # kept, for Python complains of a process that it forgets


def _daemon(folder: Path, name: str, command: list[str], env: dict[str, str] | None = None) -> None:
    with (folder / f"log/{name}.log").open("a") as log:
        started = subprocess.Popen(
            command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True, cwd=folder / "run",
        )  # fmt: skip
    _STARTED.append(started)
    (folder / f"run/{name}.pid").write_text(str(started.pid))


def _halt(folder: Path) -> None:
    """End what an earlier run left; a number that another program has now is let alone."""
    for name in ("ckan", "search", "redis"):
        place = folder / f"run/{name}.pid"
        with contextlib.suppress(OSError, ValueError):
            pid = int(place.read_text())
            if str(folder) in _environment(pid):
                os.killpg(pid, signal.SIGTERM)
                _gone(pid)
        place.unlink(missing_ok=True)
    place = folder / "conf/postgres"
    if place.exists() and (Path(place.read_text()) / "postmaster.pid").exists():
        command = [f"{_programs()}/pg_ctl", "-D", place.read_text(), "-m", "fast", "-w", "stop"]
        subprocess.run(_as_postgres(command), capture_output=True, check=False, cwd="/")


def _environment(pid: int) -> str:
    """Where a process works and how it was called."""
    called = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    return called + str(Path(f"/proc/{pid}/cwd").readlink())


def _gone(pid: int) -> None:
    for _ in range(100):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)


def _run(folder: Path, name: str, command: list[str], *, cwd: str | None = None,
         env: dict[str, str] | None = None) -> None:  # fmt: skip
    log = folder / f"log/{name}.log"
    with log.open("w") as file:
        done = subprocess.run(
            command,
            stdout=file,
            stderr=file,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"{name}: {command[0]} failed:\n{log.read_text()[-2000:]}")


def _wait(folder: Path, name: str, ask: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            ask()
        except (OSError, urllib.error.URLError):
            if time.monotonic() > end:
                raise SystemExit((folder / f"log/{name}.log").read_text()[-2000:]) from None
            time.sleep(0.2)
        else:
            return


@contextlib.contextmanager
def ckan(folder: Path = FOLDER) -> Iterator[tuple[str, str]]:
    """CKAN for as long as a `with` lasts; one that ran before goes on."""
    ran = _answers(folder)
    try:
        yield up(folder)
    finally:
        if not ran:
            down(folder)


if __name__ == "__main__":
    place = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else FOLDER
    if sys.argv[1:2] == ["up"]:
        sys.stdout.write("export CKAN_URL={} CKAN_TOKEN={}\n".format(*up(place)))
    elif sys.argv[1:2] == ["down"]:
        down(place)
    else:
        raise SystemExit(__doc__)
