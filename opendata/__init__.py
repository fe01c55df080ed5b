"""Chinese government budgets -> open, linked, checked data.

::

    import opendata
    from opendata.facts import Facts
    budget = opendata.parse("document.txt", Facts(division="430105"))
    opendata.to_package(budget, "package/")
    opendata.validate("package/")
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # as type checkers read it; importing typing would double the start

if TYPE_CHECKING:
    from opendata.checks import validate
    from opendata.converters.graph import to_graph
    from opendata.converters.package import to_package
    from opendata.parsers import parse
    from opendata.store.opening import open_data as open  # noqa: A004  # opendata.open(place)

# Imported when first used: `opendata --help` must not wait for an engine.
_HOMES = {
    "open": ("opendata.store.opening", "open_data"),
    "parse": ("opendata.parsers", "parse"),
    "to_graph": ("opendata.converters.graph", "to_graph"),
    "to_package": ("opendata.converters.package", "to_package"),
    "validate": ("opendata.checks", "validate"),
}

__all__ = ["__version__", "open", "parse", "to_graph", "to_package", "validate"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'opendata' has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
