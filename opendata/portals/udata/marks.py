"""Marks of the publishers at work on a dataset, in its extras: for those who share no lock.

Of two requests that udata carries out at once, one can lose the file that the other has sent: udata
goes on to tell its size and digest, so that only reading finds it out. Therefore

* who will write sets a mark before, of a higher number than all that are there, with the names of its
  files, by which those are known that it leaves behind;
* who meets a mark reads every file from there on;
* who meets a higher one that came later, or misses its own, ends, and leaves a new mark of the number
  0, which nobody has met; so does who fails;
* who has found all as it should be takes its own mark away, and those that it met. One whose
  publisher did not say that it ended, and may be dead or slow, becomes a mark of the number 0.

So the last one goes on; and where no mark is left, somebody read every file after the last request
of all others. Who is killed is missed only if two others came and went since it last looked.
"""

import re
from uuid import uuid4

from opendata.errors import PortalError
from opendata.portals.udata.api import Api, Json
from opendata.portals.udata.dataset import Wanted
from opendata.portals.udata.difference import MARK, announced, marks_in


class OvertakenError(PortalError):
    """Another publisher is at work on the same dataset, and goes on alone."""


class Marks:
    """The marks of one run, and those of others that it met.

    `together`: another publisher was seen at work after our mark was set.
    """

    def __init__(self, api: Api, will: Wanted) -> None:
        self.together = False
        self._api, self._will = api, will
        self._first = _mark(1)  # that of a dataset which we make
        self._own: dict[str, str] = {}  # in each dataset
        self._said = {self._first: announced({"resources": []}, will)}  # what our marks say
        self._stood: set[str] = set()
        self._met: set[str] = set()

    def first(self) -> Json:
        """What a new dataset has from its beginning."""
        return {self._first: self._said[self._first]}

    def news(self, there: Json) -> bool:
        """Whether there is a mark that was not met yet; it is from now on.

        Raises:
            OvertakenError: it is higher than ours, or ours was taken away.
        """
        number, marks = str(there["id"]), marks_in(there)
        if self._first in marks:
            self._own.setdefault(number, self._first)
        others = marks.keys() - self._met - self._said.keys()
        self._met |= others
        if own := self._own.get(number):
            gone = own in self._stood and own not in marks
            self.together |= gone or bool(others)
            if gone or any(_rank(other) > _rank(own) for other in others):
                raise self._overtaken()
        return bool(others)

    def set(self, there: Json) -> bool:
        """Set our mark unless it stands; whether it was set, so that all is to be looked at again."""
        number, marks = str(there["id"]), marks_in(there)
        own = self._own.get(number)
        if own in marks:
            self._stood.add(own)
            return False
        own = _mark(1 + max((_rank(mark)[0] for mark in marks), default=0))
        self._own[number], self._said[own] = own, announced(there, self._will)
        self._api.set_extras(number, {own: self._said[own]})
        return True

    def lift(self, there: Json) -> None:
        """Take our marks away, and those that we met."""
        number, marks = str(there["id"]), marks_in(there)
        silent = [mark for mark in marks.keys() - self._said.keys() if _rank(mark)[0]]
        if silent:
            names = {name for mark in silent for name in marks[mark]}
            self._api.set_extras(number, {_mark(0): sorted(names)})
        self._api.drop_extras(number, sorted(self._said.keys() | self._met))

    @property
    def stand(self) -> bool:
        """Whether our mark was set anywhere."""
        return bool(self._own)

    def leave(self) -> None:
        """Leave a new mark in the place of ours."""
        for number, own in self._own.items():
            self._api.set_extras(number, {_mark(0): self._said[own], own: None})

    def _overtaken(self) -> OvertakenError:
        return OvertakenError(
            f"{self._api.wire.base}：另有人正在发布 {self._will.name}；请等其结束后再运行一次。",
            f"{self._api.wire.base}: another publisher is at work on {self._will.name}; run this again when "
            "it has ended.",
        )


def _mark(number: int) -> str:
    return f"{MARK}{number}-{uuid4().hex}"


def _rank(mark: str) -> tuple[int, str]:
    """Which of two marks is the higher one.

    >>> _rank(MARK + "10-a") > _rank(MARK + "9-b") > _rank(MARK + "9-a") > _rank(MARK + "odd")
    True
    """
    found = re.match(MARK + r"(\d{1,9})-", mark)
    return int(found[1]) if found else 0, mark
