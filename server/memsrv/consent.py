"""What may be done with whose sessions: capture, recall and train, each by project and by source (design §4).

Capture and recall are allowed until somebody says no; training is not, until the project was asked for. Where project
and source disagree, no wins. Knows the settings, and nothing of what is read, recalled or trained.
"""

from dataclasses import dataclass
from enum import StrEnum

from memsrv.errors import NothingConsented
from memsrv.settings import Allowed, Settings


class Act(StrEnum):
    CAPTURE = "capture"  # read its logs into the store
    RECALL = "recall"  # give it back: search, show, list, compact, answer
    TRAIN = "train"  # let it shape weights


@dataclass(frozen=True, slots=True)
class Consent:
    settings: Settings

    def allows(self, act: Act, *, project: str | None = None, agent: str | None = None) -> bool:
        """Whether `act` is allowed for sessions of `project` written by `agent`; None: whichever there are."""
        by_project = self._said(self.settings.projects.get(project or ""), act)
        by_source = self._said(self.settings.sources.get(agent or ""), act)
        if by_project is None:
            by_project = act is not Act.TRAIN or project is None
        return by_project and by_source is not False

    def require(self, act: Act, *, project: str | None = None, agent: str | None = None) -> None:
        """NothingConsented, with the command that would allow it."""
        if not self.allows(act, project=project, agent=agent):
            denied = agent if self._said(self.settings.sources.get(agent or ""), act) is False else None
            key = f"sources.{denied}.{act}" if denied else f"projects.{project}.{act}"
            raise NothingConsented(
                f"{act} of {denied or project} is not allowed; allow it with `memsrv config set {key} true`"
            )

    @staticmethod
    def _said(allowed: Allowed | None, act: Act) -> bool | None:
        value: bool | None = getattr(allowed, act, None)
        return value
