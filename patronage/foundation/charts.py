"""Geometry of charts: numbers in, points and bars out; templates draw them as SVG beside their table."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 4, 72, 16, 26  # the scale is written at the right, the labels beneath
LABEL = 100  # as wide as a label may be on a phone
STEPS = (1, 2, 5, 10)


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, in its units; `label` stands beneath it, empty where there is no room."""

    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A chart of WIDTH × HEIGHT units: bars above and below the line `zero`, and lines of a scale with their values."""

    above: tuple[Bar, ...]
    below: tuple[Bar, ...]
    zero: float
    scale: tuple[tuple[float, int], ...]
    width: int = WIDTH
    height: int = HEIGHT


def columns(labels: Sequence[str], above: Sequence[int], below: Sequence[int] = ()) -> Chart:
    """Return a chart of one column for each label: `above` upwards, `below` (as positive numbers) downwards."""
    highest, deepest = max([*above, 1]), max([*below, 0])
    drawn = HEIGHT - TOP - BOTTOM
    unit = drawn / (highest + deepest)
    zero = round(TOP + highest * unit, 1)
    place = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    every = max(1, -(-len(labels) * LABEL // WIDTH))
    named = [label if (len(labels) - 1 - number) % every == 0 else "" for number, label in enumerate(labels)]

    def bars(values: Sequence[int], *, up: bool) -> tuple[Bar, ...]:
        heights = [round(value * unit, 1) for value in values]
        return tuple(
            Bar(
                round(LEFT + number * place + place * 0.15, 1), round(zero - height, 1) if up else zero,
                round(place * 0.7, 1), height, named[number],
            )
            for number, height in enumerate(heights)
        )  # fmt: skip

    scale = [(round(zero - value * unit, 1), value) for value in _scale(highest)]
    return Chart(bars(above, up=True), bars(below, up=False), zero, tuple(scale))


def _scale(highest: int) -> list[int]:
    """Return two to five round numbers up to `highest`, smallest first."""
    power = 10 ** (len(str(highest)) - 1)
    for step in (power * each // 10 for each in (*STEPS, 20, 50, 100)):
        if step and highest // step <= 4:  # more lines would make it restless
            return list(range(step, highest + 1, step))
    return [highest]
