"""The grammar of results beside a second reading by hand, and numbers written and read back."""

import random
import unicodedata
from decimal import Decimal, localcontext

import campaign
import mutators
import slow
from oracle import must

from immunotrack.outputs import defused
from immunotrack.values import (
    Kind,
    clean_result,
    decimal_signs,
    parse_result,
    read_result,
    result_text,
)

READINGS = ("plain", "auto", "point", "comma")
COMPARED = {
    "<": "<",
    "<=": "<=",
    "=<": "<=",
    "≤": "<=",
    "⩽": "<=",
    "≦": "<=",
    ">": ">",
    ">=": ">=",
    "=>": ">=",
    "≥": ">=",
    "⩾": ">=",
    "≧": ">=",
}
SIGNS = frozenset("<>=≤≥⩽⩾≦≧")
LESS = {"less", "below", "under", "kleiner", "inferieur", "menor", "lower", "fewer"}
MORE = {"more", "above", "over", "uber", "grosser", "superieur", "mayor", "greater", "higher"}
PIECES = (
    *(
        "<",
        ">",
        "<=",
        ">=",
        "≤",
        "≥",
        "=<",
        "<<",
        "=",
        " ",
        "  ",
        "-",
        "+",
        "−",
        ".",
        ",",
        "'",
        "’",
    ),
    *(
        "\u00a0",
        "\u2009",
        "\u202f",
        "0",
        "1",
        "5",
        "9",
        "00",
        "000",
        "123",
        "1234",
        "060",
        "e",
        "E",
    ),
    *("e5", "E-3", "x10", " x 10^9", " X 10*3", "×10⁹", "·10", "*10**6", "10 exp 3", "⁻", "⁹", "%"),
    *("H", " H", "L ", "HH", "*", "!", "↑", " Normal", "high ", "(H)", "[L]", "H:", "Neg", "Pos"),
    *("less than ", "kleiner dan ", "at least ", "über ", "more than", "1:", "/", ":", "–", "not "),
    *(
        "detected",
        "pending",
        "#N/A",
        "½",
        "²",
        "٣",
        "𝟓",
        "Ⅷ",
        "\u200b",
        "\u202e",
        "\n",
        "\t",
        "\x00",
    ),
)
SEEDS = [*mutators.CELLS, *PIECES]


def check(data: bytes) -> None:
    """Read a text in every reading; the first bytes also make a number for the way back."""
    text = data.decode("utf-8", "replace")
    for reading in READINGS:
        check_text(text, reading)
    if data[:1] == b"\x00":
        check_way_back(data[1:])


def check_text(text: str, reading: str) -> None:
    """Whatever is read as a number is one by hand too, and no part of the text is left out."""
    result = parse_result(text, reading)
    row = read_result(text, None, reading)
    must(row.kind == result.kind, "kinds")
    clean_result(text, reading)
    defused(text)
    must(decimal_signs(text) <= {*slow.SIGNS}, "signs")
    if result.kind not in {Kind.NUMBER, Kind.CENSORED}:
        must(result.number is None, f"a number in {result.kind}")
        missed = reading != "plain" and _is_plain(text.strip())
        must(not missed, f"a number is not read: {text!r} is {result.kind}")
        return
    head, core, tail = slow.core_of(text.strip())
    possible = slow.allowed(core, reading)
    must(
        result.number in possible, f"another number: {text!r} is {result.number} and not {possible}"
    )
    must(reading != "auto" or len(possible) == 1, f"ambiguous: {text!r}")
    must(row.value == float(result.number), "value")
    must(float(result.number) != 0 or result.number == 0, "a number that becomes zero")
    rest = head + tail
    must(not any(_counts(letter) for letter in rest), f"a digit beside the number: {text!r}")
    signs = "".join(letter for letter in head if letter in SIGNS)
    must(
        COMPARED.get(signs, "") == result.comparator or (not signs and head),
        f"another sign: {text!r} is {result.comparator!r}",
    )
    must(not any(letter in SIGNS for letter in tail), f"a sign behind the number: {text!r}")
    said = {*_plain(head).split()}
    if not signs and "not" not in said:
        must(
            not said & LESS or result.comparator[:1] == "<",
            f"another comparator: {text!r} is {result.comparator!r}",
        )
        must(
            not said & MORE or result.comparator[:1] == ">",
            f"another comparator: {text!r} is {result.comparator!r}",
        )
        must(
            not result.comparator or said, f"another comparator: {text!r} is {result.comparator!r}"
        )
    must(result.percent == tail.strip().startswith("%"), f"percent: {text!r}")
    must((result.kind is Kind.CENSORED) == bool(result.comparator), "kind and comparator")


def _is_plain(text: str) -> bool:
    """Whether a text is digits with one point, which every reading but a stated comma takes."""
    whole, point, part = text.partition(".")
    digits = (
        whole.isascii() and whole.isdigit() and (not point or (part.isascii() and part.isdigit()))
    )
    return digits and 0 < len(text) < 18 and not point


def _counts(letter: str) -> bool:
    return unicodedata.numeric(letter, None) is not None


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss").replace("ø", "o"))
    return "".join(c if c.isalpha() else " " for c in folded if not unicodedata.combining(c))


def check_way_back(data: bytes) -> None:
    """A number written with a point, a comma, groups or a power is read as the same number."""
    chance = random.Random(data)
    digits = "".join(chance.choices("0123456789", k=chance.randint(1, 15)))
    places = chance.randint(0, 9)
    with localcontext(prec=100):
        number = Decimal(int(digits)).scaleb(-places)
    plain = format(number, "f")
    for reading, mark, gap in (("point", ".", ","), ("comma", ",", ".")):
        whole, _, part = plain.partition(".")
        spaced = f"{int(whole):,}".replace(",", gap if chance.random() < 0.5 else "\u202f")
        for written in {whole, spaced}:
            text = f"{written}{mark}{part}" if part else written
            for sign in ("", "<", "> ", "≤"):
                read = parse_result(f"{sign}{text}", reading)
                must(
                    read.number == number,
                    f"the way back: {sign}{text} is {read.number} ({reading})",
                )
    must(parse_result(plain).number == number, f"the plain way back: {plain}")
    value = float(number)
    for sign in ("", "<", ">="):
        text = result_text(sign, value)
        must(parse_result(text).number == Decimal(repr(value)), f"our own text: {text}")
    power = chance.randint(-5, 5)
    with localcontext(prec=100):
        shifted = number.scaleb(power)
    must(
        parse_result(f"{plain} x 10^{power}", "point").number == shifted,
        f"a power: {plain} x 10^{power}",
    )


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A text with a piece of a result put in, taken out or moved."""
    if chance.random() < 0.05:
        return b"\x00" + chance.randbytes(8)
    text = data.decode("utf-8", "replace")
    place = chance.randrange(len(text) + 1)
    match chance.randrange(4):
        case 0 if text:
            text = text[:place] + text[place + chance.choice((1, 1, 2, 4)) :]
        case 1 if text:
            end = chance.randrange(len(text) + 1)
            text = text[place:end] or chance.choice(PIECES)
        case _:
            text = text[:place] + chance.choice(PIECES) + text[place:]
    return text[:60].encode("utf-8", "replace")


if __name__ == "__main__":
    campaign.run("grammar", (seed.encode() for seed in SEEDS), check, mutate)
