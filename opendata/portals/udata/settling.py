"""A dataset made what is wanted: what differs is written, and read again until nothing does."""

from collections.abc import Callable, Collection, Mapping
from hashlib import file_digest
from pathlib import Path

from opendata.errors import OpendataError, PortalError
from opendata.portals.http import LostAnswerError
from opendata.portals.udata.api import Api, Json, UnsureError
from opendata.portals.udata.dataset import File, Wanted
from opendata.portals.udata.difference import Difference, dress, fields, same_bytes, words
from opendata.portals.udata.marks import Marks, OvertakenError
from opendata.portals.udata.undo import Before, as_it_was, in_part, remember, restore

ROUNDS = 10  # of reading and writing, until what is there is what is wanted


class Settling:
    """One package on its way into a portal.

    `mended` are the files that the portal said it held, and did not.
    """

    def __init__(
        self,
        api: Api,
        will: Wanted,
        look: Callable[[Collection[str]], Difference],
        elsewhere: Path,
        owner: Mapping[str, str],
    ) -> None:
        self.mended: set[str] = set()
        self._api, self._will, self._look, self._elsewhere = api, will, look, elsewhere
        self._owner = owner
        self._marks = Marks(api, will)
        self._broken: set[str] = set()  # files to send again
        self._sent: set[str] = set()  # files that came whole, as far as the portal tells
        self._unread: dict[str, File] = {}  # files to read before people see them
        self._before: Before | None = None  # what people saw, while it can be put back
        self._shown = False

    def run(self, found: Difference, broken: Collection[str]) -> None:
        """Write what differs; `broken` files hold other bytes than the portal says.

        Raises:
            OpendataError: the portal does not hold what was sent, or cannot be reached. What people
                saw before was put back, unless another publisher is at work on it.
        """
        self._broken |= set(broken)
        try:
            self._rounds(found)
        except OpendataError as error:
            raise self._ended(error) from error

    def _rounds(self, found: Difference) -> None:
        lost: PortalError | None = None
        for number in range(ROUNDS):
            try:
                lost = None
                if self._step(found):
                    return
            except LostAnswerError as error:
                lost = error
                self._doubt(self._broken)  # they may have come
                self._broken.clear()
                self._api.wire.pause(number)
            found = self._look(self._broken)
        raise lost or self._unsettled(found)

    def _doubt(self, keys: Collection[str]) -> None:
        self._unread |= {file.key: file for file in self._will.files if file.key in keys}

    def _step(self, found: Difference) -> bool:
        """One step towards what is wanted; whether all is there, read and shown."""
        there = found.dataset
        if not there:
            extras = {"extras": words(self._will) | self._marks.first()}
            self._api.create({**fields(self._will, {}, private=True), **extras, **self._owner})
        elif there["deleted"]:
            self._api.change(str(there["id"]), fields(self._will, there, private=True))
        elif self._claimed(there) and self._written(there, found) and self._read(found):
            if found.idle:
                self._marks.lift(there)
                return True
            self._show(there, found)
        return False

    def _claimed(self, there: Json) -> bool:
        """Whether our mark stands, so that what was found there can be relied upon."""
        if self._marks.news(there):
            self._doubt([file.key for file in self._will.files])
            self._sent.clear()
        return not self._marks.set(there)

    def _written(self, there: Json, found: Difference) -> bool:
        """Send what is not there; whether all files are there already, as they will be."""
        if spoilt := self._broken & self._sent:
            raise self._other_bytes(min(spoilt))
        if found.public and not self._shown and not self._before:
            self._before = remember(self._api, found, self._elsewhere)
        self._unread |= {file.key: file for file in found.uploads}
        unsure: UnsureError | None = None
        for file in reversed(found.uploads):  # a new one comes before the others
            try:
                self._upload(str(there["id"]), file, found.resources.get(file.key))
            except UnsureError as error:
                unsure = error
        if unsure:
            raise unsure
        if not found.uploads and not found.dressed:
            self._dress(there, found)
        return not found.uploads and found.dressed

    def _upload(self, number: str, file: File, resource: Json | None) -> None:
        told = self._api.upload(number, file, str(resource["id"]) if resource else None)
        if not same_bytes(told, file):
            raise self._other_bytes(file.key)
        self._broken.discard(file.key)
        self._sent.add(file.key)

    def _dress(self, there: Json, found: Difference) -> None:
        """Say of each file what is said of it; udata refuses it when another resource came or went."""
        number = str(there["id"])
        ours = {resource["id"] for resource in found.resources.values()}
        will = [dress(file, found.resources[file.key]) for file in self._will.files]
        will += [one for one in there["resources"] if one["id"] not in ours]
        try:
            self._api.set_resources(number, will)
        except LostAnswerError:
            raise
        except PortalError:
            now = self._api.dataset(number)["resources"]
            if {one["id"] for one in now} == {one["id"] for one in will}:
                raise

    def _read(self, found: Difference) -> bool:
        """Read back what was not read yet; whether all files hold their bytes."""
        for key, file in list(self._unread.items()):
            if holds(self._api, file, found.resources[key], self._elsewhere):
                del self._unread[key]
            else:
                self._broken.add(key)
        self.mended |= self._broken
        return not self._broken

    def _show(self, there: Json, found: Difference) -> None:
        """Let people see it; what nobody wants any more goes, once what takes its place is there."""
        number = str(there["id"])
        if not found.public:
            self._clear(number, found)
        self._api.change(number, fields(self._will, there, private=False))
        if not found.said:
            self._api.set_extras(number, words(self._will))
        self._shown, self._before = True, None
        if found.public:
            self._clear(number, found)

    def _clear(self, number: str, found: Difference) -> None:
        for resource in found.remove:
            self._api.delete(f"/datasets/{number}/resources/{resource['id']}/")
        for rival in found.rivals:
            self._api.delete(f"/datasets/{rival['id']}/")

    def _ended(self, why: OpendataError) -> OpendataError:
        """What there is to say about a failure, after what people saw was put back."""
        if not self._marks.stand:
            return why
        try:
            if not self._marks.together and (there := self._look(()).dataset):
                self._marks.news(there)
            if self._before and not self._marks.together:
                restore(self._api, self._before, self._will)
            self._marks.leave()
        except OvertakenError as error:
            return self._ended(error)
        except OpendataError:
            return in_part(why, self._will) if self._before else why
        if not self._before or isinstance(why, OvertakenError):
            return why
        return (in_part if self._marks.together else as_it_was)(why, self._will)

    def _unsettled(self, found: Difference) -> PortalError:
        paths = (change.path for change in found.changes if change.action != "keep")
        shown = ", ".join(paths)[:300]
        return PortalError(
            f"{self._api.wire.base}：写入后读回不一致（{shown}）；请稍后再试。",
            f"{self._api.wire.base}: what was written does not read back the same ({shown}); try again "
            "later.",
        )

    def _other_bytes(self, key: str) -> PortalError:
        return PortalError(
            f"{self._api.wire.base}：{key} 上传后内容不同；请检查磁盘和网络，再运行一次。",
            f"{self._api.wire.base}: {key} holds other bytes than the package; check the disk and the "
            "network, and run this again.",
        )


def holds(api: Api, file: File, resource: Json, elsewhere: Path) -> bool:
    """Whether what people get of a resource are the bytes of a file."""
    copy = elsewhere / "read"
    if not api.download(str(resource.get("url")), copy, file.size):
        return False
    with copy.open("rb") as data:
        return file_digest(data, "sha256").hexdigest() == file.sha256
