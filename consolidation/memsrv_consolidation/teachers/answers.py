"""A teacher's answer as checked data: JSON of one shape, one chance to repair it, or nothing."""

from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from memsrv.records import Message
from memsrv_consolidation.teachers import Prompt
from memsrv_consolidation.teachers.gateway import Gateway

Shape = TypeVar("Shape", bound=BaseModel)

#: Characters of a wrong answer that its author is shown again.
SHOWN = 4_000


def ask_for(shape: type[Shape], gateway: Gateway, prompt: Prompt, purpose: str) -> Shape | None:
    """The answer to `prompt` as a `shape`; None, counted by the gateway, where there is none."""
    prompt = replace(prompt, schema=shape.model_json_schema())
    reply = gateway.ask(prompt, purpose)
    if reply is None:
        gateway.counts["teacher_unanswered"] += 1
        return None
    try:
        return parsed(shape, reply)
    except ValueError as error:
        wrong = f"That is not the JSON object that was asked for: {error}. Answer with that object alone."
    shown = (Message("assistant", reply[:SHOWN].strip() or "(nothing)"), Message("user", wrong))
    reply = gateway.ask(replace(prompt, messages=(*prompt.messages, *shown)), f"{purpose}, repair")
    try:
        if reply is not None:
            return parsed(shape, reply)
    except ValueError:
        pass  # it had its chance
    gateway.counts["teacher_not_json"] += 1
    return None


def parsed(shape: type[Shape], reply: str) -> Shape:
    """The JSON object in `reply`, which may stand among words or in a fence. ValueError says what is wrong."""
    first, last = reply.find("{"), reply.rfind("}")
    if first < 0 or last < first:
        raise ValueError("there is no JSON object in it")
    try:
        return shape.model_validate_json(reply[first : last + 1])
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise ValueError(f"{where}: {wrong['msg']}" if where else wrong["msg"]) from error
