"""The looks of a training: when they are taken, what they saw, and the best state of the adapter, kept on disk.

A look that was taken before a kill is not taken again. Knows the trainer's callbacks, not its loss.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from memsrv_consolidation import together
from memsrv_consolidation.answering import BASE
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.run import read_json, write_json
from memsrv_consolidation.strategies import selection
from memsrv_consolidation.strategies.selection import Asks, Look
from memsrv_consolidation.strategies.sft import Pupil

#: The name that peft gives an adapter while it is trained.
STUDENT = "default"


class Looks:
    """What was seen of one training, all its rounds together."""

    def __init__(self, pupil: Pupil, kept: Path, asks: Asks) -> None:
        self._pupil, self._kept, self._asks = pupil, kept, asks
        self._file = kept / "looks.json"
        rows = together.agreed(read_json(self._file)["looks"] if self._file.exists() else [])
        self._looks = [Look(**row) for row in rows]
        if not self._looks:
            self._take(0, 0, 0.0, BASE)

    @property
    def base(self) -> Look:
        return self._looks[0]

    @property
    def best(self) -> Look:
        return selection.chosen(self._looks[1:], self.base, len(self._asks.recall))

    def callback(self, number: int, steps: int, recipe: Recipe) -> Any:
        """Takes a look every `select_each` epochs of a round, and at its end."""
        from transformers import TrainerCallback

        looks = self
        each = max(1, round(steps / recipe.epochs * recipe.select_each))

        class Looking(TrainerCallback):
            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                step = state.global_step
                near_end = steps - each // 2 <= step < steps  # the look at the end is near enough
                if step == steps or (step % each == 0 and not near_end):
                    looks.take(number, step, step / steps * recipe.epochs)

        return Looking()

    def take(self, number: int, step: int, epoch: float) -> None:
        """Look at the adapter as it stands."""
        if not any((one.round, one.step) == (number, step) for one in self._looks):
            self._take(number, step, epoch, STUDENT)

    def restore_best(self) -> None:
        """Give the adapter the weights of the best state."""
        from peft import set_peft_model_state_dict
        from safetensors.torch import load_file

        set_peft_model_state_dict(self._pupil.model, load_file(self._state(self.best)), adapter_name=STUDENT)

    def told(self) -> dict[str, Any]:
        """The trajectory, which state was kept, and how cross-entropy goes with accuracy."""
        return {
            "selection": [asdict(one) for one in self._looks],
            "chosen": asdict(self.best),
            "correlation": selection.correlation(self._looks[1:]),
        }

    def _take(self, number: int, step: int, epoch: float, name: str) -> None:
        one = together.agreed(selection.look(self._asks, self._pupil, name, number, step, epoch))
        self._looks.append(one)
        if together.first():
            self._keep(one, name)
        together.agreed(None)  # the best state is there before anyone may want it

    def _keep(self, one: Look, name: str) -> None:
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        if name == STUDENT:
            part = self._state(one).with_suffix(".part")
            state = get_peft_model_state_dict(self._pupil.model, adapter_name=STUDENT)
            save_file({key: value.contiguous() for key, value in state.items()}, part)
            part.rename(self._state(one))
        self._kept.mkdir(parents=True, exist_ok=True)
        write_json(self._file, {"looks": [asdict(one) for one in self._looks]})
        for file in self._kept.glob("state-*.safetensors"):
            if file != self._state(self.best):
                file.unlink()

    def _state(self, one: Look) -> Path:
        return self._kept / f"state-{one.round}-{one.step}.safetensors"
