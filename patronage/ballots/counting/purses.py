"""Who has paid for the same things and so holds the same money, in the method of equal shares.

Nothing here depends on how much money there is, so what was found out for one run serves the next one, as far as both
choose the same topics in the same order.
"""

from collections import Counter, defaultdict

from patronage.ballots.counting.profile import Profile


class Purses:
    """Classes of ballots in groups, by which of the topics chosen so far (the `path`, as places) they ticked.

    Group 0 has paid for nothing. With every choice each group that has voters of the topic loses them to a new group;
    groups are numbered in the order in which they arise, and `payers[step]` names those that were split then.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.path: list[int] = []
        self.payers: list[list[int]] = []
        self._group = [0] * len(profile.counts)
        self._parent = [0]
        self._all_single = all(ballots == 1 for ballots in profile.counts)
        self._sizes = [1]  # how many groups there were before each step
        self._known: list[dict[int, tuple[tuple[int, ...], tuple[int, ...]]]] = [{}]

    def choose(self, step: int, place: int) -> list[int]:
        """Choose `place` in `step`, taking back what another run chose then; return the groups that pay for it."""
        if self.path[step : step + 1] != [place]:
            while len(self.path) > step:
                self._take_back()
            self._split(place)
        return self.payers[step]

    def of(self, step: int, place: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return who ticked `place`: the groups, of those there were before `step`, and how many of each."""
        known = self._known[step]
        if place not in known:
            groups = self._looked_up(step, place)
            known[place] = (tuple(groups), tuple(groups.values()))
        return known[place]

    def _looked_up(self, step: int, place: int) -> dict[int, int]:
        holders = self.profile.holders[place]
        groups = map(self._group.__getitem__, holders)
        if self._all_single:  # counted in C, twice as fast
            now: Counter[int] = Counter(groups)
        else:
            now = Counter()
            for group, ballots in zip(groups, map(self.profile.counts.__getitem__, holders), strict=True):
                now[group] += ballots
        if step == len(self.path):
            return dict(sorted(now.items()))
        then: defaultdict[int, int] = defaultdict(int)
        for one, ballots in now.items():
            then[self._ancestor(one, self._sizes[step])] += ballots
        return dict(sorted(then.items()))

    def _ancestor(self, group: int, before: int) -> int:
        while group >= before:
            group = self._parent[group]
        return group

    def _split(self, place: int) -> None:
        group, new = self._group, len(self._parent)
        split: dict[int, int] = {}
        for number in self.profile.holders[place]:
            group[number] = split.setdefault(group[number], new + len(split))
        self.path.append(place)
        self.payers.append(list(split))
        self._parent += split
        self._sizes.append(len(self._parent))
        self._known.append({})

    def _take_back(self) -> None:
        group, parent = self._group, self._parent
        for number in self.profile.holders[self.path.pop()]:
            group[number] = parent[group[number]]
        self.payers.pop()
        self._sizes.pop()
        self._known.pop()
        del parent[self._sizes[-1] :]
