"""The files of a package, as a portal takes them."""

import shutil
from pathlib import Path

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import PackageError
from opendata.package import Package


def copy_files(package: Package, target: Path) -> None:
    """Copy what the descriptor lists, and nothing else, into a folder that is not there yet."""
    target.mkdir(parents=True)
    for name in package.resources:
        file = package.path(name)
        goal = target / file.relative_to(package.folder)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, goal)
    shutil.copyfile(package.folder / DESCRIPTOR, target / DESCRIPTOR)


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
