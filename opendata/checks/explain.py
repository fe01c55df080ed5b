"""What a finding means: the sections of docs/rules.md, by the id of the rule."""

from functools import cache

from opendata.terms import HOME, Text

# A checkout has the file beside the package, a wheel carries it inside, as it does the vocabulary.
PAGES = HOME / "docs/rules.md"


def explain(rule: str) -> str | None:
    """The section of a rule in Markdown, or None where nobody knows it.

    A family such as `shape-*` has one section for all of its rules.

    >>> explain("shape-min-count").splitlines()[0]
    '## shape-*'
    >>> explain("no-such-rule") is None
    True
    """
    sections = _sections()
    if rule in sections:
        return sections[rule]
    families = (name for name in sections if name.endswith("*") and rule.startswith(name[:-1]))
    family = max(families, key=len, default=None)
    return sections[family] if family else None


def known_rules() -> dict[str, Text]:
    """Every id that has a section, in its order there, with its sentence in both languages."""
    found = {}
    for rule, section in _sections().items():
        zh, en = section.split("\n\n")[1:3]
        found[rule] = {"zh": zh.strip(), "en": en.strip()}
    return found


@cache
def _sections() -> dict[str, str]:
    _, *parts = PAGES.read_text(encoding="utf-8").split("\n## ")
    return {part.partition("\n")[0].strip(): f"## {part.strip()}\n" for part in parts}
