"""Libraries that not everybody needs: what to install where one is missing."""

from opendata.errors import SettingsError


def missing(extra: str, library: str) -> SettingsError:
    """The error that says which extra brings a library."""
    command = f'pip install "opendata[{extra}]"'
    return SettingsError(
        f"需要 {library}，尚未安装；请运行：{command}",
        f"{library} is needed and not installed; run: {command}",
    )
