"""A second reading of numbers, letter by letter, that the grammar must agree with."""

from decimal import Decimal, localcontext

DIGITS = "0123456789"
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
GAPS = " \u00a0\u2009\u202f'’"
SIGNS = {"point": (".", ","), "comma": (",", ".")}


def core_of(text: str) -> tuple[str, str, str]:
    """What stands before the first digit, from it to the last one, and behind.

    A sign and a decimal mark that touch the digits belong to them.
    """
    places = [n for n, letter in enumerate(text) if letter in DIGITS]
    if not places:
        return text, "", ""
    start = places[0]
    end = 1 + max(n for n, letter in enumerate(text) if n >= start and letter in {*DIGITS, *RAISED})
    if start and text[start - 1] in ".,":
        start -= 1
    if start and text[start - 1] in "+-−":
        start -= 1
    if end < len(text) and text[end] in ".,":
        end += 1
    return text[:start], text[start:end], text[end:]


def number(core: str, sign: str, *, grouped: bool = True) -> Decimal | None:
    """The number that digits are with a decimal sign, or None."""
    mark, other = SIGNS[sign]
    negative = core[:1] in {"-", "−"}
    rest = core[1:] if core[:1] in {"-", "−", "+"} else core
    length = 0
    while length < len(rest) and (rest[length] in DIGITS or rest[length] in f".,{GAPS}"):
        length += 1
    while length and rest[length - 1] in GAPS:
        length -= 1
    body, tail = rest[:length], rest[length:]
    power = _power(tail)
    if power is None or not any(letter in DIGITS for letter in body):
        return None
    whole, _, fraction = body.partition(mark)
    if any(letter not in DIGITS for letter in fraction):
        return None
    gaps = {letter for letter in whole if letter not in DIGITS}
    if gaps and (not grouped or tail[:1] in {"e", "E"} or not _is_grouped(whole, gaps, other)):
        return None
    if not whole and not fraction:
        return None
    with localcontext(prec=2000):
        value = _counted(whole, fraction).scaleb(power)
        return value.copy_negate() if negative else value


def _counted(whole: str, fraction: str) -> Decimal:
    value, size = Decimal(0), Decimal(1)
    for letter in whole:
        if letter in DIGITS:
            value = value * 10 + int(letter)
    for letter in fraction:
        size = size.scaleb(-1)
        value += size * int(letter)
    return value


def _is_grouped(whole: str, gaps: set[str], other: str) -> bool:
    (gap, *more) = gaps
    if more or (gap != other and gap not in GAPS):
        return False
    first, *groups = whole.split(gap)
    return 1 <= len(first) <= 3 and first[0] != "0" and all(len(group) == 3 for group in groups)


def _power(tail: str) -> int | None:
    """The power of ten that stands behind digits: 0 where there is none, None if it is no power."""
    if not tail:
        return 0
    if tail[0] in "eE":
        return _whole(tail[1:])
    plain = tail.strip()
    if plain[:1] not in set("xX×*·⋅∙"):
        return None
    plain = plain[1:].lstrip()
    if not plain.startswith("10"):
        return None
    plain = plain[2:].lstrip()
    if plain[:1] in RAISED and plain:
        return _whole("".join(RAISED.get(letter, "?") for letter in plain))
    for operator in ("**", "exp", "^", "*", "e", "E"):
        if plain.startswith(operator):
            return _whole(plain.removeprefix(operator).lstrip())
    return _whole(plain) if plain[:1] in {"+", "-"} else None


def _whole(text: str) -> int | None:
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not 1 <= len(digits) <= 3 or any(letter not in DIGITS for letter in digits):
        return None
    size = int(digits)
    return -size if text[0] == "-" else size


def allowed(core: str, reading: str) -> set[Decimal]:
    """Every number that digits may be in a reading; more than one if they are ambiguous."""
    if reading == "plain":
        only = number(core, "point", grouped=False)
        return set() if only is None else {only}
    both = {sign: number(core, sign) for sign in SIGNS}
    found = {value for value in both.values() if value is not None}
    stated = both.get(reading)
    return {stated} if stated is not None else found
