"""What stands in the way of an image, found out before anything is built or sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`check` is one word for what was looked at, `reason` one sentence, `remedy` the next step."""

    check: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look around brought: what stands in the way, and what one should know all the same."""

    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Findings") -> "Findings":
        return Findings(self.obstacles + other.obstacles, self.notes + other.notes)


def stands_in_the_way(check: str, reason: str, remedy: str) -> Findings:
    """One obstacle."""
    return Findings((Obstacle(check, reason, remedy),))
