"""Windows: a task of the Task Scheduler, made from an XML file that stays beside memsrv's own (schema version 1.2).

A task has no environment of its own: what the user moved by variables is set by the command itself.
"""

from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import platformdirs

from memsrv.errors import NoTimer
from memsrv.night.timer import Schedule
from memsrv.night.timer.mark import PLACE
from memsrv.night.timer.tool import said_by

TASK = "memsrv-night"

# Priority 8 is "below normal", and lowers the priority of memory and disk, too. MultipleInstancesPolicy: a look that
# finds another one going on is not started.
_XML = f"""\
<?xml version="1.0" encoding="UTF-16"?>
<!-- {PLACE} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>memsrv: look whether a night is due</Description></RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <StartBoundary>2000-01-01T00:00:00</StartBoundary>
      <Repetition><Interval>PT{{every}}M</Interval></Repetition>
    </TimeTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>8</Priority>
  </Settings>
  <Actions>
    <Exec>
      <Command>{{program}}</Command>
      <Arguments>{{arguments}}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


class TaskScheduler:
    name = "Task Scheduler task"
    encoding = "utf-16"
    advice = None

    def paths(self) -> tuple[Path, ...]:
        return (platformdirs.user_data_path("memsrv", appauthor=False) / f"{TASK}.xml",)

    def texts(self, schedule: Schedule) -> tuple[str, ...]:
        program, *arguments = schedule.command
        if schedule.environment:
            moved = " & ".join(f'set "{name}={value}"' for name, value in schedule.environment.items())
            line = " ".join(_quoted(word) for word in schedule.command)
            program, arguments = "cmd.exe", ["/d", "/s", "/c", f'"{moved} & {line}"']
        else:
            arguments = [_quoted(word) for word in arguments]
        return (_XML.format(every=schedule.every, program=escape(program), arguments=escape(" ".join(arguments))),)

    def check(self) -> None:
        said_by("schtasks", "/Query", "/FO", "LIST")

    def start(self) -> None:
        said_by("schtasks", "/Create", "/F", "/TN", TASK, "/XML", str(self.paths()[0]))

    def stop(self) -> None:
        said_by("schtasks", "/Delete", "/F", "/TN", TASK)

    def forget(self) -> None:
        """The task is gone with `stop`."""

    def giving(self, variable: str) -> str:
        return f"make {variable} a variable of your user account"

    def next(self) -> datetime | None:
        return None  # schtasks tells it in the words of the system's language


def _quoted(word: str) -> str:
    """A path of Windows holds no quotation mark, and its spaces need some."""
    if '"' in word:
        raise NoTimer(f"{word} has a quotation mark, which no task can hold; move it to another folder")
    return f'"{word}"' if set(word) & set(" &()[]{}^=;!'+,`~") else word  # cmd.exe takes these for its own
