"""Numbers as people read them."""


def grouped(number: float) -> str:
    """A number with a thin space between thousands, as axes and ranges show it.

    >>> grouped(15000), grouped(2.466), grouped(0.5)
    ('15\u2009000', '2.466', '0.5')
    """
    text = f"{number:,.10g}" if abs(number) < 1e15 else f"{number:g}"
    return text.replace(",", "\u2009").replace("-", "\u2212")
