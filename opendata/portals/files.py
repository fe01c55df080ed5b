"""The files of a package, as a portal takes them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import OutputError, PackageError
from opendata.package import Package, inside


def copy_files(package: Package, target: Path) -> None:
    """Copy what the descriptor lists, and nothing else, into a folder that is not there yet."""
    target.mkdir(parents=True)
    for name in package.resources:
        file = package.path(name)
        goal = target / file.relative_to(package.folder)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, goal)
    shutil.copyfile(inside(package.folder, DESCRIPTOR), target / DESCRIPTOR)


def safe_name(package: Package) -> str:
    """The package's name, if it can be a folder's.

    Raises:
        PackageError: it cannot.
    """
    name = package.name
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not name.isascii() or not plain.isalnum():
        raise PackageError(
            f"数据包名 {name!r} 不能用作文件夹名；只用 ASCII 字母、数字、-、_、.。",
            f"the package name {name!r} is no folder name; use ASCII letters, digits, - _ and .",
        )
    return name


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is read of a portal, which goes in the end.

    Raises:
        OutputError: the disk is full, or cannot be written.
    """
    try:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        place = gettempdir()
        raise OutputError(
            f"{place}：无法读写临时文件（{error.strerror or error}）；请检查磁盘空间，或用环境变量 TMPDIR 另指一处。",
            f"{place}: temporary files cannot be written ({error.strerror or error}); check the disk "
            "space, or name another place in the variable TMPDIR.",
        ) from error
