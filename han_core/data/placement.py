"""How a picture stands in the square that a model reads, and the way back to its file's pixels."""

from dataclasses import dataclass

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom excluded."""

TURNED = (5, 6, 7, 8)  # orientations of EXIF that swap width and height


@dataclass(frozen=True)
class Placement:
    """A picture that was turned upright, scaled to fit, and centred in a square.

    Attributes:
        width, height: of the file's picture, as it is stored.
        orientation: of EXIF (tag 274), 1 to 8; what was turned is turned back by ``stored_box``.
        size: of the square.
        left, top, right, bottom: where the picture stands in the square; the rest is margin.

    Raises:
        ValueError: if the picture is empty or does not stand in the square.
    """

    width: int
    height: int
    orientation: int
    size: int
    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.orientation not in range(1, 9):
            raise ValueError(f"{self.width} × {self.height}, orientation {self.orientation}.")
        if not (0 <= self.left < self.right <= self.size):
            raise ValueError(f"{self.left} to {self.right} of {self.size} pixels.")
        if not (0 <= self.top < self.bottom <= self.size):
            raise ValueError(f"{self.top} to {self.bottom} of {self.size} pixels.")

    @classmethod
    def fitted(cls, width: int, height: int, orientation: int, size: int) -> "Placement":
        """Place a stored picture: its longer side fills the square, and it keeps its shape."""
        upright = (height, width) if orientation in TURNED else (width, height)
        inner = [max(1, round(size * side / max(upright))) for side in upright]
        left, top = ((size - side) // 2 for side in inner)
        return cls(width, height, orientation, size, left, top, left + inner[0], top + inner[1])

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the picture as it is looked at."""
        turned = self.orientation in TURNED
        return (self.height, self.width) if turned else (self.width, self.height)

    def upright_box(self, box: Box) -> Box | None:
        """Return which pixels of the upright picture a box of the square shows; None of margin."""
        width, height = self.upright_size
        left, right = _scaled(box[0], box[2], self.left, self.right, width)
        top, bottom = _scaled(box[1], box[3], self.top, self.bottom, height)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def stored_box(self, box: Box) -> Box | None:
        """As ``upright_box``, in the pixels of the file, as if nothing had been turned."""
        upright = self.upright_box(box)
        if upright is None:
            return None
        corners = [self._stored(x, y) for x in upright[::2] for y in upright[1::2]]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def _stored(self, x: int, y: int) -> tuple[int, int]:
        """A corner of the upright picture as a corner of the stored one."""
        if self.orientation in TURNED:
            x, y = y, x
        right_to_left = self.orientation in (2, 3, 7, 8)
        upside_down = self.orientation in (3, 4, 6, 7)
        return (
            self.width - x if right_to_left else x,
            self.height - y if upside_down else y,
        )

    def cell_box(self, row: int, column: int, cells: int) -> Box:
        """Return the pixels of the square under a cell of a grid of ``cells`` × ``cells``."""
        edges = [round(at * self.size / cells) for at in range(cells + 1)]
        return edges[column], edges[row], edges[column + 1], edges[row + 1]

    def to_json(self) -> dict:
        """As ``explain`` prints it: what was turned, and the square in upright pixels."""
        width, height = self.upright_size
        scale = width / (self.right - self.left)
        corner = (-self.left * scale, -self.top * height / (self.bottom - self.top))
        side = self.size * scale
        return {
            "width": self.width,
            "height": self.height,
            "orientation": self.orientation,
            "square": [round(value, 3) for value in (*corner, corner[0] + side, corner[1] + side)],
        }


def _scaled(start: int, end: int, first: int, last: int, length: int) -> tuple[int, int]:
    """The part of ``length`` pixels under start to end, where they stand from first to last."""
    scale = length / (last - first)
    inside = [min(max(at, first), last) - first for at in (start, end)]
    return int(inside[0] * scale), -int(-inside[1] * scale // 1)
