"""Small plots as SVG."""
import html
import math

COLOURS = ("#0b6e4f", "#66a182", "#b3541e", "#e8a26b", "#2f4b7c", "#8fa8d6")
STYLE = 'font-family="sans-serif" font-size="12"'


def page(width, height, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" {STYLE}>\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{body}</svg>\n')


def text(x, y, words, anchor="start", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{html.escape(words)}</text>\n'


def line(x1, y1, x2, y2, colour="#999", width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>\n')


def bars(title, unit, rows):
    """rows: (label, value, mark), on one logarithmic scale."""
    left, right, step, top = 240, 640, 24, 50
    low = min(v for _, v, _ in rows) / 1.5
    high = max(m for _, _, m in rows) * 1.1

    def at(v):
        return left + (right - left) * math.log(v / low) / math.log(high / low)

    body = text(10, 20, title, extra='font-weight="bold"') + text(10, 38, f"{unit}, logarithmic")
    for k, (label, value, mark) in enumerate(rows):
        y = top + k * step
        body += text(left - 8, y + 13, label, "end")
        body += (f'<rect x="{left}" y="{y}" width="{at(value) - left:.1f}" height="16" '
                 f'fill="{COLOURS[0] if "bastion" in label else COLOURS[4]}"/>\n')
        body += line(at(mark), y - 1, at(mark), y + 17, "#000", 2)
        body += text(right + 40, y + 13, f"{value:.2f}")
    return page(right + 100, top + len(rows) * step + 10, body)


def decades(low, high):
    return [10 ** k for k in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def lines(title, across, up, series):
    """series: label -> [(x, y)], both axes logarithmic."""
    left, right, top, bottom = 60, 480, 40, 330
    points = [p for ps in series.values() for p in ps]
    xs, ys = decades(1, max(x for x, _ in points)), decades(1, max(y for _, y in points))

    def at_x(x):
        return left + (right - left) * math.log(x / xs[0]) / math.log(xs[-1] / xs[0])

    def at_y(y):
        return bottom - (bottom - top) * math.log(y / ys[0]) / math.log(ys[-1] / ys[0])

    body = text(10, 20, title, extra='font-weight="bold"') + text(left, top - 6, up)
    body += text(right, bottom + 32, across, "end")
    for x in xs:
        body += line(at_x(x), top, at_x(x), bottom, "#ddd") + text(at_x(x), bottom + 16, f"{x:,}", "middle")
    for y in ys:
        body += line(left, at_y(y), right, at_y(y), "#ddd") + text(left - 6, at_y(y) + 4, f"{y:,}", "end")
    for k, (label, ps) in enumerate(series.items()):
        colour = COLOURS[k % len(COLOURS)]
        path = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in ps)
        body += f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>\n'
        for x, y in ps:
            body += f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3" fill="{colour}"/>\n'
        body += f'<rect x="{right + 20}" y="{top + k * 20}" width="12" height="12" fill="{colour}"/>\n'
        body += text(right + 38, top + k * 20 + 11, label)
    return page(right + 240, bottom + 44, body)
