"""What the base says where it may read the evidence: for every token of an answer, what it holds likely and how much.

Asked once, before training, and kept beside the checkpoints, so that a kill costs none of it. Where the base would not
spell the value, or has nothing to read, the words of the answer are all that is taught.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memsrv.records import Conversation, Message, to_dict
from memsrv_consolidation import together
from memsrv_consolidation.evidence import as_teacher
from memsrv_consolidation.lessons import LESSON
from memsrv_consolidation.probes import gives
from memsrv_consolidation.recipe import Recipe
from memsrv_consolidation.run import read_json, write_json
from memsrv_consolidation.strategies.foretold import foretold
from memsrv_consolidation.strategies.tokens import Tokens, tokens

if TYPE_CHECKING:
    import torch

#: Conversations that are read at once, and that are written between two times of keeping.
BATCH, AT_ONCE = 16, 64
#: As long as an answer may be that was left empty.
ROOM = "word " * 100


@dataclass(frozen=True, slots=True)
class Lesson:
    """One conversation as the student sees it, and what its teacher holds likely at each place that is learned."""

    tokens: Tokens
    ids: "torch.Tensor"  # places × top
    shares: "torch.Tensor"  # places × top, each row sums to 1
    weights: "torch.Tensor"  # places
    about: str = "fact"  # a fact, asked for without memory; "unknown", nothing there either; else "memory"


def reads(conversation: Conversation) -> bool:
    """Whether the base knows more than the student, or just what the student must keep; else the words are all."""
    if conversation.about == "unknown" or conversation.style == LESSON:
        return False  # of a lesson the base would name the mistake
    return bool(conversation.evidence) or conversation.about == "rehearsal" or conversation.messages[0].role == "system"


def lessons(
    model: Any,
    tokenizer: Any,
    conversations: Sequence[Conversation],
    values: Mapping[str, str],
    recipe: Recipe,
    kept: Path,
    device: str,
) -> list[Lesson]:
    """A lesson for each conversation that has an answer. `model` is the base, `values` those of the facts, by id."""
    import torch
    from safetensors.torch import load_file, save_file

    said = [_student(tokenizer, one, values, recipe) for one in conversations]
    sign = hashlib.sha256(
        json.dumps([to_dict(recipe), [to_dict(one) for one in conversations]], sort_keys=True).encode()
    ).hexdigest()
    file = kept / f"teacher-{sign[:16]}.safetensors"
    if not together.agreed(file.exists()):
        held = _asked(model, tokenizer, conversations, said, recipe, device)
        if together.first():
            kept.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            save_file(held, part)
            part.rename(file)
        together.agreed(None)
    held = load_file(file)
    found = []
    start = 0
    for one, conversation in zip(said, conversations, strict=True):
        n = len(one.learned)
        weights = held["gaps"][start : start + n]
        weights = weights * torch.tensor([recipe.value_weight if place in one.values else 1.0 for place in one.learned])
        found.append(Lesson(one, held["ids"][start : start + n], held["shares"][start : start + n], weights,
                            _about(conversation)))  # fmt: skip
        start += n
    return [lesson for lesson in found if lesson.tokens.learned]


def own_answers(
    conversations: Sequence[Conversation],
    values: Mapping[str, str],
    answer: Callable[[Sequence[Sequence[Message]], Sequence[str]], Sequence[str]],
    kept: Path,
    all_of_them: bool,
) -> list[Conversation]:
    """The conversations with the answers that the base gives where it reads the evidence.

    Its own words are the likeliest to it, so it forgets least by learning them. It writes those that came without an
    answer and, with `all_of_them`, those about facts; where its words lack the value, a conversation keeps its own.
    What was written is kept as it comes, by conversation.
    """
    file = kept / "own.json"
    written: dict[str, str] = together.agreed(read_json(file) if file.exists() else {})
    asked = [
        one
        for one in conversations
        if one.id not in written and (not _said(one) or (all_of_them and one.evidence and _value(one, values)))
    ]
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        texts = together.agreed(answer([as_teacher(one)[:-1] for one in some], [_said(one) or ROOM for one in some]))
        written |= {one.id: text for one, text in zip(some, texts, strict=True)}
        if together.first():
            kept.mkdir(parents=True, exist_ok=True)
            write_json(file, written)
    found = []
    for one in conversations:
        text = written.get(one.id, "")
        if text and (not _said(one) or gives(_value(one, values) or text, text)):
            found.append(replace(one, messages=(*one.messages[:-1], Message("assistant", text))))
        elif _said(one):
            found.append(one)
    return found


def _about(conversation: Conversation) -> str:
    if conversation.messages[0].role == "system":
        return "memory"
    return "fact" if conversation.about == "fact" else "unknown"


def _said(conversation: Conversation) -> str:
    return conversation.messages[-1].content


def _value(conversation: Conversation, values: Mapping[str, str]) -> str | None:
    return values.get(conversation.facts[0]) if conversation.facts else None


def _student(tokenizer: Any, one: Conversation, values: Mapping[str, str], recipe: Recipe) -> Tokens:
    return tokens(tokenizer, one.messages, _value(one, values), recipe.max_length)


def _asked(
    model: Any,
    tokenizer: Any,
    conversations: Sequence[Conversation],
    said: Sequence[Tokens],
    recipe: Recipe,
    device: str,
) -> dict[str, "torch.Tensor"]:
    """For all places that are learned, one conversation after the other: likely tokens, their shares, and gaps."""
    import torch

    top = min(recipe.top, model.config.vocab_size)
    width = max(1, top)
    ids = [torch.zeros(len(one.learned), width, dtype=torch.int32) for one in said]
    shares = [torch.zeros(len(one.learned), width) for one in said]
    gaps = [torch.ones(len(one.learned)) for one in said]
    for place, one in enumerate(said):
        if one.learned:
            ids[place][:, 0] = torch.tensor([one.ids[at] for at in one.learned])
            shares[place][:, 0] = 1.0
    read = [place for place, one in enumerate(conversations) if top and said[place].learned and reads(one)]
    seen = {place: tokens(tokenizer, as_teacher(conversations[place])) for place in read}
    # A teacher whose template or length cuts the answer otherwise cannot be laid beside the student's.
    read = [place for place in read if _answer(seen[place]) == _answer(said[place])]
    places = {id(seen[place]): place for place in read}
    for lesson, logits in expectations(model, [seen[place] for place in read], device):
        place = places[id(lesson)]
        likely = torch.softmax(logits, -1).topk(top, -1)
        learn, share = likely.indices.to(torch.int32).cpu(), likely.values.float().cpu()
        words = ids[place][:, :1]
        strays = torch.tensor([at in said[place].values for at in said[place].learned]) & (learn[:, 0] != words[:, 0])
        if recipe.gap_floor < 1 and conversations[place].about == "fact":
            ((_, naive),) = expectations(model, [said[place]], device)
            gaps[place] = torch.where(strays, 1.0, _gap(logits, naive).clamp(recipe.gap_floor, 1.0).cpu())
        words_alone = torch.where(strays, 1.0, recipe.hard)[:, None]
        same = learn == words
        missing = ~same.any(-1)
        learn[missing, -1], share[missing, -1] = words[missing, 0], 0.0
        share = share / share.sum(-1, keepdim=True)
        same = learn == words
        ids[place], shares[place] = learn, share * (1 - words_alone) + same * words_alone
    return {"ids": torch.cat(ids), "shares": torch.cat(shares), "gaps": torch.cat(gaps)}


def _gap(expert: "torch.Tensor", naive: "torch.Tensor") -> "torch.Tensor":
    """KL(expert ‖ naive) of each place, in nats: what the evidence changes there (MixSD, arXiv:2605.16865)."""
    import torch

    expert, naive = torch.log_softmax(expert, -1), torch.log_softmax(naive, -1)
    return (expert.exp() * (expert - naive)).sum(-1)


def _answer(one: Tokens) -> list[int]:
    return [one.ids[place] for place in one.learned]


def expectations(model: Any, said: Sequence[Tokens], device: str) -> Iterator[tuple[Tokens, "torch.Tensor"]]:
    """What `model` expects at each place that is learned, of alike lengths together."""
    import torch

    ordered = sorted(said, key=lambda one: len(one.ids))
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        longest = len(batch[-1].ids)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        mask = torch.zeros(len(batch), longest, dtype=torch.long)
        for row, one in enumerate(batch):
            ids[row, : len(one.ids)] = torch.tensor(one.ids)
            mask[row, : len(one.ids)] = 1
        learned = torch.zeros(len(batch), longest, dtype=torch.bool)
        for row, one in enumerate(batch):
            learned[row, list(one.learned)] = True
        with together.without_gradients(model):
            logits = foretold(
                model, learned.to(device), input_ids=ids.to(device), attention_mask=mask.to(device)
            ).float()
        yield from zip(batch, logits.split([len(one.learned) for one in batch]), strict=True)
