"""What a terminal shows, as a picture, and what a camera reads from it."""
import subprocess

import pyte
from PIL import Image, ImageDraw

CELL = 8  # pixels wide; a cell is twice as high
MARGIN = 4 * CELL


def screen(text, columns=80, rows=60):
    """The lines of a terminal after it has got text."""
    terminal = pyte.Screen(columns, rows)
    pyte.Stream(terminal).feed(text)
    return [line.rstrip() for line in terminal.display]


def draw(lines, path, light=False):
    """A dark terminal with light blocks, or a light one with dark blocks."""
    ground, ink = (255, 0) if light else (0, 255)
    width = max(map(len, lines)) * CELL + 2 * MARGIN
    image = Image.new("L", (width, len(lines) * 2 * CELL + 2 * MARGIN), ground)
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        for column, char in enumerate(line):
            x, y = MARGIN + column * CELL, MARGIN + row * 2 * CELL
            if char in "█▀":
                pen.rectangle((x, y, x + CELL - 1, y + CELL - 1), fill=ink)
            if char in "█▄":
                pen.rectangle((x, y + CELL, x + CELL - 1, y + 2 * CELL - 1), fill=ink)
    image.save(path)


def qr_lines(lines):
    """The part of a screen that is the QR code."""
    return [line for line in lines if line and set(line) <= set("█▀▄ ")]


def read_qr(path):
    """The text of the QR code in a picture, None when there is none to see."""
    done = subprocess.run(["zbarimg", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or None
