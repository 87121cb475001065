# SPDX-License-Identifier: Apache-2.0
"""Two ways to measure one thing, held against each other: in turns, so that what befalls the machine befalls
both, and as often as was decided before anything was seen."""

import random
import statistics

RESAMPLES = 2000


def measure(rounds, ours, theirs):
    """The values of either side; who goes first changes with each round."""
    values = {ours: [], theirs: []}
    for turn in range(rounds):
        for side in (ours, theirs) if turn % 2 == 0 else (theirs, ours):
            values[side].append(side())
    return values[ours], values[theirs]


class Ratio:
    """The ratio of the medians, and its 95 % interval by resampling rounds."""

    def __init__(self, ours, theirs):
        self.ours = statistics.median(ours)
        self.theirs = statistics.median(theirs)
        self.value = self.ours / self.theirs
        chance = random.Random(20240229)
        rounds = list(zip(ours, theirs, strict=True))
        ratios = []
        for _ in range(RESAMPLES):
            drawn = chance.choices(rounds, k=len(rounds))
            ratios.append(statistics.median(x for x, _ in drawn) /
                          statistics.median(y for _, y in drawn))
        ratios.sort()
        self.low = ratios[int(RESAMPLES * 0.025)]
        self.high = ratios[int(RESAMPLES * 0.975) - 1]

    def within(self, share):
        return abs(self.value - 1) <= share

    def could_be_within(self, share):
        """Whether the interval reaches into the range and out of it: then nothing is known."""
        return self.low <= 1 + share and self.high >= 1 - share

    def __str__(self):
        return (f"{self.ours:.4g} against {self.theirs:.4g} ns: "
                f"ratio {self.value:.3f}, 95 % interval {self.low:.3f} to {self.high:.3f}")
