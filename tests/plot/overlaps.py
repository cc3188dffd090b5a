"""Which texts of a figure overlap each other or the edge of the page, by their bounding boxes."""

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every visible text with the box it is drawn in, in pixels."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    hidden = _labels_beyond_the_axes(figure)
    return [
        (artist.get_text(), artist.get_window_extent(renderer))
        for artist in figure.findobj(Text)
        if artist.get_visible() and artist.get_text().strip() and artist not in hidden
    ]


def _labels_beyond_the_axes(figure: Figure) -> set[Text]:
    """The labels of ticks that matplotlib keeps outside an axis and does not draw."""
    return {
        label
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.majorTicks
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes share more than a hair."""
    boxes = [(text, tuple(map(float, box.extents))) for text, box in texts(figure)]
    return [
        (one, other)
        for (one, box), (other, second) in combinations(boxes, 2)
        if _area(box, second) > 2.0
    ]


def _area(box: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def clipped(figure: Figure) -> list[str]:
    """Texts that reach over the edge of the page."""
    page = figure.bbox
    return [
        text
        for text, box in texts(figure)
        if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1
    ]


def beside_their_tiles(figure: Figure) -> list[str]:
    """Letters of a strip that are wider than what they stand on."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    tiles = [
        artist.get_window_extent(renderer)
        for artist in figure.findobj(lambda artist: artist.get_gid() == "pattern")
    ]
    letters = [
        (artist.get_text(), artist.get_window_extent(renderer))
        for artist in figure.findobj(lambda artist: artist.get_gid() == "pattern-letter")
    ]
    return [
        text
        for text, box in letters
        if not any(
            tile.x0 <= box.x0 and box.x1 <= tile.x1 and tile.y0 < box.y0 + box.height / 2 < tile.y1
            for tile in tiles
        )
    ]
