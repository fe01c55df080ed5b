"""Packages -> a store that answers questions: in memory, or in a folder."""

from opendata.store.answers import Answer
from opendata.store.asking import ask, ask_graph, graph_of, named, put
from opendata.store.build import Built, build
from opendata.store.disk import DataStore, is_store, open_store
from opendata.store.graph import load, packages
from opendata.store.questions import Question, questions

__all__ = [
    "Answer",
    "Built",
    "DataStore",
    "Question",
    "ask",
    "ask_graph",
    "build",
    "graph_of",
    "is_store",
    "load",
    "named",
    "open_store",
    "packages",
    "put",
    "questions",
]
