import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opendata.corpus.publishing import copy_corpus, publish_corpus
from opendata.corpus.settings import add_source, init_corpus, open_corpus
from opendata.portals import profile
from opendata.portals.journal import Journal
from opendata.portals.registry import PORTALS

from .conftest import FACTS, built, document, outputs, tree

Make = Callable[..., Path]


def publish(folder: Path, to: str, tmp_path: Path, **how: Any) -> tuple[Any, list[tuple]]:
    changed, outcomes = publish_corpus(
        open_corpus(folder), profile(to), journal=Journal(tmp_path / "journal"), **how
    )
    done = [(outcome.packages, outcome.error) for outcome in outcomes]
    return changed, sorted(done, key=lambda pair: pair[0])


def test_only_what_changed_is_sent(made: Make, documents: Path, tmp_path: Path) -> None:
    folder, to = made(), f"folder:{tmp_path / 'site'}"
    (documents / "2024/a.txt").unlink()
    built(folder)
    changed, done = publish(folder, to, tmp_path)
    assert {error for _, error in done} == {None}
    assert sorted(name for names, _ in done for name in names) == sorted(changed.send)
    changed, done = publish(folder, to, tmp_path)
    assert (changed.send, changed.take_back, changed.kept, done) == ((), (), 2, [])
    (documents / "a.txt").write_text(
        document("306001", 2023, ("背街小巷", "大街小巷")), encoding="utf-8"
    )
    (documents / "b.txt").unlink()
    built(folder)
    changed, done = publish(folder, to, tmp_path)
    assert (changed.send, changed.take_back) == (("430105-306001-2023",), ("430105-306002-2023",))
    able = PORTALS["folder"].unpublish is not None
    assert {error is None for _, error in done} == {True, able}
    site = tmp_path / "site/dataset"
    assert (site / "430105-306002-2023/datapackage.json").exists() is not able
    told = json.loads((site / "430105-306001-2023/datapackage.json").read_text())
    assert told["version"] == "2"


def test_a_copy_takes_what_changed_and_loses_what_is_gone(
    made: Make, documents: Path, tmp_path: Path
) -> None:
    folder, copy = made(), tmp_path / "copy"
    built(folder)
    plan = copy_corpus(open_corpus(folder), str(copy), dry_run=True)
    assert (plan.applied, copy.exists(), plan.count("add") > 50) == (False, False, True)
    copy_corpus(open_corpus(folder), str(copy))
    assert tree(copy) == outputs(folder)
    assert copy_corpus(open_corpus(folder), str(copy)).idle
    (documents / "b.txt").unlink()
    built(folder)
    plan = copy_corpus(open_corpus(folder), str(copy))
    assert plan.count("remove") > 10
    assert not [
        change
        for change in plan.changes
        if change.action in ("add", "change") and "306001" in change.path
    ]
    assert tree(copy) == outputs(folder)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local S3, and its file system."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    import fsspec

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {
        "key": "x",
        "secret": "x",
        "endpoint_url": f"http://{host}:{port}",
        "skip_instance_cache": True,
    }
    monkeypatch.setitem(fsspec.config.conf, "s3", told)
    held = fsspec.filesystem("s3")
    for bucket in ("budgets", "staging", "open"):
        held.mkdir(bucket)
    yield held
    server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_documents_packages_and_outputs_by_s3(s3: Any, made: Make, tmp_path: Path) -> None:
    s3.pipe_file("budgets/city/a.txt", document().encode())
    s3.pipe_file("budgets/city/b.txt", document("306002").encode())
    folder = tmp_path / "corpus"
    init_corpus(folder, FACTS, ("csv",))
    add_source(folder, "s3://budgets/city", name="city", listed=False, facts={})
    assert built(folder, staging="s3://staging/x").documents == {"built": 2}
    assert s3.find("staging") == []
    assert built(folder).documents == {"kept": 2}
    copy_corpus(open_corpus(folder), "s3://open/corpus")
    copied = {
        path.removeprefix("open/corpus/"): hashlib.sha256(s3.cat_file(path)).hexdigest()
        for path in s3.find("open/corpus")
    }
    assert copied == outputs(folder)
