"""Which directions an adapter reads: those that questions for the facts move and other text does not.

LoRA adds B·A·x to what a layer makes of x. Here A is not learned: its rows are the directions in which x varies most
over the facts' questions, as measured by how it varies over everything else - unknowns, and contexts that are read:

    maximise  a·C(facts)·a / a·C(others)·a        (a generalised eigenproblem; C: second moments of x)

so that B can say much about the facts and little about the rest, without examples that protect it. Related: edits in
a null space (AlphaEdit, arXiv:2410.02355), inverse covariance (ROME, arXiv:2202.05262), A from data (EVA,
arXiv:2410.07170). Costs a forward pass over the examples, and a d × d matrix a layer: for small bases. torch is
imported inside.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from memsrv_consolidation import together
from memsrv_consolidation.answering import BASE
from memsrv_consolidation.strategies.sft import Pupil
from memsrv_consolidation.strategies.teacher import Lesson
from memsrv_consolidation.strategies.tokens import padded

#: How much unknowns count among what is not to be moved; the rest is contexts, in their whole and where they answer.
UNKNOWN, WHOLE, ANSWERS = 0.4, 0.24, 0.36
#: Added to what is not to be moved, as a share of its mean: directions that nothing moves are no direction.
RIDGE = 0.01
_BATCH = 32


def fixed(pupil: Pupil, lessons: Sequence[Lesson]) -> Pupil:
    """`pupil` with every A set so and no longer learned. Where there are only facts, or none, nothing is changed."""
    facts = [one for one in lessons if one.about == "fact"]
    unknown = [one for one in lessons if one.about == "unknown"]
    memory = [one for one in lessons if one.about == "memory"]
    if not facts or not (unknown or memory):
        return pupil
    moved = _moments(pupil, facts, lambda one: range(len(one.tokens.ids)))
    parts = [
        (share, _moments(pupil, some, places))
        for share, some, places in (
            (UNKNOWN, unknown, lambda one: range(len(one.tokens.ids))),
            (WHOLE, memory, lambda one: range(len(one.tokens.ids))),
            (ANSWERS, memory, lambda one: one.tokens.learned),
        )
        if some
    ]
    before = dict(pupil.before)
    for name, module in _modules(pupil.model).items():
        others = sum(share * found[name] for share, found in parts) / sum(share for share, _ in parts)
        a = module.lora_A["default"].weight
        _set(a, moved[name], others)
        together.same(a)
        a.requires_grad_(False)
        before[name] = (a.detach().clone(), before[name][1])
    trained = sum(p.numel() for p in pupil.model.parameters() if p.requires_grad)
    return replace(pupil, before=before, trained=trained)


def _set(a: Any, facts: Any, others: Any) -> None:
    """`a` (rank × width) gets the best directions, at the size that it had over the facts."""
    import torch

    with torch.no_grad():
        width = others.shape[0]
        floor = RIDGE * others.trace() / width * torch.eye(width, dtype=others.dtype)
        inverse = torch.linalg.inv(torch.linalg.cholesky(others + floor))
        _, directions = torch.linalg.eigh(inverse @ facts @ inverse.T)
        rows = (inverse.T @ directions[:, -min(a.shape) :]).T  # no more directions than the layer has
        old = (a.double().cpu() @ facts @ a.double().cpu().T).trace()
        a.zero_()
        a[: len(rows)] = (rows * (old / (rows @ facts @ rows.T).trace()).sqrt()).to(a)


def _modules(model: Any) -> dict[str, Any]:
    return {name: module for name, module in model.named_modules() if "default" in getattr(module, "lora_A", {})}


def _moments(pupil: Pupil, lessons: Sequence[Lesson], places: Callable[[Lesson], Sequence[int]]) -> dict[str, Any]:
    """The second moments of what goes into each adapted layer of the base, over these places of these lessons."""
    import torch

    modules = _modules(pupil.model)
    sums = {name: torch.zeros(module.in_features, module.in_features).double() for name, module in modules.items()}
    chosen = torch.zeros(0)

    def watch(name: str) -> Callable[[Any, tuple[Any, ...]], None]:
        def seen(_: Any, given: tuple[Any, ...]) -> None:
            x = given[0].detach().float()[chosen]
            sums[name] += (x.T @ x).double().cpu()

        return seen

    hooks = [module.register_forward_pre_hook(watch(name)) for name, module in modules.items()]
    count = 0
    ordered = sorted(lessons, key=lambda one: len(one.tokens.ids))
    with torch.no_grad(), pupil.respondents.speaking(BASE) as model:
        model.eval()
        for start in range(0, len(ordered), _BATCH):
            some = ordered[start : start + _BATCH]
            ids, mask = padded([one.tokens for one in some], pupil.tokenizer.pad_token_id)
            chosen = torch.zeros_like(mask)
            for row, one in enumerate(some):
                chosen[row, list(places(one))] = True
            kind = pupil.device.kind
            chosen = chosen.to(kind)
            count += int(chosen.sum())
            model(input_ids=ids.to(kind), attention_mask=mask.long().to(kind))
    for hook in hooks:
        hook.remove()
    return {name: found / max(1, count) for name, found in sums.items()}
