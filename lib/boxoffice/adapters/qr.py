"""QR codes as small PNG images."""

from io import BytesIO

import png  # type: ignore[import-untyped]
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]
from qrcode.main import QRCode  # type: ignore[import-untyped]

from boxoffice.adapters.threads import Threads
from boxoffice.saga.timing import TimeBudget

_PIXELS_PER_MODULE = 8  # at one bit a pixel, every module of a line is exactly one byte
_QUIET_ZONE = 4  # modules; what the standard asks for around the code

# Trying all eight masks takes five times as long, and any of them can be read.
_MASK = 2


class QrImages:
    """The port `TicketImages`. Drawing takes milliseconds, which a thread keeps off the event loop."""

    def __init__(self, threads: Threads, budget: TimeBudget) -> None:
        self._threads = threads
        self._budget = budget

    async def png(self, code: str) -> bytes:
        """See `TicketImages.png`."""
        return await self._threads.run(lambda: draw(code), self._budget)


def draw(code: str) -> bytes:
    """A black and white PNG of about 1 KB."""
    qr = QRCode(error_correction=ERROR_CORRECT_M, border=_QUIET_ZONE, mask_pattern=_MASK)
    qr.add_data(code)
    qr.make(fit=True)
    matrix: list[list[bool]] = qr.get_matrix()
    size = len(matrix) * _PIXELS_PER_MODULE
    packed = (
        bytes(0 if dark else 255 for dark in line) for line in matrix for _ in range(_PIXELS_PER_MODULE)
    )
    image = BytesIO()
    png.Writer(size, size, greyscale=True, bitdepth=1).write_packed(image, packed)
    return image.getvalue()
