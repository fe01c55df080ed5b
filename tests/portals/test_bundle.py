import csv
import hashlib
import json
import shutil
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import python_calamine as calamine

from opendata.errors import OutputError
from opendata.portals import publish
from opendata.portals.bundle import ITEMS, RESOURCES

from ..conftest import EXAMPLE

NAME = EXAMPLE.name


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "delivery.zip"
    publish([EXAMPLE], f"bundle:{path}")
    return path


def sheet(data: bytes, name: str) -> list[list[object]]:
    return calamine.load_workbook(BytesIO(data)).get_sheet_by_name(name).to_python()


def test_the_package_is_in_it_as_it_is(bundle: Path) -> None:
    with ZipFile(bundle) as found:
        for path in (p for p in EXAMPLE.rglob("*") if p.is_file()):
            assert found.read(f"{NAME}/{path.relative_to(EXAMPLE).as_posix()}") == path.read_bytes()


def test_the_sums_are_those_of_every_file(bundle: Path) -> None:
    with ZipFile(bundle) as found:
        lines = found.read("SHA256SUMS").decode().splitlines()
        listed = {path: digest for digest, path in (line.split("  ") for line in lines)}
        assert listed == {
            name: hashlib.sha256(found.read(name)).hexdigest()
            for name in found.namelist()
            if name != "SHA256SUMS"
        }


def test_workbook_and_json_hold_the_rows_of_the_csv(bundle: Path) -> None:
    lines = (EXAMPLE / "project.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    rows = list(csv.DictReader(lines))
    with ZipFile(bundle) as found:
        told = json.loads(found.read(f"{NAME}/json/project.json"), parse_float=Decimal)
        header, *cells = sheet(found.read(f"{NAME}/{NAME}.xlsx"), "project")
    assert [{k: v or None for k, v in row.items()} for row in rows] == [
        {k: None if v is None else str(v) for k, v in row.items()} for row in told
    ]
    amount = header.index("金额（元） amount in yuan")
    assert [row[amount] for row in cells] == [
        float(row["amount"]) if row["amount"] else "" for row in rows
    ]
    assert header[0] == "编号 identifier"


def test_the_catalogue_names_what_a_portal_asks_for(bundle: Path) -> None:
    with ZipFile(bundle) as found:
        data = found.read("catalogue.xlsx")
    resources, items = sheet(data, "目录"), sheet(data, "信息项")
    assert (tuple(resources[0]), tuple(items[0])) == (RESOURCES, ITEMS)
    assert resources[1][0] == "开福区城市管理和综合执法局2023年部门预算"
    assert resources[1][3] == ""  # nobody said the provider's code
    fields = json.loads((EXAMPLE / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    tables = [r for r in fields if r.get("type") == "table"]
    assert len(items) - 1 == sum(len(r["schema"]["fields"]) for r in tables)


def test_the_same_packages_give_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    publish([EXAMPLE], f"bundle:{tmp_path}/again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_a_second_publication_writes_nothing(bundle: Path) -> None:
    before = bundle.stat().st_mtime_ns
    assert publish([EXAMPLE], f"bundle:{bundle}").idle
    assert bundle.stat().st_mtime_ns == before


def test_a_dry_run_says_what_would_change(bundle: Path, package: Path, tmp_path: Path) -> None:
    shutil.copyfile(bundle, tmp_path / "old.zip")
    before = (tmp_path / "old.zip").read_bytes()
    (package / "source/kaifu-chengguan-2023.txt").unlink()
    descriptor = json.loads((package / "datapackage.json").read_text(encoding="utf-8"))
    kept = [r for r in descriptor["resources"] if not r["path"].endswith(".txt")]
    (package / "datapackage.json").write_text(
        json.dumps(descriptor | {"resources": kept}), encoding="utf-8"
    )
    plan = publish([package], f"bundle:{tmp_path}/old.zip", dry_run=True)
    assert [c.path for c in plan.changes if c.action == "remove"] == [
        f"{NAME}/source/kaifu-chengguan-2023.txt"
    ]
    assert (tmp_path / "old.zip").read_bytes() == before


STRANGE = "=cmd|'/c calc'!A1"


def test_nothing_is_a_formula_and_no_digit_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "strange"
    folder.mkdir()
    long = "12345678901234567.89"
    (folder / "t.csv").write_text(f"code,n\n{STRANGE},{long}\n0201,1.50\n", encoding="utf-8")
    fields = [{"name": "code", "type": "string"}, {"name": "n", "type": "number"}]
    resource = {"name": "t", "type": "table", "path": "t.csv", "schema": {"fields": fields}}
    descriptor = {"name": "strange", "title": STRANGE, "resources": [resource]}
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    publish([folder], f"bundle:{tmp_path}/out.zip")
    with ZipFile(tmp_path / "out.zip") as found:
        book = found.read("strange/strange.xlsx")
        rows = sheet(book, "t")
        told = found.read("strange/json/t.json").decode()
        with ZipFile(BytesIO(book)) as parts:
            assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert sheet(found.read("catalogue.xlsx"), "目录")[1][0] == STRANGE
    assert rows == [["code", "n"], [STRANGE, long], ["0201", 1.5]]
    assert told.splitlines()[1:3] == [
        f'{{"code": "{STRANGE}", "n": {long}}},', '{"code": "0201", "n": 1.50}',
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"text"])
def test_somebodys_file_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.zip").write_bytes(content)
    with pytest.raises(OutputError, match="no delivery bundle of ours"):
        publish([EXAMPLE], f"bundle:{tmp_path}/mine.zip")
    assert (tmp_path / "mine.zip").read_bytes() == content


def test_a_bundle_is_a_zip(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"is a \.zip file"):
        publish([EXAMPLE], f"bundle:{tmp_path}/folder")


def test_a_failure_leaves_the_old_bundle_whole(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(bundle, tmp_path / "old.zip")
    other = shutil.copytree(EXAMPLE, tmp_path / "other")
    descriptor = json.loads((other / "datapackage.json").read_text(encoding="utf-8"))
    (other / "datapackage.json").write_text(
        json.dumps(descriptor | {"version": "2"}), encoding="utf-8"
    )

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        publish([other], f"bundle:{tmp_path}/old.zip")
    assert (tmp_path / "old.zip").read_bytes() == bundle.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.zip", "other"]
