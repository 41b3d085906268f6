"""One passage through the code with a block of lanes, and how the lanes part."""

from collections.abc import Callable, Iterable
from typing import Any

from convcost.lanes.columns import Column, Sizes, Store


class Split(Exception):  # noqa: N818 - no error: the lanes part here
    """Lanes answer a question in different ways, or one number is wanted of lanes that have several.

    ``groups`` are the places of those that go on together, with their answer, or None where they were not asked.
    """

    def __init__(self, groups: Iterable[tuple[Column, bool | None]]) -> None:
        super().__init__("lanes part")
        self.groups = groups


class Run:
    """One passage through the code with some lanes: what was asked so far, and what was computed.

    ``answers`` to the first questions are known from the passage in which the lanes parted.
    """

    __slots__ = ("answers", "asked", "memo", "sizes", "store")

    def __init__(self, store: Store, sizes: Sizes, answers: tuple[bool, ...] = ()) -> None:
        self.store, self.sizes, self.answers, self.asked = store, sizes, list(answers), 0
        self.memo: dict[Any, Any] = {}

    def ask(self, truth: Callable[[], Column]) -> bool:
        """Whether something is true for all lanes or for none; else they part."""
        if self.asked == len(self.answers):
            mask = truth()
            agreed = self.store.agreed(mask)
            if agreed is None:
                yes, no = self.store.split(mask, self.sizes)
                raise Split(((yes, True), (no, False)))
            self.answers.append(agreed)
        self.asked += 1
        return self.answers[self.asked - 1]
