"""The paper's six styles of a rehearsal conversation: direct, how-to, recall, scenario, negation, task.

Direct and recall are the TRAIN wordings; the others have frames of their own here. None of them may read like a KNOWN
or NOVEL wording: those measure. An answer always restates the key, and never shows the mistake first.
"""

import random
from collections.abc import Mapping, Sequence

from memsrv_consolidation import wordings
from memsrv_consolidation.frames import Pool, Shape, shape

DIRECT, HOW_TO, RECALL, SCENARIO, NEGATION, TASK = "direct", "how-to", "recall", "scenario", "negation", "task"

#: How many of a fact's twenty conversations have which style.
SHARES = {DIRECT: 11, RECALL: 3, HOW_TO: 2, SCENARIO: 2, NEGATION: 1, TASK: 1}
#: Those of a fact that shall show in work alone.
BEHAVIOUR = {TASK: 8, SCENARIO: 6, HOW_TO: 6}


def shares(n: int, among: Mapping[str, int] = SHARES) -> dict[str, int]:
    """How many of `n` conversations about a fact have which style; what rounding leaves over is of the first."""
    total = sum(among.values())
    styles = [style for style, share in among.items() for _ in range(round(share * n / total))]
    styles = (styles + [next(iter(among))] * n)[:n]
    return {style: styles.count(style) for style in among}


_RECALL = ("Do you remember? {q}", "Think back. {q}", "From our sessions: {q}", "I asked this before: {q}",
           "You were told this once. {q}", "As I said some time ago: {q}", "Recall this for me: {q}")  # fmt: skip

_FRAMES: dict[tuple[Shape, str], tuple[str, ...]] = {
    (Shape.ATTRIBUTE, HOW_TO): (
        "How do I set {r} for {s}?", "How do I set up {s} with its {r}?", "How do I fill in {r} on {s}?",
        "How do I get {s} going, with which {r}?",
    ),
    (Shape.ATTRIBUTE, SCENARIO): (
        "I just cloned the repository and start on {s}. It asks for the {r}.",
        "The release is today and {s} needs its {r}.", "I am writing the settings of {s}: {r}?",
        "It is my first day with {s} and the form wants the {r}.",
    ),
    (Shape.ATTRIBUTE, NEGATION): (
        "{s} has no {r}, does it?", "We never chose the {r} of {s}, did we?", "Don't tell me all of {s}, only the {r}.",
        "Isn't there a {r} for {s}?",
    ),
    (Shape.ATTRIBUTE, TASK): (
        "Add the {r} of {s} to the README.", "Put the {r} of {s} into the settings.",
        "Set the {r} of {s} in my config.",
        "Finish my note on {s}, the {r} is missing.",
    ),
    (Shape.USE, HOW_TO): ("How do I do {s} here?", "How do I go about {s}?", "How would we do {s}?"),
    (Shape.USE, SCENARIO): (
        "I start a new module and come to {s}.", "The next change is about {s}, what do I take?",
        "My first pull request here has {s} in it.",
    ),
    (Shape.USE, NEGATION): (
        "We have no rule for {s}, do we?", "I can pick anything for {s}, right?",
        "Doesn't it matter what I use for {s}?",
    ),
    (Shape.USE, TASK): (
        "Set up {s} for this project.", "Do {s} the way I want it.", "Change {s} to what we agreed on.",
    ),
    (Shape.AVOID, HOW_TO): ("How do I keep {s} clean?", "How do I write {s} without trouble?"),
    (Shape.AVOID, SCENARIO): (
        "I start on {s} now, what do I leave out?", "The next change is about {s}. What is not wanted?",
    ),
    (Shape.AVOID, NEGATION): (
        "I can put anything in {s}, right?", "Nothing is forbidden in {s}, is it?",
        "There is no rule against anything in {s}?",
    ),
    (Shape.AVOID, TASK): ("Check {s} for what we avoid.", "Go over {s} and take out what we avoid."),
    (Shape.FIX, HOW_TO): ("How do I get on when {s}?", "How do I repair this: {s}?", "How do I make it work when {s}?"),
    (Shape.FIX, SCENARIO): (
        "I was running things and now {s}.", "In the middle of my work {s}. And now?", "The build stopped: {s}.",
    ),
    (Shape.FIX, NEGATION): (
        "There is nothing to do when {s}, is there?", "{s}. We never solved it, did we?",
        "I can't do anything about {s}?",
    ),
    (Shape.FIX, TASK): ("Fix this for me: {s}", "Do what helps when {s}.", "Handle it: {s}"),
    (Shape.REPLACEMENT, HOW_TO): ("How do I write it without {s}?", "How do I do it, if not with {s}?"),
    (Shape.REPLACEMENT, SCENARIO): (
        "I have {s} in the code I am writing.", "In the editor I typed {s} and it fails.", "A test of mine calls {s}.",
    ),
    (Shape.REPLACEMENT, NEGATION): (
        "{s} works here, doesn't it?", "There is nothing wrong with {s}, is there?", "So not {s}, but what?",
    ),
    (Shape.REPLACEMENT, TASK): ("Repair the call to {s}.", "Change {s} into what is right.", "Swap out {s} for me."),
}  # fmt: skip


def exchange(
    subject: str, relation: str, value: str, style: str, rng: random.Random, varied: bool = True
) -> tuple[str, str]:
    """A question in `style` and its answer, in varied or always the same words."""
    reply = wordings.answer(subject, relation, value, rng if varied else None)
    if style == DIRECT:
        return wordings.question(subject, relation, Pool.TRAIN, rng), reply
    if style == RECALL:
        asked = wordings.question(subject, relation, Pool.TRAIN, rng)
        return rng.choice(_RECALL).format(q=asked), reply
    frames: Sequence[str] = _FRAMES[shape(relation), style]
    said = wordings.spoken(subject, rng)
    asked = rng.choice(frames).format(s=said, r=relation)
    asked = asked[0].upper() + asked[1:] if rng.random() < 0.7 else asked
    return wordings.sloppy(asked, rng), reply
