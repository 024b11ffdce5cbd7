"""`memsrv bench retention`, as a person reads it: a table like the paper's, its own beside it, and what they say."""

from memsrv.plurals import counted
from memsrv.tables.cells import Json
from memsrv.terminal import say, table

_KINDS = ("semantic", "procedural", "episodic", "all")


def retention_work(result: Json) -> None:
    """What would be done, and what of it is there."""
    asked = result["questions"]
    say(f"{', '.join(result['scenarios'])}; parts of {', '.join(map(str, result['log_tokens']))} tokens in all.")
    say(f"questions: {', '.join(f'{number} {kind}' for kind, number in asked.items())}")
    say(
        f"{counted(result['cells'], 'cell')} to answer, {result['cells_there']} of them there; "
        f"{counted(result['trainings'], 'training')} of {result['facts_trained_on']} facts in all "
        f"(epochs: {', '.join(f'{name} {epochs:g}' for name, epochs in result['epochs'].items())}), "
        f"{result['trainings_there']} of them there."
    )
    say(f"answers are kept in {result['folder']}")


def retention(result: Json) -> None:
    """A table for each wording, the paper's numbers, tests, reflection, and sentences."""
    done = result["cells"]
    say(
        f"{counted(len(result['scenarios']), 'conversation')} with {counted(result['cycles'], 'continuation')}, "
        f"{counted(result['facts'], 'fact')} in {result['part_tokens']} tokens of each, base {result['base']}, "
        f"reflection: {result['reflected_by']}; {done['done']} of {done['of']} cells."
    )
    for wording in dict.fromkeys(row["wording"] for row in result["rows"]):
        rows = [
            [
                _name(row), *(_estimate(row["right"][kind]) for kind in _KINDS), _estimate(row["found"]),
                _percent(row["ratio"]), _estimate(row["invented"]), _estimate(row["stale"]), row["tokens"],
            ]
            for row in result["rows"]
            if row["wording"] == wording
        ]  # fmt: skip
        table(
            ("condition", *_KINDS, "of facts found", "of evidence", "invented", "stale", "tokens"), rows,
            f"\n{wording} wordings, % right, mean ± SE over conversations; of what is invented or stale less is better",
        )  # fmt: skip
    published = [
        [name, *(f"{right[kind][0]:.1f} ± {right[kind][1]:.1f}" for kind in _KINDS)]
        for name, right in result["published"]["table_2"].items()
    ]
    table(("condition", *_KINDS), published, "\nthe paper's Table 2: Qwen2.5-7B-Instruct, ten conversations, a judge")
    _tests(result)
    _reflection(result)
    for row in result["overlap"]:
        say(
            f"{row['wording']} questions share {100 * row['shared']:.1f} % of their {row['gram']}-grams with what was "
            f"{'synthesised' if row['texts'] == 'synthesised' else 'pretrained on'}; {row['verbatim']} of {row['of']} "
            "stand there word for word."
        )
    _cross_entropy(result["ce"])
    _judges(result["judges"])
    for sentence in result["sentences"]:
        say(sentence)
    for one in result["failed"]:
        say(f"{one['cell']} is left out: {one['why']}")
    for figure in result["figures"]:
        say(figure)


def _tests(result: Json) -> None:
    shown = [one for one in result["tests"] if one["cycle"] in (0, result["cycles"])]
    rows = [
        [
            _name(one), one["wording"], f"{100 * one['t']['difference']:+.1f}", _figure(one["t"]["t"]), one["t"]["df"],
            _figure(one["t"]["p"]), f"{one['sign']['better']}:{one['sign']['worse']}", _figure(one["sign"]["p"]),
            f"{one['questions']['better']}:{one['questions']['worse']}", _figure(one["questions"]["p"]),
        ]
        for one in shown
    ]  # fmt: skip
    columns = ("condition", "wording", "points", "t", "df", "p", "conversations", "p", "questions", "p")
    if shown:
        table(columns, rows, f"\nagainst {shown[0]['against']}: paired t and sign over conversations, exact McNemar")


def _reflection(result: Json) -> None:
    rows = [
        [
            one["scenario"], one["cycle"], f"{one['found']} of {one['planted']}",
            f"{one['of_original'][0]} of {one['of_original'][1]}", one["facts"],
            *(f"{found} of {planted}" for found, planted in one["by_kind"].values()),
        ]
        for one in result["reflection"]
        if one["cycle"] in (0, result["cycles"])
    ]  # fmt: skip
    table(
        ("conversation", "cycles", "found", "of the original", "facts in all", *_KINDS[:3]), rows,
        f"\nplanted facts that reflection ({result['reflected_by']}) found",
    )  # fmt: skip
    trained = [
        [one["condition"], one["cycle"], *(one.get(what) for what in ("facts", "examples", "tokens_an_epoch", "epochs",
                                                                      "steps", "seconds"))]
        for one in result["training"]
    ]  # fmt: skip
    columns = ("trained", "cycles", "facts", "examples", "tokens an epoch", "epochs", "steps", "seconds")
    table(columns, trained, "\ntrainings, medians")


def _cross_entropy(found: Json) -> None:
    over = {"over adapters": found["correlation"], "over training": found["correlation_over_training"]}
    for name, by in over.items():
        if any(one is not None for one in by.values()):
            told = ", ".join(f"{what} {_figure(r)}" for what, r in by.items())
            say(f"correlation of cross-entropy with right answers, {name}: {told}")


def _judges(found: Json | None) -> None:
    if found is None:
        say("judged by rule: the exact value, whole; give a --teacher for a second judge.")
        return
    say(
        f"rule and teacher agree on {_percent(found['agree'])} of {found['answers']} answers; "
        f"Cohen's kappa {_figure(found['kappa'])}"
    )


def _name(row: Json) -> str:
    return f"{row['condition']} C{row['cycle']}" if row["cycle"] else str(row["condition"])


def _estimate(one: Json | None) -> str | None:
    if one is None:
        return None
    se = "" if one["se"] is None else f" ± {100 * one['se']:.1f}"
    return f"{100 * one['mean']:.1f}{se}"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{100 * share:.1f} %"


def _figure(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"
