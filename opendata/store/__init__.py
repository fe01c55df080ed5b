"""Packages -> a store that answers questions: in memory, or in a folder."""

from opendata.store.answers import Answer, ask
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
    "build",
    "is_store",
    "load",
    "open_store",
    "packages",
    "questions",
]
