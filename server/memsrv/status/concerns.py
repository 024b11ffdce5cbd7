"""What needs a person's attention, from the figures alone: each with what to do about it, the most urgent first."""

from collections.abc import Callable, Iterator

from memsrv.disk import MIB, REMEDY
from memsrv.plurals import counted
from memsrv.status.figures import DATABASE, VERSIONS, Concern, Standing

#: A log that is behind is no concern while somebody watches, unless it has been so long (two rescans, by default).
PATIENCE_S = 60.0
#: From this share on, unreadable lines are no accident of a crash: the format has changed.
MANY = 0.01


def concerns(standing: Standing) -> tuple[Concern, ...]:
    """Everything that is not as it should be."""
    return tuple(concern for look in _LOOKS for concern in look(standing))


def _reading(s: Standing) -> Iterator[Concern]:
    if (
        not s.events
        and DATABASE not in s.not_read
        and all(consent.capture and consent.recall for consent in s.consents)
    ):
        yield Concern("nothing has been read yet", "run `memsrv ingest` to read the agents' logs")
    if s.watch.left_logs:
        left = f"({s.watch.left_bytes // MIB} MiB)"
        yield Concern(
            f"{counted(s.watch.left_logs, f'older log {left} is', f'older logs {left} are')} not read unasked",
            "`memsrv ingest` says how long they take and reads them, with `--since 30d` the newer ones alone",
        )
    if unplaced := {one.agent: one.unplaced for one in s.agents if one.unplaced}:
        whose = ", ".join(unplaced)
        yield Concern(
            counted(
                sum(unplaced.values()),
                f"session of {whose} does not say where it was held, and waits, "
                "as a project may not be read: it may be of it",
                f"sessions of {whose} do not say where they were held, and wait, "
                "as a project may not be read: they may be of it",
            ),
            "`memsrv config set projects.unknown.capture true` reads them",
        )
    if unreadable := sum(source.unreadable for source in s.sources):
        worst = max(s.sources, key=lambda source: source.unreadable)
        shares = [f"{one.unreadable_share:.1%} of {one.agent}" for one in s.agents if one.unreadable_share >= MANY]
        much = f" ({', '.join(shares)})" if shares else ""
        most = f", {worst.unreadable} of them" if worst.unreadable < unreadable else ""
        yield Concern(
            f"{counted(unreadable, 'line')} could not be read{much}{most} in {worst.path}",
            "nothing is lost while the logs are there; update memsrv and ingest again, or report the format",
        )
    late = [x for x in s.sources if x.behind and (not s.watch.watching or (x.lag_s or 0) > PATIENCE_S)]
    if late:
        yield Concern(
            f"{counted(len(late), 'log has', 'logs have')} grown by {sum(source.behind or 0 for source in late)} bytes",
            f"end process {s.watch.pid} (`kill -9`), which watches and does not get on: another takes over"
            if s.watch.watching
            else "run `memsrv ingest` to read them, or leave `memsrv watch` running",
        )


def _processes(s: Standing) -> Iterator[Concern]:
    if s.watch.last_error:
        yield Concern(f"the watch met a problem: {s.watch.last_error}", "it goes on; see `memsrv status` again later")
    if s.watch.outdated:
        yield Concern(
            f"process {s.watch.pid} watches with memsrv {s.watch.version}, and this is {s.version}",
            "close the IDE window that started it, or end `memsrv watch` and start it again",
        )
    if s.mcp.version and s.mcp.version != s.version:
        yield Concern(
            f"process {s.mcp.pid} serves MCP over HTTP with memsrv {s.mcp.version}, and this is {s.version}",
            "end `memsrv serve --http` and start it again",
        )


def _spending(s: Standing) -> Iterator[Concern]:
    for teacher in s.spend.overcharged:
        yield Concern(
            f"{teacher} claimed more than its calls could have cost; nothing more is sent to it today (UTC)",
            "look at your bill, and at the setting `teacher.url`",
        )
    spent = s.spend.tokens >= s.spend.tokens_per_day or s.spend.usd >= s.spend.usd_per_day
    if s.spend.teacher != "rules" and s.spend.calls and spent:
        yield Concern(
            f"today's budget is spent: {s.spend.tokens} tokens, ${s.spend.usd:.2f}",
            "rules go on without the teacher until midnight UTC; `memsrv cost` shows on what, "
            "`memsrv config set teacher.tokens_per_day` or `.usd_per_day` allows more",
        )


def _disk(s: Standing) -> Iterator[Concern]:
    if s.disk.limit_mib and s.disk.total > s.disk.limit_mib * MIB:
        yield Concern(
            f"memsrv takes {s.disk.total // MIB} MiB of disk, and may take {s.disk.limit_mib} (`keep.disk_mib`)", REMEDY
        )


def _learning(s: Standing) -> Iterator[Concern]:
    last = s.runs[0] if s.runs else None
    if last and last.state in ("failed", "interrupted"):
        yield Concern(
            f"the last consolidation, {last.id}, was {last.state}", f"run `memsrv consolidate --resume {last.id}`"
        )
    if last and last.unaided:
        yield Concern(
            f"the last consolidation, {last.id}, went by rules alone: {last.unaided}",
            "see `memsrv runs show`; a timer has no key until it is given one: `memsrv night install` says how",
        )
    if last and last.verdict == "refuse":
        yield Concern(
            f"the gate refused the last consolidation: {last.reason}",
            f"see `memsrv runs show {last.id}`; what was live stays live",
        )
    tainted = [version.version for version in s.adapters.versions if version.state == "tainted"]
    live = s.adapters.live
    if live is not None and live.state == "tainted":
        yield Concern(
            f"{live.version} is live and learned something that was erased since, so it is no longer served",
            "run `memsrv consolidate` to learn the rest again",
        )
    elif s.memories.current and not live and VERSIONS not in s.not_read and not (last and last.state == "running"):
        gone = f", and {', '.join(tainted)} learned what was erased since" if tainted else ""
        yield Concern(f"no adapter is live{gone}", "run `memsrv consolidate` to learn from what is remembered")
    if s.memories.waiting:
        yield Concern(
            counted(
                s.memories.waiting,
                "memory is not a person's words and is not trained on until one reads it",
                "memories are not a person's words and are not trained on until one reads them",
            ),
            "see `memsrv facts --waiting`",
        )


_LOOKS: tuple[Callable[[Standing], Iterator[Concern]], ...] = (_reading, _processes, _spending, _disk, _learning)
