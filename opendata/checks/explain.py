"""What a rule means: its sentence, until there is a page of it."""

from opendata.terms import Text


def known_rules() -> dict[str, Text]:
    """Every rule with its sentence in both languages."""
    from opendata.checks.rules import registry, rule_id, sentence

    return {rule_id(rule): sentence(rule) for rule in registry()}


def explain(rule: str) -> str | None:
    """The page of a rule as Markdown, or None for an unknown rule."""
    text = known_rules().get(rule)
    return f"# {rule}\n\n{text['zh']}\n\n{text['en']}\n" if text else None
