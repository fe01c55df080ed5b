"""What a result says where its shape has no message: a sentence for each component."""

from opendata.terms import SH, Text, snake

# Component -> sentence with {value} and {wanted}, Chinese and English.
_SENTENCES: dict[str, tuple[str, str]] = {
    "Class": ("{value} 应是 {wanted}。", "{value} is no {wanted}."),
    "Datatype": ("{value} 的类型应为 {wanted}。", "{value} is not of the datatype {wanted}."),
    "NodeKind": ("{value} 应是 {wanted}。", "{value} is no {wanted}."),
    "MinCount": ("缺少值，至少应有 {wanted} 个。", "A value is missing, wanted at least {wanted}."),
    "MaxCount": ("值过多，至多应有 {wanted} 个。", "There are too many values, wanted at most {wanted}."),
    "MinExclusive": ("{value} 应大于 {wanted}。", "{value} is not greater than {wanted}."),
    "MinInclusive": ("{value} 应不小于 {wanted}。", "{value} is less than {wanted}."),
    "MaxExclusive": ("{value} 应小于 {wanted}。", "{value} is not less than {wanted}."),
    "MaxInclusive": ("{value} 应不大于 {wanted}。", "{value} is greater than {wanted}."),
    "MinLength": ("{value} 至少应有 {wanted} 个字符。", "{value} has fewer than {wanted} characters."),
    "MaxLength": ("{value} 至多应有 {wanted} 个字符。", "{value} has more than {wanted} characters."),
    "Pattern": ("{value} 应符合 {wanted}。", "{value} does not match {wanted}."),
    "LanguageIn": ("{value} 的语言应为 {wanted}。", "{value} is not in the language {wanted}."),
    "UniqueLang": ("同一语言有不止一个值。", "There is more than one value in one language."),
    "Equals": ("{value} 应与 {wanted} 的值相同。", "{value} is not also a value of {wanted}, or the other way round."),
    "Disjoint": ("{value} 不应也是 {wanted} 的值。", "{value} is a value of {wanted} too."),
    "LessThan": ("{value} 应小于 {wanted} 的值。", "{value} is not less than the value of {wanted}."),
    "LessThanOrEquals": ("{value} 应不大于 {wanted} 的值。", "{value} is greater than the value of {wanted}."),
    "Not": ("{value} 不应符合该形状。", "{value} conforms to a shape that it must not conform to."),
    "And": ("{value} 应符合所列的每一个形状。", "{value} does not conform to every shape listed."),
    "Or": ("{value} 应符合所列形状之一。", "{value} conforms to none of the shapes listed."),
    "Xone": ("{value} 应恰好符合所列形状之一。", "{value} does not conform to exactly one of the shapes listed."),
    "Node": ("{value} 应符合 {wanted}。", "{value} does not conform to {wanted}."),
    "QualifiedMinCount": ("符合条件的值过少，至少应有 {wanted} 个。", "Too few values are as wanted, at least {wanted}."),
    "QualifiedMaxCount": ("符合条件的值过多，至多应有 {wanted} 个。", "Too many values are as told, at most {wanted}."),
    "Closed": ("不应有属性值 {value}。", "The property is not allowed here (value {value})."),
    "HasValue": ("应有值 {wanted}。", "The value {wanted} is missing."),
    "In": ("{value} 应是 {wanted} 之一。", "{value} is none of {wanted}."),
}  # fmt: skip


def component_name(component: str) -> str:
    """The short name of a component of the standard, the last part of any other's IRI.

    >>> component_name("http://www.w3.org/ns/shacl#MinCountConstraintComponent")
    'MinCount'
    """
    return component.rpartition("#")[2].rpartition("/")[2].removesuffix("ConstraintComponent")


def default_messages(component: str, value: str | None, wanted: tuple[str, ...]) -> Text:
    """The sentences for a component with the value that is wrong and what was wanted."""
    zh, en = _SENTENCES.get(
        component_name(component), ("{value} 不符合 {name}。", "{value} violates {name}.")
    )
    words = {
        "value": "" if value is None else f"“{value}”",
        "wanted": ", ".join(_short(text) for text in wanted),
        "name": component_name(component),
    }
    quoted = {**words, "value": "The node" if value is None else f"{value!r}"}
    return {"zh": zh.format(**words), "en": en.format(**quoted)}


def _short(text: str) -> str:
    """An IRI's last part, and other texts as they are."""
    if text.startswith(SH):
        return text.removeprefix(SH)
    return snake(text) if text.startswith("http") else text
