"""The verbs of the night: look whether one is due, install its clock, say how it stands, and what one would do."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from memsrv.app.learning import Learning
from memsrv.app.remembering import Remembering
from memsrv.app.spending import Costing
from memsrv.consent import Act, Consent
from memsrv.environment import key_name, moved
from memsrv.errors import NoLogs, NoTimer
from memsrv.night import morning, tick, timer
from memsrv.night.conditions import Conditions, sense
from memsrv.night.due import Decision
from memsrv.night.journal import Journal, last_decision
from memsrv.night.plan import Built, Cost, Onto, Plan, built, counted, seconds, shape, training
from memsrv.night.presence import Presence
from memsrv.night.teaching import engaged
from memsrv.night.timer.command import candidates, crontab_line, proven
from memsrv.records import Kind, Memory
from memsrv.shapes import Memories
from memsrv_adapters.version import shelf_name

Progress = Callable[..., None]


@dataclass(frozen=True, slots=True)
class NightStanding:
    """The clock, the last look, and what the next would decide if it came now."""

    timer: timer.TimerStanding
    every_minutes: int
    hours: str
    last: Journal | None
    now: tuple[Decision, ...]


class Nights(Remembering, Costing, Learning):
    def look(self, *, project: str | None = None, progress: Progress = lambda *_: None) -> Journal:
        """What the timer calls: read the logs, decide, and let at most one project learn."""
        with suppress(NoLogs):  # no agent has worked here yet; what was saved by hand may still be learned
            self.read_unasked()
        presence = Presence(self._logs)
        came_back = presence.returned() if self.settings.night.idle_minutes else lambda: False
        journal = tick.look(self._night, self.store, self._conditions(presence), came_back, only=project, told=progress)
        self._note_standing()
        return journal

    def night(self) -> NightStanding:
        conditions = self._conditions(Presence(self._logs))
        return NightStanding(
            timer=timer.standing(timer.timer_of(), [self._schedule(command) for command in candidates()]),
            every_minutes=self.settings.night.every_minutes,
            hours=self.settings.night.hours,
            last=last_decision(self.home),
            now=tuple(tick.decisions(self._night, self.store, conditions)),
        )

    def install_night(self, *, dry_run: bool = False) -> timer.Change:
        """Write the clock, once its command is proven to start. NoTimer says what to give to cron instead."""
        schedule = self._schedule(proven(moved(self.home)))
        if dry_run:
            return timer.plan(timer.timer_of(), schedule)
        self.home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            done = timer.install(timer.timer_of(), schedule)
        except NoTimer as error:
            raise NoTimer(
                f"{error}. The same from cron: run `crontab -e` and add the line: {crontab_line(schedule)}"
            ) from error
        return replace(done, advice=" ".join(filter(None, (done.advice, self._advice_on_key()))) or None)

    def _advice_on_key(self) -> str | None:
        """A key stays in the shell that it was exported in, and is written into no timer."""
        hired = engaged(self.home, self.settings, None, may_lack=True)
        if hired is None or not (hired.key or hired.order.lacks):
            return None
        name = hired.order.name
        give = timer.timer_of().giving(key_name(name))
        return f"The timer does not know your key for {name}: nights go by rules alone until you {give}."

    def uninstall_night(self) -> timer.Change:
        return timer.uninstall(timer.timer_of())

    def short_term(self, *, project: str | None = None, kinds: Sequence[Kind] = ()) -> Memories:
        """What is still to be injected: what holds now, without what the live version answers from its weights."""
        scope = self._scope(project)
        kept: list[Memory] = []
        for name in self.visible.projects() if scope is None else [scope]:
            live = self.shelf.current(shelf_name(name))
            edited = morning.edits(self.store.reviews(name))
            kept += morning.short_term(self.visible.memories(name, kinds or None), live, edited).kept
        return Memories(tuple(kept))

    def plan(
        self,
        *,
        project: str | None = None,
        base: str | None = None,
        teacher: str | None = None,
        strategy: str | None = None,
        preset: str | None = None,
        extend: bool = False,
    ) -> Plan:
        """What `consolidate` would do now; nothing is written."""
        known = self.facts(project=project)
        chosen, way = base or self.settings.base, strategy or self.settings.strategy
        named = preset or self.settings.preset or None
        how, onto = Built(), None
        if extend:
            how, path = built(self.shelf, known.project, chosen, self.home.models, way, named)
            earlier = [str(run.conversations_file) for run in self._night.folders(known.project)]
            onto = Onto(path, earlier, self.settings.replay) if path else None
        sized = shape(chosen, self.home.models)
        made = training(known.facts, chosen, way, self._night.policy, sized, onto, named)
        trained_on, by_kind, _, _ = counted(made.facts)
        _, _, by_trust, waiting = counted(known.facts)
        allowed = Consent(self.settings).allows(Act.TRAIN, project=known.project)
        now = tick.decisions(self._night, self.store, self._conditions(Presence(self._logs)), known.project)
        return Plan(
            project=known.project,
            base=chosen,
            facts=known.facts,
            left_out=known.left_out,
            learned=known.learned,
            built=how,
            trainable=trained_on,
            by_kind=by_kind,
            by_trust=by_trust,
            conversations=made.conversations,
            replayed=made.replayed,
            seconds=seconds(self._night.folders(), chosen, way, made.conversations),
            expected=made.expected,
            cost=self._cost(teacher),
            waiting=waiting,
            consent=allowed,
            night=next((one for one in now if one.project == known.project), None),
        )

    def _cost(self, teacher: str | None) -> Cost:
        """What `teacher` may cost at most: what is left of today. UsageError where it cannot be asked at all."""
        hired = engaged(self.home, self.settings, teacher)
        if hired is None:
            return Cost("rules", 0, 0.0)
        left, order = self.cost().left, hired.order
        free = not (order.usd_per_million_input or order.usd_per_million_output)
        return Cost(order.name, left.tokens, 0.0 if free else left.usd)

    def _conditions(self, presence: Presence) -> Conditions:
        return sense(self.home, presence.idle_s(), datetime.now().astimezone())

    def _schedule(self, command: tuple[str, ...]) -> timer.Schedule:
        return timer.Schedule(
            command=command,
            environment=moved(self.home),
            every=self.settings.night.every_minutes,
            log=self.home.logs / "night.log",
        )

    def _logs(self) -> set[Path]:
        """Every log that an agent writes: those that are known, and those that came since."""
        return {log.path for log in self.logs()} | {Path(file.path) for file in self.store.files()}
