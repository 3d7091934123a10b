"""What rounds showed while the database could not be written: kept, and judged on, until it can (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.judge.changes import Step
from bot.model import ServiceState
from bot.model.cluster import Claim


@dataclass(frozen=True, slots=True)
class Unwritten:
    """What was judged of a service but not stored.

    `claim`: under which it was seen. `base`: the stored state from which it goes on. `first`: the step that could not
    be stored first; the database may have it nevertheless. `latest`: the latest state, with the changes of all steps.
    """

    claim: Claim | None
    base: ServiceState
    first: Step
    latest: Step

    def resumed(self, stored: ServiceState) -> Step:
        """The state to judge the next round from, and the changes that are still to be stored. Where somebody else has
        changed what is stored, as by an acknowledgement, only the streak goes on, so that an outage keeps its true start;
        a mute changes nothing of what was judged.
        """
        latest = replace(self.latest.state, mute=stored.mute)
        if self._is_base(stored):
            return Step(latest, self.latest.changes)
        if replace(stored, mute=self.first.state.mute) == self.first.state:
            return Step(latest, self.latest.changes[len(self.first.changes) :])
        return Step(replace(stored, streak=self.latest.state.streak))

    def then(self, latest: Step, stored: ServiceState) -> Unwritten:
        """With another step, judged from `resumed`."""
        return replace(self, latest=latest) if self._is_base(stored) else Unwritten(self.claim, stored, latest, latest)

    def _is_base(self, stored: ServiceState) -> bool:
        return replace(stored, mute=self.base.mute) == self.base
