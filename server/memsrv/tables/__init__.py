"""Each command's result, as a person reads it: rendered from the same JSON shape that `--json` prints (design §8).

Knows the shapes only; where they come from is the business of `memsrv.app`.
"""

from memsrv.tables.ageing import ageing, erasing
from memsrv.tables.benches import answering, compacting, ingesting, recalling, redaction, remembered
from memsrv.tables.benches import serving as serving_bench
from memsrv.tables.cells import record
from memsrv.tables.configuring import configuration, configured, setting
from memsrv.tables.housekeeping import cleared, forgotten, forgotten_on_stderr
from memsrv.tables.ladder import ladder
from memsrv.tables.laying import context, long_term
from memsrv.tables.learning import report, runs
from memsrv.tables.nights import looked, night, plan, timer_removed, timer_written
from memsrv.tables.projects import placed, placed_on_stderr, projects
from memsrv.tables.remembering import backlog, compacted, found, ingested, memories, shown
from memsrv.tables.reporting import worth
from memsrv.tables.retention import retention, retention_work
from memsrv.tables.reviewing import facts, reviewed, waiting
from memsrv.tables.revising import audited, audited_whole, conflicts, resolved
from memsrv.tables.serving import answer, endpoint, mcp
from memsrv.tables.spending import cost
from memsrv.tables.standing import examined, standing
from memsrv.tables.training import guard, reading, training
from memsrv.tables.versions import adapters, difference, manifest

saved = pointers = record

__all__ = [
    "adapters", "ageing", "answer", "answering", "audited", "audited_whole", "backlog", "cleared", "compacted",
    "compacting",
    "configuration", "configured", "conflicts", "context",
    "cost", "difference", "endpoint", "erasing", "examined",
    "facts", "forgotten", "forgotten_on_stderr", "found", "guard",
    "ingested", "ingesting", "ladder", "long_term", "looked",
    "manifest", "mcp",
    "memories", "night", "placed", "placed_on_stderr", "plan", "pointers", "projects",
    "reading", "recalling", "record", "redaction", "remembered", "report", "resolved", "retention",
    "retention_work", "reviewed", "runs", "saved",
    "serving_bench", "setting",
    "shown", "standing", "timer_removed", "timer_written", "training", "waiting", "worth",
]  # fmt: skip
