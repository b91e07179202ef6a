"""What goes wrong, by chance, in the places that ask."""

from dataclasses import dataclass
from random import Random

from payymo_api.core.db import DatabaseUnavailable
from tests.simulation.timeline import Timeline


@dataclass
class Faults:
    """Shares of 1; all of them count for nothing while `on` is False."""

    timeline: Timeline
    chance: Random
    kill: float
    outage: float
    bank: float
    sink: float
    drop: float
    double: float
    stall: float
    on: bool = False

    @classmethod
    def by(cls, timeline: Timeline) -> "Faults":
        """Some seeds are calm, some are rough; each has its own mixture."""
        chance = timeline.chance
        rough = chance.choice([0.3, 1.0, 2.0])
        return cls(
            timeline=timeline,
            chance=chance,
            kill=0.01 * rough * chance.random(),
            outage=0.01 * rough * chance.random(),
            bank=0.2 * rough * chance.random(),
            sink=0.2 * rough * chance.random(),
            drop=0.15 * rough * chance.random(),
            double=0.15 * rough * chance.random(),
            stall=0.03 * rough * chance.random(),
        )

    def happens(self, share: float) -> bool:
        return self.on and self.chance.random() < share

    def may_kill(self) -> None:
        if self.happens(self.kill):
            self.timeline.kill()

    def strike(self) -> None:
        """Kill the process here, or take the database away from it."""
        self.may_kill()
        if self.happens(self.outage):
            raise DatabaseUnavailable("The database did not answer.", retry_after=2)

    def delay(self, usual: float) -> float:
        """Return seconds: a little, or, of a process that hangs, longer than any lease."""
        if self.happens(self.stall):
            return self.chance.uniform(20, 90)
        return self.chance.uniform(0, usual)
