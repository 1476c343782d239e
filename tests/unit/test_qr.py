from __future__ import annotations

import png  # type: ignore[import-untyped]
from boxoffice.adapters.qr import draw

CODE = "1:k1:" + "e" * 36 + ":tk-" + "a" * 24 + ":" + "s" * 22


def modules(image: bytes) -> list[list[bool]]:
    """Which modules are dark, one per 8 pixels."""
    width, height, rows, info = png.Reader(bytes=image).read()
    assert (info["bitdepth"], info["greyscale"]) == (1, True)
    pixels = [list(row) for row in rows]
    assert len(pixels) == height == width
    return [[not pixels[y][x] for x in range(0, width, 8)] for y in range(0, height, 8)]


def test_a_small_image_with_a_quiet_zone_and_three_finders() -> None:
    image = draw(CODE)
    assert len(image) < 1_500
    dark = modules(image)
    size = len(dark)
    border = [*dark[:4], *dark[-4:], *([row[x] for row in dark] for x in (*range(4), *range(size - 4, size)))]
    assert not any(any(line) for line in border)
    finder = [True, False, True, True, True, False, True]
    for y, x in ((7, 4), (7, size - 11), (size - 8, 4)):
        assert dark[y][x : x + 7] == finder


def test_different_codes_make_different_images() -> None:
    assert draw(CODE) != draw(CODE[:-1])
