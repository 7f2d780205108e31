"""Pictures that may be hostile: formats, sizes, turns, transparency, and files that are damaged."""

import base64
import io
import json
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from han_core.data import picture_files
from han_core.data.picture_files import MOST_PIXELS, TURNS, decode_picture
from han_core.data.pictures import Columns, read_picture, read_pictures, split_pictures
from han_core.data.placement import Placement
from han_core.runtime.errors import UserError

RED, BLUE, WHITE = (230, 20, 20), (20, 20, 230), (255, 255, 255)


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


def cornered(width: int = 24, height: int = 16) -> Image.Image:
    """White, with a red block in the upper left corner."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, 8, 8))
    return image


def decoded(content: bytes, size: int = 24, name: str = "", show: bool = False):
    return decode_picture(content, "The picture", name, size, show)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says its size and has hardly any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_format_is_read_and_centred(format):
    came = decoded(encoded(cornered(), format))
    assert came.pixels.shape == (24, 24, 3)
    assert (came.placement.top, came.placement.bottom) == (4, 20)
    assert (came.pixels[:4] == 255).all()
    assert np.abs(came.pixels[6, 2].astype(int) - RED).max() < 30
    assert np.abs(came.pixels[12, 20].astype(int) - WHITE).max() < 30


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_the_camera_turned_is_turned_back_and_leads_to_the_stored_pixels(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    came = decoded(encoded(cornered(), exif=exif), size=24)
    place = came.placement
    turned = orientation in (5, 6, 7, 8)
    assert place.upright_size == ((16, 24) if turned else (24, 16))
    red = np.argwhere((came.pixels == RED).all(2))
    box = (*red.min(0)[::-1], *(red.max(0)[::-1] + 1))
    assert place.stored_box(tuple(int(edge) for edge in box)) == (0, 0, 8, 8)
    upright = cornered().transpose(TURNS[orientation]) if orientation > 1 else cornered()
    inner = came.pixels[place.top : place.bottom, place.left : place.right]
    assert (inner == np.asarray(upright)).all()


def test_margin_leads_to_no_pixel_and_half_of_it_to_what_is_there():
    place = Placement.fitted(40, 20, 1, 20)
    assert (place.left, place.top, place.right, place.bottom) == (0, 5, 20, 15)
    assert place.upright_box((0, 0, 20, 5)) is None
    assert place.stored_box((0, 0, 10, 10)) == (0, 0, 20, 10)
    assert place.to_json()["square"] == [0, -10, 40, 30]
    assert [place.cell_box(1, 2, 4), place.cell_box(0, 0, 3)] == [(10, 5, 15, 10), (0, 0, 7, 7)]


def test_a_line_of_one_pixel_stays_one():
    came = decoded(encoded(Image.new("RGB", (3000, 1), BLUE)))
    assert came.placement.bottom - came.placement.top == 1
    assert (came.pixels == BLUE).all(2).sum() == 24


def test_transparency_becomes_white():
    image = Image.new("RGBA", (24, 24), (*RED, 0))
    image.paste((*RED, 128), (0, 0, 12, 24))
    came = decoded(encoded(image)).pixels
    assert came[3, 20].tolist() == list(WHITE)
    assert came[3, 3].tolist() == pytest.approx([242, 137, 137], abs=2)  # halfway to white
    palette = Image.new("P", (24, 24), 0)
    palette.putpalette([*RED, *BLUE])
    palette.paste(1, (0, 0, 12, 24))
    came = decoded(encoded(palette, transparency=0)).pixels
    assert (came[0, 20].tolist(), came[0, 0].tolist()) == (list(WHITE), list(BLUE))


def test_grey_of_sixteen_bits_is_scaled_and_not_cut():
    grey = np.linspace(0, 65535, 24).astype(np.uint16)
    came = decoded(encoded(Image.fromarray(np.tile(grey, (24, 1))))).pixels
    assert came[0, :, 0].tolist() == np.rint(grey / 257).astype(int).tolist()


def test_colours_of_printers_are_read():
    came = decoded(encoded(Image.new("CMYK", (24, 24), (0, 255, 255, 0)), "JPEG")).pixels
    assert came[0, 0, 0] > 200 > 60 > came[0, 0, 1]


def test_an_animation_is_its_first_frame_and_that_is_said():
    frames = [Image.new("RGB", (24, 24), colour) for colour in (RED, BLUE)]
    for format in ("GIF", "WEBP", "PNG"):
        content = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=50)
        came = decoded(content)
        assert np.abs(came.pixels[5, 5].astype(int) - RED).max() < 40
        assert "first frame" in came.notes[0]


def test_another_format_than_the_name_says_is_said():
    content = encoded(cornered())
    assert "another format" in decoded(content, name="a/cat.JPG").notes[0]
    assert decoded(content, name="a/cat.png").notes == ()
    assert decoded(content, name="cat").notes == ()


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "empty file"),
        (b"hello, I am a text", "no picture that can be read"),
        (encoded(cornered(), "BMP"), "no picture that can be read"),
        (encoded(cornered(), "TIFF"), "no picture that can be read"),
        (encoded(cornered(200, 200), "PNG")[:120], "damaged"),
        (encoded(cornered(200, 200), "JPEG")[:-200], "damaged"),
        (png_header(9_400, 9_400), "9,400 × 9,400 pixels"),
        (png_header(60_000, 60_000), "far too many pixels"),
        (png_header(30, 30), "damaged"),
        (b"\0" * 20_000_001, "at most 20 MB"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(content, fragment):
    with pytest.raises(UserError, match=fragment) as refusal:
        decoded(content)
    assert str(refusal.value).startswith("The picture")
    assert "\n" not in str(refusal.value)


def test_the_size_is_checked_before_anything_is_decoded(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    side = int(MOST_PIXELS**0.5) + 1
    with pytest.raises(UserError, match="25 million"):
        decoded(png_header(side, side))


def test_exif_that_is_nonsense_turns_nothing():
    exif = Image.Exif()
    exif[0x0112] = 77
    assert decoded(encoded(cornered(), exif=exif)).placement.orientation == 1


def table(path, **columns):
    pd.DataFrame(columns).to_parquet(path)
    return path


def test_a_parquet_of_bytes_and_of_pairs(tmp_path):
    content = encoded(cornered())
    path = table(
        tmp_path / "pets.parquet", text=["a", ""], image=[content, content], label=["x", "y"],
        split=["train", "test"],
    )  # fmt: skip
    data = read_pictures(path, 24)
    assert (data.texts, data.labels, data.splits) == (("a", ""), ("x", "y"), ("train", "test"))
    assert (data.pictures[0].pixels == decoded(content).pixels).all()
    assert data.notes == ("1 document without a text.",)
    pairs = [{"bytes": content, "path": "a.jpg"}, {"bytes": None, "path": None}]
    data = read_pictures(
        table(tmp_path / "p.parquet", words=["a", "b"], photo=pairs, label=["x", "y"]), 24,
        Columns(text="words", image="photo"), show=True,
    )  # fmt: skip
    assert data.pictures[1] is None
    assert sorted(data.notes) == [
        "1 document without a picture.",
        "1 picture: of another format than its name says; it is read as what it is.",
    ]
    with Image.open(io.BytesIO(data.pictures[0].shown)) as larger:
        assert larger.size == (24, 16)


def test_csv_and_json_lines_name_files_beside_them(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encoded(cornered()))
    (tmp_path / "d.csv").write_text("text,image,label\nred,in/a.png,x\nnone,,y\n")
    data = read_pictures(tmp_path / "d.csv", 24)
    assert [picture is None for picture in data.pictures] == [False, True]
    in_line = base64.b64encode(encoded(cornered())).decode()
    lines = [
        {"text": "a", "image": {"bytes": in_line}},
        {"id": 7, "text": "b", "image": f"data:image/png;base64,{in_line}"},
        {"image": "in/a.png"},
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, lines)))
    data = read_pictures(tmp_path / "d.jsonl", 24, labelled=False)
    assert data.ids == ("1", "7", "3")
    for picture in data.pictures:
        assert (picture.pixels == decoded(encoded(cornered())).pixels).all()


@pytest.mark.parametrize(
    ("image", "fragment"),
    [
        ("absent.png", "no such file beside"),
        ("../secret.png", "not beside the data"),
        ("/etc/passwd", "not beside the data"),
        ("link.png", "not beside the data"),
        ("notes.png", "no picture that can be read"),
        ("data:image/png;base64,!!", "no base64"),
    ],
)
def test_paths_lead_nowhere_else(tmp_path, image, fragment):
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(cornered()))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "notes.png").write_text("no picture")
    line = json.dumps({"text": "a", "image": image, "label": "x"})
    (folder / "d.jsonl").write_text(line)
    with pytest.raises(UserError, match=fragment):
        read_pictures(folder / "d.jsonl", 24)


def test_a_table_that_was_sent_has_no_paths(tmp_path):
    (tmp_path / "upload.csv").write_text("text,image,label\na,b.png,x\n")
    (tmp_path / "b.png").write_bytes(encoded(cornered()))
    with pytest.raises(UserError, match="holds its pictures itself"):
        read_pictures(tmp_path / "upload.csv", 24, filename="mine.csv")


@pytest.mark.parametrize(
    ("columns", "fragment"),
    [
        ({"text": ["a"], "label": ["x"]}, 'no column "image"'),
        ({"text": ["a"], "image": [b""]}, 'no column "label"'),
        ({"text": ["a"], "image": [None], "label": [""]}, "no label"),
        ({"text": [" "], "image": [None], "label": ["x"]}, "neither text nor picture"),
        ({"text": ["a"], "image": [b"GIF89a"], "label": ["x"]}, "picture of document 1 of d"),
        ({"text": ["a"], "image": [3.5], "label": ["x"]}, "neither bytes nor paths"),
        ({"text": [b"a"], "image": [None], "label": ["x"]}, "holds no words"),
        ({"text": [], "image": [], "label": []}, "holds no document"),
    ],
)
def test_a_table_that_lacks_something_is_one_sentence(tmp_path, columns, fragment):
    with pytest.raises(UserError, match=fragment):
        read_pictures(table(tmp_path / "d.parquet", **columns), 24)


def test_files_that_are_no_tables(tmp_path):
    (tmp_path / "d.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match="not a Parquet file"):
        read_pictures(tmp_path / "d.parquet", 24)
    with pytest.raises(UserError, match="no file"):
        read_pictures(tmp_path / "absent.csv", 24)
    with pytest.raises(UserError, match=r"ends? in"):
        read_pictures(tmp_path / "pictures.zip", 24)


def test_a_picture_that_was_sent():
    data = read_picture(encoded(cornered(800, 400)), "cat.png", 24)
    assert len(data) == 1
    with Image.open(io.BytesIO(data.pictures[0].shown)) as larger:
        assert larger.size == (320, 160)
    with pytest.raises(UserError, match=r"cat\.png is damaged"):
        read_picture(encoded(cornered(200, 200))[:90], "cat.png", 24)
    with pytest.raises(UserError, match="name should end in"):
        read_picture(b"", "cat.svg", 24)


def test_a_reader_that_is_stopped_is_one_sentence(monkeypatch):
    monkeypatch.setattr(picture_files, "MOST_FILE", 1)
    monkeypatch.setattr("han_core.data.pictures.CHILD", "tests.no_such_reader")
    with pytest.raises(UserError, match="made its reader stop"):
        read_picture(encoded(cornered()), "cat.png", 24)


def test_equal_documents_stay_on_one_side(tmp_path):
    content = [encoded(Image.new("RGB", (8, 8), (shade, 0, 0))) for shade in range(20)]
    path = table(
        tmp_path / "d.parquet", text=["a"] * 40, image=content * 2, label=["x", "y"] * 20
    )  # fmt: skip
    parts = split_pictures(read_pictures(path, 8), 0.2, 0.2, seed=1)
    sides = {
        name: {picture.pixels.tobytes() for picture in part.pictures}
        for name, part in parts.items()
    }
    assert sum(map(len, sides.values())) == 20
    assert not sides["training"] & sides["test"]
    assert [len(parts[name]) for name in ("training", "validation", "test")] == [26, 6, 8]
    path = table(tmp_path / "s.parquet", text=["a"], image=content[:1], label=["x"], split=["?"])
    data = read_pictures(path, 8)
    with pytest.raises(UserError, match="column split"):
        split_pictures(data, 0, 0, 0)
