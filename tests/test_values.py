from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.values import (
    decimals,
    joined,
    number_before,
    parse_amount,
    parse_number,
    parse_weight,
    plain,
    unnumbered,
)

AMOUNTS = st.decimals(-(10**14), 10**14, allow_nan=False, places=2)


@given(AMOUNTS)
def test_a_number_with_commas_is_read_back_exactly(value: Decimal) -> None:
    assert parse_number(f"{value:,.2f}") == value


@given(AMOUNTS)
def test_an_amount_in_wan_yuan_keeps_every_digit(value: Decimal) -> None:
    assert parse_amount(f"{value}", Decimal(10000)) == value * 10000


@given(AMOUNTS.filter(lambda v: v > 0))
def test_brackets_mean_minus(value: Decimal) -> None:
    assert parse_number(f"（{value}）") == -value


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_empty_or_an_error(text: str) -> None:
    try:
        value = parse_number(text)
    except ValueError:
        return
    assert value is None or value.is_finite()
    assert (value is None) == (plain(text) == "")


@given(st.text(st.characters(exclude_categories=("Cs", "Mn", "Sk")), max_size=40))
def test_plain_is_idempotent_and_has_no_space(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert not any(c.isspace() for c in plain(text))


@given(st.text(max_size=60))
def test_a_number_before_and_the_rest_lose_nothing(text: str) -> None:
    number = number_before(text) or ""
    assert (number + unnumbered(text)).replace(" ", "") in text.replace(" ", "") or number == ""


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\n"])
def test_an_empty_cell_is_no_amount(text: str) -> None:
    assert parse_amount(text, Decimal(1)) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,633.94", "1633.94"),
        ("７５９５５００．００", "7595500.00"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("(0.5)", "-0.5"),
        (".5", "0.5"),
        ("0.00", "0.00"),
    ],
)
def test_numbers_as_documents_write_them(text: str, value: str) -> None:
    assert str(parse_number(text)) == value


@pytest.mark.parametrize(
    "text",
    [
        "15万元",
        "前三名",
        "1,2,3",
        "1e5",
        "NaN",
        "inf",
        "--1",
        "1.2.3",
        "9" * 25,
        "٣",
        "()",
        "10O",
        "=1+1",
    ],
)
def test_what_is_no_number_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|more than 24 digits"):
        parse_number(text)


@pytest.mark.parametrize(("text", "value"), [("20分", "20"), ("2.5", "2.5"), ("１０分", "10")])
def test_weights(text: str, value: str) -> None:
    assert parse_weight(text) == Decimal(value)


def test_a_weight_that_is_none_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="weight is '10O分', wanted a number of at most 100"):
        parse_weight("10O分")


@pytest.mark.parametrize(
    ("text", "digits"), [("1,633.94", 2), ("40", 0), ("84.662432", 6), ("(1.5)", 1)]
)
def test_decimals_are_counted_as_printed(text: str, digits: int) -> None:
    assert decimals(text) == digits


def test_spread_letters_are_joined_and_words_are_not() -> None:
    assert joined("本 年 收 入 合 计") == "本年收入合计"
    assert joined("PM 2.5") == "PM 2.5"
