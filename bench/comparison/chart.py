"""The results as bars: how many times better than upstream, on a logarithmic scale."""

import math
from xml.sax.saxutils import escape

ROW = 22
LABEL = 360
BARS = 400
RIGHT = 70
TOP = 48
BETTER, WORSE, GRID, TEXT = "#2a78b5", "#c4572f", "#d7d7d7", "#333333"


def svg(results):
    rows = [row for row in results.rows.values() if row.gain]
    gains = [row.gain for row in rows]
    low = min(-1, math.floor(math.log10(min(gains, default=1))))
    high = max(1, math.ceil(math.log10(max(gains, default=1))))
    width, height = LABEL + BARS + RIGHT, TOP + ROW * len(rows) + 12

    def place(gain):
        return LABEL + (math.log10(gain) - low) / (high - low) * BARS

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12" fill="{TEXT}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="8" y="18" font-size="14" font-weight="bold">How many times better than libvirtd</text>',
    ]
    for power in range(low, high + 1):
        x = place(10.0 ** power)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 8}" stroke="{TEXT if power == 0 else GRID}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 12}" text-anchor="middle">{10.0 ** power:g}x</text>')
    for index, row in enumerate(rows):
        y = TOP + index * ROW
        start, end = sorted((place(1), place(row.gain)))
        parts.append(f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(row.title)}</text>')
        parts.append(f'<rect x="{start:.1f}" y="{y + 4}" width="{max(end - start, 1):.1f}" height="{ROW - 8}" fill="{BETTER if row.gain >= 1 else WORSE}"/>')
        parts.append(f'<text x="{max(end, place(1)) + 6:.1f}" y="{y + 15}">{row.gain:.3g}x</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
