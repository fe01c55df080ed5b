"""What a rule means: its sentence, until there is a page of it."""

from opendata.terms import Text

# What finds something and has no sentence yet: readers, and the checks of files and graphs.
_OTHERS = (
    "checksum",
    "code-unknown",
    "descriptor",
    "file-missing",
    "graph-differs",
    "graph-empty",
    "graph-unknown",
    "kind-unknown",
    "licence-missing",
    "package-unreadable",
    "page-unread",
    "syntax",
    "unread",
    "weight-unreadable",
)


def known_rules() -> dict[str, Text]:
    """Every rule with its sentence in both languages."""
    from opendata.checks.rules import registry, rule_id, sentence
    from opendata.checks.sentences import SENTENCES

    others = {name: {"zh": name, "en": name} for name in _OTHERS}
    return {rule_id(rule): sentence(rule) for rule in registry()} | others | SENTENCES


def explain(rule: str) -> str | None:
    """The page of a rule as Markdown, or None for an unknown rule."""
    text = known_rules().get(rule)
    return f"# {rule}\n\n{text['zh']}\n\n{text['en']}\n" if text else None
