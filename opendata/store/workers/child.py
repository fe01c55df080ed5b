"""The program of a worker: opens a store for reading and answers one query after the other.

An update, too, leaves that store as it is: what comes of it is written into another folder.

It is run as a file of its own, so that nothing but the engine is loaded, and talks over its standard
input, a socket, in frames: `REQUEST` and JSON there, `REPLY`, a head and a body back. Whatever a query does to this
process (memory, stack, time) ends this process and nothing else.
"""

import ctypes
import gc
import io
import json
import os
import platform
import resource
import signal
import struct
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyoxigraph as ox

OK, WRONG, TOO_LARGE, FAILED, NO_FORMAT, NO_GRAPH, READY = range(7)
REQUEST = struct.Struct(">I")  # bytes of the JSON that follows
REPLY = struct.Struct(
    ">BBHI"
)  # what became of it, 1 where the worker is tired, bytes of head, of body

_TIRED = 128 * 1024 * 1024  # bytes more than at the start, after which a worker is replaced
_READABLE = 10_000  # triples
_QUICK = 0.02  # seconds in which no query takes much memory
_GRACE = 2.0  # seconds after the deadline when a worker whose owner is gone ends itself

# Linux: the calls with which a process reaches out or becomes another.
_MACHINES = {
    "x86_64": (0xC000003E, (41, 42, 49, 50, 57, 58, 59, 101, 322, 425)),
    "aarch64": (0xC00000B7, (198, 200, 201, 203, 117, 221, 281, 425)),
}
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_REFUSED = 0x00050000 | 13  # the call answers "permission denied"
_ALLOWED = 0x7FFF0000


class _Code(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("codes", ctypes.POINTER(_Code)))


