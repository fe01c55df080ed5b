"""Small packages of strangers, which are quick to publish."""

import json
from pathlib import Path

FILES = {
    "line.csv": "code,amount\n0201,1.50\n",
    "codes/line_item.csv": "code\n0201\n",
    "budget.nt": "<urn:a> <urn:b> <urn:c> .\n",
    "source/部门预算.toml": "a = 1\n",
}


def small(folder: Path, name: str = "small", **more: object) -> Path:
    """A package of four files with an id of its own; `more` goes into its descriptor."""
    resources = []
    for number, (path, text) in enumerate(FILES.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        kind = {"type": "table"} if path.endswith(".csv") else {}
        resources.append({"name": f"r{number}", "path": path, "title": f"表 {number}", **kind})
    descriptor = {
        "name": name,
        "id": f"urn:example:{name}",
        "title": "2023年部门预算",
        "description": "说明",
        "keywords": ["部门预算", "2023", "x"],
        "licenses": [{"path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": resources,
    }
    (folder / "datapackage.json").write_text(
        json.dumps(descriptor | more, ensure_ascii=False), encoding="utf-8"
    )
    return folder


def said(folder: Path) -> dict[str, object]:
    """A package's descriptor."""
    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))


def say(folder: Path, **more: object) -> None:
    """Change a package's descriptor."""
    (folder / "datapackage.json").write_text(json.dumps(said(folder) | more), encoding="utf-8")
