"""A figure as SVG that may stand in a page: no style attributes, no ids but those it refers to."""

import io
import re
import warnings
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from immunotrack.plot import style
from immunotrack.plot.save import SETTINGS

_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_REFERENCE: Final = re.compile(r"#([\w.-]+)")
_OWN_ID: Final = re.compile(r"(?:figure|axes|patch|line2d|text|xtick|ytick)_\d+")
_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""Letters that no XML may hold, and that a file's names may."""

_FRACTION: Final = re.compile(r"\d+\.\d+")
_AXIS_ID: Final = re.compile(r"matplotlib\.axis_(\d+)")

PALETTE: Final = {
    style.INK: "ink",
    style.FAINT: "faint",
    style.RULE: "rule",
    style.STRIPE: "stripe",
    style.BAND: "band",
    style.LOW: "low",
    style.HIGH: "high",
    style.DOSE: "dose",
    style.TREATED: "treated",
    style.BAR: "bar",
    style.INFECTION: "infection",
    style.RECOVERY: "recovery",
    style.RELAPSE: "relapse",
    style.CHANGE: "change",
    style.GRADE: "grade",
}
"""The colours of a figure, and the property of the page that each becomes."""

_COLOUR: Final = re.compile("|".join(map(re.escape, (*PALETTE, "#ffffff"))))


@dataclass(slots=True)
class Styles:
    """The declarations of all figures of a page, each set of them under a class of its own."""

    classes: dict[str, str] = field(default_factory=dict)

    def named(self, declarations: str) -> str:
        """The class of some declarations, the colours of which are properties of the page."""
        themed = _COLOUR.sub(lambda found: f"var(--{PALETTE.get(found[0], 'paper')})", declarations)
        themed = re.sub(r"'?DejaVu Sans'?(?:, [^;]*)?", "var(--figure-font)", themed)
        return self.classes.setdefault(themed, f"f{len(self.classes)}")

    def sheet(self) -> str:
        """All of them as a style sheet."""
        return "".join(f".{name}{{{said}}}" for said, name in self.classes.items())


def svg_of(figure: Figure, styles: Styles, prefix: str) -> ET.Element:
    """The SVG of a figure whose lengths are points.

    An artist's gid is `data-g` of its group; axes are `data-g="x-axis"` and `"y-axis"`.

    Args:
        prefix: Of the ids, which a page may hold once only.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings(), mpl.rc_context(SETTINGS):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", dpi=72, metadata={"Date": None})
    text = _NO_XML.sub("\ufffd", buffer.getvalue().decode())
    root = ET.fromstring(text)  # noqa: S314 - written a moment ago, by us
    for part in ("metadata", "defs"):
        for found in root.findall(f"{_SVG}{part}"):
            if part == "metadata" or found.find(f"{_SVG}style") is not None:
                root.remove(found)
    referred = {id_ for node in root.iter() for value in node.attrib.values()
                for id_ in _REFERENCE.findall(value)}  # fmt: skip
    for node in root.iter():
        _clean(node, styles, prefix, referred)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    return root


def _clean(node: ET.Element, styles: Styles, prefix: str, referred: set[str]) -> None:
    """One element: its name without namespace, its style as a class, its gid as `data-g`."""
    node.tag = node.tag.removeprefix(_SVG)
    node.text, node.tail = ((text or "").strip() for text in (node.text, node.tail))
    if declarations := node.attrib.pop("style", ""):
        node.set("class", styles.named(declarations))
    if (target := node.attrib.pop(_HREF, None)) is not None:
        node.set("href", target)
    if node.get("transform", "").startswith("rotate(-0 "):
        del node.attrib["transform"]
    _name(node, prefix, referred)
    for key, value in node.attrib.items():
        if key in {"d", "x", "y"}:
            node.set(key, _FRACTION.sub(_rounded, value).strip())
        elif key in {"href", "clip-path"}:
            node.set(key, _REFERENCE.sub(rf"#{prefix}-\1", value))
    for child in node.findall(f"{_SVG}path[@clip-path]"):
        node.set("clip-path", _REFERENCE.sub(rf"#{prefix}-\1", child.attrib.pop("clip-path")))


def _name(node: ET.Element, prefix: str, referred: set[str]) -> None:
    """The id of an element that something refers to, else the name of an artist."""
    name = node.attrib.pop("id", "")
    if axis := _AXIS_ID.fullmatch(name):
        node.set("data-g", "x-axis" if int(axis[1]) % 2 else "y-axis")
    elif name in referred:
        node.set("id", f"{prefix}-{name}")
    elif name and not _OWN_ID.fullmatch(name):
        node.set("data-g", name)


def _rounded(found: re.Match[str]) -> str:
    """A length to a hundredth of a point."""
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def markup(root: ET.Element) -> str:
    """An SVG as text."""
    return ET.tostring(root, encoding="unicode")
