"""What may be done with whose sessions: capture, recall and train, each by project and by source (design §4).

Capture and recall are allowed until somebody says no; training is not, until the project was asked for. Where project
and source disagree, no wins. Knows the settings, and nothing of what is read, recalled or trained.
"""

from dataclasses import dataclass
from enum import StrEnum

from memsrv.errors import NothingConsented
from memsrv.settings import UNSAID, Allowed, Settings


class Act(StrEnum):
    CAPTURE = "capture"  # read its logs into the store
    RECALL = "recall"  # give it back: search, show, list, compact, answer
    TRAIN = "train"  # let it shape weights


class Answer(StrEnum):
    """What a person says when asked. `yes` and `never` are remembered; after `no` they are asked again next time."""

    YES = "yes"
    NO = "no"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Consent:
    settings: Settings

    def allows(self, act: Act, *, project: str | None = None, agent: str | None = None) -> bool:
        """Whether `act` is allowed for sessions of `project` written by `agent`; None: whichever there are."""
        return self.denied_by(act, project=project, agent=agent) is None

    def denied_by(self, act: Act, *, project: str | None = None, agent: str | None = None) -> str | None:
        """The key that says no (`sources.codex.recall`), whether it was set or stands at its default; None: allowed."""
        for section, name in (("sources", agent), ("projects", project)):
            said = self.said(act, section, name)
            if name is not None and not (UNSAID[section][act] if said is None else said):
                return f"{section}.{name}.{act}"
        return None

    def said(self, act: Act, section: str, name: str | None) -> bool | None:
        """What somebody said of `act` for the project or source called `name`; None: nothing yet."""
        allowed: Allowed | None = getattr(self.settings, section).get(name or "")
        value: bool | None = getattr(allowed, act, None)
        return value

    def refused(self, act: Act, section: str) -> tuple[str, ...]:
        """The projects, or sources, of which somebody said no to `act`."""
        return tuple(name for name in getattr(self.settings, section) if self.said(act, section, name) is False)

    def require(self, act: Act, *, project: str | None = None, agent: str | None = None) -> None:
        """NothingConsented, with the command that would allow it."""
        key = self.denied_by(act, project=project, agent=agent)
        if key is None:
            return
        section, _, rest = key.partition(".")
        name = rest.rpartition(".")[0]
        if act is Act.TRAIN and self.said(act, section, name) is None:
            raise NothingConsented(
                f"training on {name} has not been allowed; run `memsrv consolidate --project {name}` "
                "and say yes, or give --yes"
            )
        raise NothingConsented(f"{act} of {name} is not allowed; allow it with `memsrv config set {key} true`")
