"""The same documents on a cluster whose workers die: the same bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from opendata.corpus.settings import open_corpus
from opendata.errors import SettingsError

from .conftest import built, document, tree
from .hosts import kills, kills_and_cuts, namespaces, processes, trouble

Make = Callable[..., Path]
SEED = 20260102


@pytest.fixture
def more(documents: Path) -> Path:
    """More documents, so that there is something left to do when a worker dies, and revisions."""
    for number in range(8):
        text = document(f"3070{number:02}")
        (documents / f"x{number}.txt").write_text(text, encoding="utf-8")
    for number in range(2):
        text = document(f"3070{number:02}", 2023, ("背街小巷", "大街小巷"))
        (documents / f"x{number}-修订.txt").write_text(text, encoding="utf-8")
        (documents / f"x{number} (1).txt").write_text(text, encoding="utf-8")
    return documents


@pytest.mark.usefixtures("more")
def test_workers_that_are_killed_change_no_byte(made: Make, tmp_path: Path) -> None:
    one, many = made("one"), made("many")
    wanted = built(one, jobs=2)
    with processes(tmp_path, 2) as cluster:
        for number in range(2):
            cluster.start(number)
        with trouble(kills(cluster, SEED, many / "package"), lambda: None):
            done = built(many, cluster=cluster.address)
    assert any(step.startswith("kill") for step in cluster.told)
    assert (done.documents, done.packages) == (wanted.documents, wanted.packages)
    assert (done.packages["change"], done.documents["superseded"]) == (2, 2)
    assert tree(one) == tree(many)
    assert not (many / ".work").exists()


@pytest.mark.usefixtures("more")
def test_hosts_whose_lines_are_cut_and_whose_workers_are_killed_change_no_byte(
    made: Make, tmp_path: Path
) -> None:
    one, many = made("one"), made("many")
    with namespaces(tmp_path, 2) as cluster:
        built(one, jobs=2)
        for number in range(2):
            cluster.start(number)
        with trouble(kills_and_cuts(cluster, SEED, many / "package"), lambda: None):
            built(many, cluster=cluster.address)
    assert any(step.startswith("cut") for step in cluster.told)
    assert tree(one) == tree(many)


def test_no_scheduler_is_told_and_nothing_is_lost(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("opendata.corpus.cluster.SECONDS", 1)
    folder = made()
    with pytest.raises(SettingsError, match="no Dask scheduler answers"):
        built(folder, cluster="tcp://127.0.0.1:1")
    assert open_corpus(folder).packages.exists() is False
