"""Work that may end its process, done in processes of its own, any number at once, in order."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

from opendata.corpus import storage
from opendata.corpus.work import Entry, Task, entry_of, failure, told
from opendata.errors import OpendataError

COMMAND = (sys.executable, "-P", "-m", "opendata.corpus.child")
SECONDS = 900  # for one document, or one output
AHEAD = 8  # tasks given out for each process, before the first is done

_mine = threading.local()

Asked = TypeVar("Asked")
Done = TypeVar("Done")


class EndedError(Exception):
    """The process ended without an answer, or was ended after too long."""

    def __init__(self, *, late: bool) -> None:
        super().__init__("late" if late else "ended")
        self.late = late


class Child:
    """A process that answers; it ends when its end of the pipe is closed."""

    def __init__(self) -> None:
        home = str(Path(__file__).resolve().parents[2])
        paths = filter(None, (os.environ.get("PYTHONPATH"), home))
        self.process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            process_group=0,  # Ctrl-C is for who asked
        )

    def ask(self, call: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer.

        Raises:
            EndedError: there is none.
        """
        assert self.process.stdin
        assert self.process.stdout
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.process.kill()

        watch = threading.Timer(SECONDS, stop)
        watch.daemon = True
        watch.start()
        try:
            line = json.dumps({"call": call, "arguments": arguments}, ensure_ascii=False)
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            if answer.endswith("\n"):
                return dict(json.loads(answer))
        except (BrokenPipeError, ValueError):
            pass  # it ended before or while it answered
        finally:
            watch.cancel()
        raise EndedError(late=late.is_set())

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


def ask(call: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask this thread's process, which is started where it is not there or ended.

    Raises:
        EndedError: it ended over this very question.
    """
    child: Child | None = getattr(_mine, "child", None)
    if child and child.process.poll() is not None:
        child.close()
        child = None
    if child is None:
        child = _mine.child = Child()
        with suppress(AttributeError):
            _mine.children.append(child)
    answer: dict[str, Any] = {"last": True}
    try:
        answer = child.ask(call, arguments)
    finally:
        if answer.get("last"):  # it ended, or is about to
            child.close()
            _mine.child = None
    return answer


def perform(task: Task) -> Entry:
    """Fetch a document, have it converted in a process of its own, and put the package away."""
    if task.problem:
        return failure(task, "FactsError", *task.problem)
    with TemporaryDirectory(prefix="opendata-") as here:
        path = Path(task.address)
        try:
            path = storage.localise(task.address, task.beside, Path(here))
            local = storage.is_local(task.into)
            folder = Path(task.into if local else here) / uuid4().hex
            entry = _convert(task, path, folder)
            if entry.staged and not local:
                return storage.put(entry, folder, task.into)
        except OpendataError as error:
            return told(task, error, path)
        return entry


def _convert(task: Task, path: Path, folder: Path) -> Entry:
    arguments = {"task": asdict(task), "path": str(path), "folder": str(folder)}
    try:
        answer = ask("convert", arguments)
    except EndedError as ended:
        name = task.document
        if ended.late:
            zh = f"{name}：{SECONDS} 秒内没有读完；请另存为其他格式后再试。"
            en = f"{name}: was not read within {SECONDS} seconds; save it in another format and try again."
            return failure(task, "Late", zh, en)
        zh = f"{name}：读取它的进程意外结束（内存不足或原生库出错）；请另存为其他格式后再试。"
        en = (
            f"{name}: the process that read it ended (out of memory, or a fault in a native "
            "library); save it in another format and try again."
        )
        return failure(task, "Ended", zh, en)
    if "error" in answer:
        error = OpendataError(str(answer["zh"]), str(answer["en"]))
        zh, en = (text.replace(str(path), task.document) for text in (error.zh, error.en))
        return failure(task, str(answer["error"]), zh, en)
    return entry_of(answer)


def in_order(
    work: Callable[[Asked], Done], asked: Iterable[Asked], jobs: int
) -> Iterator[tuple[Asked, Done]]:
    """What was asked with what came of it, in order; no more is begun than is soon needed."""
    children: list[Child] = []

    def begin() -> None:
        _mine.child, _mine.children = None, children

    waiting: deque[tuple[Asked, Future[Done]]] = deque()
    pool = ThreadPoolExecutor(jobs, "opendata", initializer=begin)
    try:
        for one in asked:
            waiting.append((one, pool.submit(work, one)))
            if len(waiting) >= jobs * AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
        for child in children:
            child.close()  # a thread that waits for one is free then
        pool.shutdown(cancel_futures=True)
        for child in children:
            child.close()