def seal() -> bool:
    """Give up sockets and other programs for good; whether this system can."""
    known = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if known is None:
        return False
    architecture, calls = known
    load, equal, end = 0x20, 0x15, 0x06
    lines = [(load, 0, 0, 4), (equal, 1, 0, architecture), (end, 0, 0, _REFUSED), (load, 0, 0, 0)]
    lines += [(equal, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    lines += [(end, 0, 0, _ALLOWED), (end, 0, 0, _REFUSED)]
    codes = (_Code * len(lines))(*(_Code(*line) for line in lines))
    program = _Program(len(lines), codes)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


class _Sink(io.BytesIO):
    """What the engine writes into; an answer that grows too large stops it."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def write(self, data: Any) -> int:
        size = super().write(data)
        if self.tell() > self.limit:
            raise OverflowError
        return size


class _NoFormat(Exception):  # noqa: N818  # an outcome
    """The query has another form of answer than its owner has a use for."""


def answer(
    store: ox.Store, prefixes: dict[str, str], ask: dict[str, Any]
) -> tuple[str, memoryview]:
    """The media type and the bytes of an answer."""
    if "update" in ask:
        return change(store, prefixes, ask)
    sink = _Sink(ask["output"])
    if "dump" in ask:
        return _dump(store, prefixes, ask, sink)
    chosen: dict[str, Any] = {}
    if ask["default"] is not None:
        default = [ox.NamedNode(name) for name in dict.fromkeys(ask["default"])]
        named = [ox.NamedNode(name) for name in dict.fromkeys(ask["named"])]
        chosen = {"default_graph": default, "named_graphs": named}
        if len(default) > 1:
            store = _merged(store, default, named)
            chosen["default_graph"] = ox.DefaultGraph()
    if ask["bound"]:
        chosen["substitutions"] = _bound(ask["bound"])
    try:
        result = store.query(ask["query"], base_iri=ask["base"], **chosen)
    except (
        SyntaxError
    ):  # it takes prefixes for granted; reading them all costs as much as a look-up
        result = store.query(ask["query"], base_iri=ask["base"], prefixes=prefixes, **chosen)
    wanted: str | None = ask["graph"] if isinstance(result, ox.QueryTriples) else ask["table"]
    if wanted is None:
        raise _NoFormat
    if isinstance(result, ox.QueryTriples):
        form = ox.RdfFormat.from_media_type(wanted)
        if useful := _useful(form, prefixes):
            ox.serialize(_grouped(result), sink, form, prefixes=useful)
        else:
            result.serialize(sink, form)
    else:
        result.serialize(sink, ox.QueryResultsFormat.from_media_type(wanted))
    return wanted, sink.getbuffer()


def _dump(
    store: ox.Store, prefixes: dict[str, str], ask: dict[str, Any], sink: _Sink
) -> tuple[str, memoryview]:
    graph = ox.NamedNode(ask["dump"]) if ask["dump"] else ox.DefaultGraph()
    if ask["dump"] and not store.contains_named_graph(graph):
        raise KeyError
    form = ox.RdfFormat.from_media_type(ask["graph"])
    store.dump(sink, form, from_graph=graph, prefixes=_useful(form, prefixes))
    return ask["graph"], sink.getbuffer()


def change(
    store: ox.Store, prefixes: dict[str, str], ask: dict[str, Any]
) -> tuple[str, memoryview]:
    """Apply an update to a copy of the store, and write the graphs that were not published.

    They are written alone, as N-Quads, and as a data set with those that were published.
    """
    scratch, own = f"{ask['into']}/scratch", f"{ask['into']}/own.nq"
    store.backup(scratch)  # links to files that are never changed
    changed = ox.Store(scratch)
    changed.update(ask["update"], base_iri=ask["base"], prefixes=prefixes)
    if "upload" in ask:
        changed.bulk_load(
            path=f"{ask['into']}/upload",
            format=ox.RdfFormat.from_media_type(ask["form"]),
            base_iri=ask["upload"] or ask["base"],
            to_graph=ox.NamedNode(ask["upload"]) if ask["upload"] else ox.DefaultGraph(),
        )
    ox.serialize(_own(changed, frozenset(ask["published"])), own, ox.RdfFormat.N_QUADS)
    overlay(ox.Store.read_only(ask["graph"]), own, f"{ask['into']}/graph")
    return "", memoryview(b"")


def _own(store: ox.Store, published: frozenset[str]) -> Iterator[ox.Quad]:
    """What stands in no published graph; the default graph is made of these, where there are any."""
    names: list[Any] = [name for name in store.named_graphs() if name.value not in published]
    for name in names if published else [*names, ox.DefaultGraph()]:
        yield from store.quads_for_pattern(None, None, None, name)


def overlay(store: ox.Store, own: str, into: str) -> None:
    """The graphs of a store, and those of a file of N-Quads beside them, in a new folder."""
    store.backup(into)
    whole = ox.Store(into)
    whole.bulk_load(path=own, format=ox.RdfFormat.N_QUADS)
    whole.flush()


def _merged(store: ox.Store, default: list[ox.NamedNode], named: list[ox.NamedNode]) -> ox.Store:
    """A data set of its own, for the engine meets a triple once in each graph that holds it."""
    found = ox.Store()
    for name in default:
        quads = store.quads_for_pattern(None, None, None, name)
        found.extend(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
    for name in named:
        found.extend(store.quads_for_pattern(None, None, None, name))
    return found


def _grouped(triples: Iterator[ox.Triple]) -> Iterator[ox.Triple]:
    """Each subject's triples together, once, unless they are too many to be read by people."""
    first = list(islice(triples, _READABLE))
    if len(first) < _READABLE:
        first = sorted(set(first), key=lambda t: (str(t.subject), str(t.predicate), str(t.object)))
    yield from first
    yield from triples


def _bound(terms: dict[str, str]) -> dict[ox.Variable, Any]:
    """Terms as N-Triples writes them, by the names of their variables."""
    lines = "\t".join(f"?{name}" for name in terms), "\t".join(terms.values())
    rows = ox.parse_query_results("\n".join(lines).encode(), ox.QueryResultsFormat.TSV)
    assert isinstance(rows, ox.QuerySolutions)
    row = next(rows)
    return {variable: row[variable] for variable in rows.variables}


def _useful(form: ox.RdfFormat | None, prefixes: dict[str, str]) -> dict[str, str] | None:
    return prefixes if form in (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG) else None


def _reply(
    store: ox.Store, prefixes: dict[str, str], request: bytes
) -> tuple[int, str, bytes | memoryview]:
    ask = json.loads(request)
    signal.setitimer(signal.ITIMER_REAL, ask["seconds"] + _GRACE)  # unhandled, it ends the process
    try:
        head, body = answer(store, prefixes, ask)
    except SyntaxError as error:
        return WRONG, "", str(error).encode()
    except OverflowError:
        return TOO_LARGE, "", b""
    except _NoFormat:
        return NO_FORMAT, "", b""
    except KeyError:
        return NO_GRAPH, "", b""
    except (OSError, ValueError, RuntimeError) as error:
        # An update may be wrong in that it drops a graph that is not there.
        wrong = "update" in ask and not isinstance(error, OSError)
        return WRONG if wrong else FAILED, "", str(error).encode()
    else:
        return OK, head, body
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _resident(file: int) -> int:
    """Bytes of memory that belong to this process alone, or 0 where the system does not tell."""
    if file < 0:
        return 0
    _, resident, shared, *_ = os.pread(file, 200, 0).split()
    return (int(resident) - int(shared)) * resource.getpagesize()


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            sys.exit(0)  # the owner is gone
        data = data + more if data else more
    return data


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(0, view) :]


def main() -> None:
    """Answer until the other end is closed."""
    start = json.loads(_read(*REQUEST.unpack(_read(REQUEST.size))))
    for kind, most in (
        (resource.RLIMIT_DATA, start["memory"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, start["files"]),
    ):
        resource.setrlimit(kind, (most, most))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is its owner's to answer
    sealed = seal()
    try:
        store = ox.Store.read_only(start["graph"])
    except OSError as error:
        told = str(error).encode()
        _write(REPLY.pack(FAILED, 0, 0, len(told)) + told)
        return
    status = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else -1
    gc.disable()  # nothing here goes in circles
    at_rest = _resident(status)
    _write(REPLY.pack(READY, 0, 0, 1) + (b"1" if sealed else b"0"))
    while True:
        request = _read(*REQUEST.unpack(_read(REQUEST.size)))
        began = time.monotonic()
        what, head, body = _reply(store, start["prefixes"], request)
        tired = (
            time.monotonic() - began > _QUICK and _resident(status) - at_rest - len(body) > _TIRED
        )
        _write(b"".join((REPLY.pack(what, tired, len(head), len(body)), head.encode(), body)))


if __name__ == "__main__":
    main()
