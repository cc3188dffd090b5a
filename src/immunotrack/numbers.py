"""Numbers as people read them, and as a file's cells hold them."""

from decimal import Decimal


def grouped(number: float) -> str:
    """A number with a thin space between thousands, as axes and ranges show it.

    >>> grouped(15000), grouped(2.466), grouped(0.5)
    ('15\u2009000', '2.466', '0.5')
    """
    text = f"{number:,.10g}" if abs(number) < 1e15 else f"{number:g}"
    return text.replace(",", "\u2009").replace("-", "\u2212")


def digits(value: float) -> str:
    """A number by its 15 significant digits, without an exponent where its size is usual.

    >>> digits(0.7999999999999999), digits(78.0), digits(1e20), digits(1e-30)
    ('0.8', '78', '100000000000000000000', '1e-30')
    """
    text = format(value + 0.0, ".15g")
    usual = value == 0 or 1e-15 <= abs(value) < 1e22
    return format(Decimal(text), "f") if "e" in text and usual else text
