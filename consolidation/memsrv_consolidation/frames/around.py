"""What stands around the key of a question: ways of naming it, words without meaning, cues of the shape, and frames
that fit certain relations alone (a port is listened on). Data alone.
"""

from memsrv_consolidation.frames.shapes import Pool, Shape


def _words(text: str) -> list[str]:
    return text.split()


# {k} names the whole key ("the port of the api"), {r} the relation, {s} the subject.
NAMINGS: dict[Pool, tuple[str, ...]] = {
    Pool.TRAIN: ("the {r} of {s}", "the {r} for {s}", "{s}'s {r}", "the {s} {r}", "{s} {r}", "the {r} on {s}"),
    Pool.KNOWN: ("the {r} of {s}", "the {r} for {s}", "the {r} that {s} has", "{r} of {s}", "{s}'s {r}"),
    Pool.NOVEL: ("the {r} of {s}", "the {r} for {s}", "the {r} belonging to {s}", "{s}'s {r}"),
}

#: Everyday words around the key of a telegraphic question: they teach a model to listen to the key, not the frame.
CHATTER = _words(
    "about above after again all also always and any anyone are around ask away back bad be been before best better "
    "big bit both but by call can case change check clean clear close code come could day deal did do does done "
    "down each early easy else end enough even ever every fast few file first for found from full get give go going "
    "good got had happen hard has have he head help her here high him his hold how idea if in inside into is issue "
    "it its job just keep kind know last late later least left less let like line list little live long look lot "
    "made main make man many matter maybe me mean might mind more most move much must my name near need new next "
    "nice no not note nothing now of off often old on once one only open or order other our out over own page part "
    "past people place plan point pull push put quite rather read ready real really rest right room run said same "
    "saw say see seem send set she should show side simple since slow small so some soon sort start state still "
    "stop such sure take talk team tell test than that the their them then there these they thing think this those "
    "time to today together told too took top try turn two under up us use used very wait want was way we week well "
    "went were what when where which while who whole why will with word work would wrong year yes yet you your"
)

SYLLABLES = _words("ka lo mi dra ze tu pen sor vi qua bel fro ni gam rus ta ho lem bri co dux fel ju po yar wen si")

#: Words that hint at the shape of a fact.
CUES = {
    Shape.USE: ("use", "prefer", "convention", "rule", "style", "way", "choice"),
    Shape.AVOID: ("avoid", "not", "never", "without", "forbidden", "no", "unwanted", "against"),
    Shape.FIX: ("fix", "solve", "help", "works", "broken", "error", "again"),
    Shape.REPLACEMENT: ("instead", "replace", "right", "wrong", "correct", "alternative", "missing"),
}

SPECIAL: dict[Pool, tuple[tuple[str, tuple[str, ...]], ...]] = {
    Pool.TRAIN: (
        (
            r"(?P<x>\w+) command",
            (
                "How do I {x} {s}?",
                "How do we {x} {s}?",
                "What do I run to {x} {s}?",
                "{x} {s} how?",
                "I want to {x} {s}. What do I type?",
                "With which command do I {x} {s}?",
            ),
        ),
        (r".*port", ("Which {r} does {s} listen on?", "On which {r} is {s}?", "On what {r} does {s} run?")),
        (r".*(owner|maintainer|reviewer)", ("Who is {k}?", "Who is the {r} here for {s}?")),
        (
            r".*(url|path|file|folder|directory|endpoint|log|entry point)",
            ("Where is {k}?", "Where do I find {k}?", "Where is the {r}? I mean {s}."),
        ),
        (r".*version", ("Which version of {s} do we use?", "What version is {s}?", "{s} is on which version?")),
        (r".*(database|framework|package manager|queue|library)", ("Which {r} is in {s}?", "What {r} is behind {s}?")),
    ),
    Pool.KNOWN: (
        (r"(?P<x>\w+) command", ("What is the command to {x} {s}?", "How can I {x} {s}?")),
        (r".*port", ("What {r} is {s} on?",)),
        (r".*(owner|maintainer|reviewer)", ("Who has the role of {r} for {s}?",)),
        (r".*(url|path|file|folder|directory|endpoint|log|entry point)", ("Where can I see {k}?",)),
    ),
    Pool.NOVEL: (),
}
