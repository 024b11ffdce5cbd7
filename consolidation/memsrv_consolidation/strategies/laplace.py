"""What a change of the weights does to what the base says elsewhere, as a penalty that needs no examples in training.

Beside the facts' own loss stands, for every adapted layer, how much it would move the base's answers to unknowns and to
contexts that are read, to the second order:

    Σ over layers of tr(G · ΔW · C · ΔWᵀ),   ΔW = scale · B · A

C: second moments of the layer's inputs, G: of the gradients of the answers at its outputs, scaled to trace 1, both over
other lessons than the facts' (Laplace's approximation, Kronecker-factored: Martens & Grosse, arXiv:1503.05671; against
forgetting: Ritter, Botev & Barber, arXiv:1805.07810). The gradients are those of margins between the likeliest token
and another likely one: where the base is sure its likelihood has none, and yet can be moved. Every input counts by how
much its output matters. Costs one pass back and forth over some lessons, and two square matrices a layer: for small
bases. torch is imported inside.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from memsrv_consolidation.answering import BASE
from memsrv_consolidation.strategies.sft import Pupil
from memsrv_consolidation.strategies.teacher import Lesson
from memsrv_consolidation.strategies.tokens import padded

if TYPE_CHECKING:
    import torch

#: Lessons that are looked at: with 600 reading, recall and declining were the same within the noise.
MOST = 240
#: The tokens among which the other one of a margin is drawn.
LIKELY = 20
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Layer:
    """One adapted layer: what goes into it elsewhere, and what matters of what comes out."""

    module: Any
    c: "torch.Tensor"  # in × in
    g: "torch.Tensor"  # out × out
    read: "torch.Tensor | None"  # A · C · Aᵀ, rank × rank, where A is not learned

    def moved(self) -> "torch.Tensor":
        """tr(G · ΔW · C · ΔWᵀ)."""
        a, b = self.module.lora_A["default"].weight, self.module.lora_B["default"].weight
        read = a @ self.c @ a.T if self.read is None else self.read
        changed: torch.Tensor = self.module.scaling["default"] ** 2 * ((b.T @ (self.g @ b)) * read).sum()
        return changed


@dataclass(frozen=True, slots=True)
class Penalty:
    """Called: the mean square change of a margin, as far as it is foretold."""

    layers: Sequence[Layer]

    def __call__(self) -> "torch.Tensor":
        import torch

        return torch.stack([layer.moved() for layer in self.layers]).sum()


def penalty(pupil: Pupil, lessons: Sequence[Lesson], seed: int) -> Penalty | None:
    """That of `pupil`'s adapter, the same for the same seed; None where there are only facts."""
    import torch

    others = [one for one in lessons if one.about != "fact"]
    if not others:
        return None
    some = random.Random(f"{seed}/laplace").sample(others, min(MOST, len(others)))
    layers = {name: layer for name, layer in pupil.model.named_modules() if "default" in getattr(layer, "lora_A", {})}
    inputs: dict[str, Any] = {}
    c = {name: torch.zeros(layer.in_features, layer.in_features).double() for name, layer in layers.items()}
    g = {name: torch.zeros(layer.out_features, layer.out_features).double() for name, layer in layers.items()}
    device, pad = pupil.device.kind, pupil.tokenizer.pad_token_id
    mask = torch.zeros(0)

    def watched(name: str, layer: Any) -> Iterator[Any]:
        def forward(_: Any, given: tuple[Any, ...]) -> None:
            inputs[name] = given[0].detach()

        def backward(_: Any, __: Any, given: tuple[Any, ...]) -> None:
            out, came = given[0].detach().float()[mask], inputs[name].float()[mask]
            c[name] += ((came * out.square().sum(1, keepdim=True)).T @ came).double().cpu()
            g[name] += (out.T @ out).double().cpu()

        yield layer.base_layer.register_forward_pre_hook(forward)
        yield layer.base_layer.register_full_backward_hook(backward)

    hooks = [hook for name, layer in layers.items() for hook in watched(name, layer)]
    drawn = torch.Generator().manual_seed(seed)
    ordered = sorted(some, key=lambda one: len(one.tokens.ids))
    with pupil.respondents.speaking(BASE) as model, torch.enable_grad():
        model.eval()
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            ids, mask = (part.to(device) for part in padded([one.tokens for one in batch], pad))
            # The base's weights want no gradient; its inputs do, so that it reaches every layer.
            words = model.get_input_embeddings()(ids).detach().requires_grad_(True)
            logits = model(inputs_embeds=words, attention_mask=mask.long()).logits
            _margins(logits, batch, drawn).backward()
    for hook in hooks:
        hook.remove()
    count = sum(len(one.tokens.learned) for one in some)
    return Penalty([_layer(layers[name], c[name] / count, g[name]) for name in layers])


def trained(lessons: Sequence[Lesson], withheld: float, seed: int) -> list[Lesson]:
    """`lessons` without the share `withheld` of those that are read from memory: the penalty stands for them.

    They are the longest, and what they keep is what the penalty foretells best. Without nine tenths of them memsrv-tiny
    still reads, but prefers newer memory less often (docs/decisions/0037).
    """
    memory = [place for place, one in enumerate(lessons) if one.about == "memory"]
    out = set(random.Random(f"{seed}/withheld").sample(memory, round(withheld * len(memory))))
    return [one for place, one in enumerate(lessons) if place not in out]


def _layer(module: Any, c: Any, g: Any) -> Layer:
    a = module.lora_A["default"].weight
    c, g = c.to(a), (g / g.trace().clamp_min(1e-30)).to(a)
    return Layer(module, c, g, None if a.requires_grad else (a @ c @ a.T).detach())


def _margins(logits: Any, lessons: Sequence[Lesson], drawn: Any) -> Any:
    """The sum of one margin for each place that is learned, each with a random sign: what they share cancels out."""
    import torch

    total = logits.new_zeros(())
    for row, one in enumerate(lessons):
        places = torch.tensor([place - 1 for place in one.tokens.learned])  # a token is foretold one place before it
        said = logits[row, places].float()
        likely = said.detach().topk(min(LIKELY, said.shape[1])).indices
        other = torch.randint(1, likely.shape[1], (len(places), 1), generator=drawn).to(likely.device)
        sign = (torch.randint(0, 2, (len(places), 1), generator=drawn) * 2 - 1).to(likely.device)
        total = total + ((said.gather(1, likely[:, :1]) - said.gather(1, likely.gather(1, other))) * sign).sum()
    return total
