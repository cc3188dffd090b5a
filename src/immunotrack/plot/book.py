"""From what a page shows to the page: its figure, and its file."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from immunotrack.plot.cohort_strip import draw_cohort_strip
from immunotrack.plot.contents import draw_contents
from immunotrack.plot.leaf import Contents, Leaf, Multiples, Order, Overlay, Rendered
from immunotrack.plot.multiples import draw_multiples
from immunotrack.plot.overlay import draw_overlay
from immunotrack.plot.pages import pages_bytes
from immunotrack.plot.save import figure_bytes, missing_letters
from immunotrack.plot.spared import draw_spared
from immunotrack.plot.style import SizeName


def draw_leaf(leaf: Leaf, size: SizeName) -> tuple[Figure, list[tuple[str, str]]]:
    """The figure of a page, and the patients who could not be drawn."""
    if isinstance(leaf, Multiples):
        return draw_multiples(leaf, size)
    if isinstance(leaf, Contents):
        return draw_contents(leaf, size), []
    if isinstance(leaf, Overlay):
        return draw_spared(leaf, size, draw_overlay)
    return draw_spared(leaf, size, draw_cohort_strip)


def render(order: Order) -> Rendered:
    """Pages as a file; this runs in any process."""
    failed: list[tuple[str, str]] = []
    missing: set[str] = set()

    def figures() -> Iterator[Figure]:
        for leaf in order.leaves:
            figure, lost = draw_leaf(leaf, order.size)
            failed.extend(lost)
            missing.update(missing_letters(figure))
            yield figure

    if order.suffix == ".pdf":
        data = pages_bytes(figures())
    else:
        data = figure_bytes(next(figures()), order.suffix)
    return Rendered(data, len(order.leaves), failed, "".join(sorted(missing)))
