"""What a camera sees in the image of a ticket."""

from __future__ import annotations

import io

import png  # type: ignore[import-untyped]
import zxingcpp


def read_qr(image: bytes) -> str:
    """The text of the one QR code in a PNG; AssertionError when nothing can be read."""
    width, height, lines, _ = png.Reader(io.BytesIO(image)).asRGB8()
    grey = b"".join(bytes(line[::3]) for line in lines)
    seen = zxingcpp.read_barcode(memoryview(grey).cast("B", (height, width)))
    assert seen is not None
    assert seen.format == zxingcpp.BarcodeFormat.QRCode
    return str(seen.text)
