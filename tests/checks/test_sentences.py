"""Every rule about anybody's data has its sentence, and every sentence its rule."""

import re
from pathlib import Path

from opendata.checks.sentences import SENTENCES
from opendata.terms import HOME

SOURCES = ("csvw/*.py", "fiscal/*.py", "foreign.py", "tables/structure.py")


def test_every_rule_has_a_sentence_and_every_sentence_a_rule() -> None:
    checks = HOME / "opendata/checks"
    text = "".join(p.read_text(encoding="utf-8") for s in SOURCES for p in Path(checks).glob(s))
    for rule in SENTENCES:
        assert f'"{rule.partition("-")[2]}"' in text or f'"{rule}"' in text, rule
    told = re.findall(r'"((?:csvw|fiscal|tabular|foreign-key)-[a-z-]+)"', text)
    assert set(told) - {"fiscal-data-package"} <= set(SENTENCES)


def test_a_sentence_is_one_in_both_languages() -> None:
    for sentence in SENTENCES.values():
        assert set(sentence) == {"zh", "en"}
        assert sentence["zh"].endswith("。")
        assert sentence["en"].endswith(".")
