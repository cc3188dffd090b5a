"""Spellings of units beside a second reading of the regular ones, and conversion both ways."""

import random
import re
import unicodedata
from decimal import Decimal, localcontext

import campaign
from oracle import must

from immunotrack.units import convert, find_unit, shift_between, unit_symbol

PIECES = (
    *("10", "x10", "X 10", "×10", "^", "*", "**", "e", "E", "exp", "3", "6", "9", "12", "⁹", "³"),
    *(
        "/",
        "/L",
        "/l",
        "/uL",
        "/µL",
        "/μL",
        "/ul",
        "/mm3",
        "/mm³",
        "/mL",
        "/dL",
        "/100 mL",
        "/cumm",
    ),
    *("cells", "cell", "{cells}", "#", "K", "G", "T", "M", "k", "g", "mg", "Mg", "MG", "ng", "pg"),
    *("fg", "ug", "µg", "mcg", "IU", "U", "mmol", "AB/C", "%", "THOU", "mil", " ", ".", "\u00a0"),
    *("Â", "Âµ", "Î¼", "<U+00B5>", "&micro;", "&#181;", "{RBC}", "-1", "score", "MFI", "ratio"),
    *("\u200b", "\n", "ﬂ", "Ｌ", "㎕", "㎎", "㎖", "ℓ"),
)
SEEDS = ["10*9/L", "x 10^9/L", "cells/µL", "/mm3", "mg/dL", "pg/mL", "K/uL", "%", "AB/C", "g/L"]
MASS = {"f": -15, "p": -12, "n": -9, "u": -6, "mc": -6, "m": -3, "": 0, "k": 3}
VOLUME = {
    "l": 0,
    "dl": -1,
    "ml": -3,
    "ul": -6,
    "mcl": -6,
    "mm3": -6,
    "nl": -9,
    "pl": -12,
    "fl": -15,
}


def check(data: bytes) -> None:
    """A unit is found again by its symbol, with blanks, and is the one that it reads as."""
    text = data.decode("utf-8", "replace")
    unit = find_unit(text)
    symbol = unit_symbol(text)
    must(unit is None or find_unit(symbol) == unit, f"{text!r} is {symbol!r}, and that is not")
    must(find_unit(f" {text}\n") == unit or len(text) > 56, f"{text!r} with blanks")
    known = by_hand(text)
    if unit is None or known is None:
        return
    must((unit.dimension, unit.exponent) == known, f"{text!r} is {unit} and not {known}")
    for other in ("cells/µL", "10*9/L", "mg/dL", "pg/mL", "10*6/uL"):
        _both_ways(data, symbol, other)


def _both_ways(data: bytes, source: str, target: str) -> None:
    if shift_between(source, target) is None:
        return
    chance = random.Random(data)
    with localcontext(prec=100):
        number = Decimal(chance.randrange(10**15)).scaleb(-chance.randrange(12))
        shift = shift_between(source, target)
        must(convert(number, source, target) == number.scaleb(shift), "shifted")
        back = convert(convert(number, source, target), target, source)
    must(back == number, f"{number} {source} to {target} and back is {back}")


def by_hand(text: str) -> tuple[str, int] | None:
    """The dimension and size of a count or mass per volume; None for any other spelling."""
    plain = unicodedata.normalize("NFKC", text.replace("^", "*"))
    plain = "".join(plain.split()).replace("μ", "u").replace("µ", "u").replace("×", "x")
    above, slash, below = plain.partition("/")
    volume = VOLUME.get(below.casefold()) if below[:1].islower() or below == "L" else None
    if not slash or volume is None:
        return None
    if match := re.fullmatch(r"(f|p|n|u|mc|m|k|)g", above):
        return "mass per volume", MASS[match[1]] - volume
    if match := re.fullmatch(r"x?10(?:\*\*?|e|E|exp)(3|6|9|12)", above):
        return "cells per volume", int(match[1]) - volume
    if above in {"cells", "cell", "#", ""}:
        return "cells per volume", -volume
    return None


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A spelling with a piece put in, taken out or in another case."""
    text = data.decode("utf-8", "replace")
    place = chance.randrange(len(text) + 1)
    match chance.randrange(5):
        case 0 if text:
            text = text[:place] + text[place + 1 :]
        case 1:
            text = text.swapcase() if chance.random() < 0.3 else text.title()
        case 2:
            text = chance.choice(SEEDS)
        case _:
            text = text[:place] + chance.choice(PIECES) + text[place:]
    return text[:70].encode("utf-8", "replace")


if __name__ == "__main__":
    campaign.run("units", (seed.encode() for seed in SEEDS), check, mutate)
