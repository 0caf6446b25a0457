"""What was measured, row by row."""

import fnmatch
import math
import statistics


class Row:
    """One line of the table: samples of each server, one for each round."""

    def __init__(self, key, title, unit, lower_is_better=False, target=None):
        self.key = key
        self.title = title
        self.unit = unit
        self.lower_is_better = lower_is_better
        self.target = target
        self.samples = {}
        self.failure = None

    def median(self, server):
        values = self.samples.get(server)
        return statistics.median(values) if values else None

    @property
    def ratio(self):
        """Ours to upstream: the median over the rounds, each of which measured both one after the other."""
        pairs = [ours / upstream for ours, upstream in zip(self.samples.get("ours", []), self.samples.get("upstream", [])) if upstream]
        return statistics.median(pairs) if pairs else None

    @property
    def gain(self):
        """How many times better than upstream."""
        return 1 / self.ratio if self.lower_is_better and self.ratio else self.ratio

    @property
    def is_met(self):
        if self.target is None or self.ratio is None:
            return None
        return self.ratio <= self.target if self.lower_is_better else self.ratio >= self.target


class Results:
    """The rows in the order in which they are declared, those that the pattern selects."""

    def __init__(self, patterns):
        self._patterns = patterns
        self.rows = {}
        self.growth = {}
        self.watched = {}

    def declare(self, key, title, unit, lower_is_better=False, target=None):
        if self.wants(key) and key not in self.rows:
            self.rows[key] = Row(key, title, unit, lower_is_better, target)

    def wants(self, *keys):
        """Whether one of the keys is selected; a key may end in * itself."""
        if not self._patterns:
            return True
        return any(fnmatch.fnmatch(key, pattern) or fnmatch.fnmatch(pattern, key) for key in keys for pattern in self._patterns)

    def add(self, key, server, value):
        if key in self.rows:
            self.rows[key].samples.setdefault(server, []).append(value)

    def fail(self, key, server, reason):
        if key in self.rows:
            self.rows[key].failure = f"{server}: {reason}"

    def add_growth(self, what, server, size, seconds_per_item):
        self.growth.setdefault(what, {}).setdefault(server, {}).setdefault(size, []).append(seconds_per_item)

    def add_watched(self, how, calls_per_second):
        self.watched.setdefault(how, []).append(calls_per_second)


def exponent(costs):
    """The slope of the total cost over the size, both as logarithms: 1 is a flat cost for each item."""
    points = [(math.log(size), math.log(size * statistics.median(samples))) for size, samples in costs.items() if statistics.median(samples) > 0]
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope if len(points) > 1 else math.nan
