"""A native library cannot be interrupted. What it is asked is watched, and given up with the process.

A program that may end says how in `give_up`; a library that is merely imported never ends its host.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opendata.errors import DocumentError

SECONDS = 30
MEMORY = 2 * 1024**3  # bytes more than before
_LOOKS = 0.1  # seconds between two

give_up: Callable[[DocumentError], None] | None = None


@contextmanager
def limited(error: DocumentError) -> Iterator[None]:
    """What is inside ends within the limits, or `give_up` gets the error, in another thread."""
    if give_up is None:
        yield
        return
    done = threading.Event()
    threading.Thread(target=_watch, args=(done, give_up, error), daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _watch(
    done: threading.Event, end: Callable[[DocumentError], None], error: DocumentError
) -> None:
    start, before = time.monotonic(), _peak()
    while not done.wait(_LOOKS):
        if time.monotonic() - start > SECONDS or _peak() - before > MEMORY:
            end(error)
            return


def _peak() -> int:
    """The most memory that this process had, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
