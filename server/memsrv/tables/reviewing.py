"""Facts, and what people said of them."""

from memsrv.plurals import counted
from memsrv.tables.cells import Json, counts, cut
from memsrv.terminal import note, say, table

_FACT = ("kind", "subject", "relation", "value")


def facts(result: Json) -> None:
    listed, learned = result["facts"], result["learned"]
    say(f"{counted(len(listed), 'fact')} a consolidation of {result['project']} would learn:")
    table(("id", *_FACT), [[f["id"], *(cut(f[k] or "", 60) for k in _FACT)] for f in listed])
    left = counts(result["left_out"])
    if left:
        say(f"Left out: {left}.")
    if result["waiting"]:
        say(
            f"{counted(len(result['waiting']), 'more waits', 'more wait')} for your word; see `memsrv facts --waiting`."
        )
    if learned:
        table(("learned in", "stage", "fact"), [(f["version"], f["stage"], f["text"]) for f in learned])


def waiting(result: Json) -> None:
    """Each with the words that it rests on: nobody can judge it without them."""
    if not result["waiting"]:
        say(f"Nothing of {result['project']} waits for your word.")
        return
    for fact in result["waiting"]:
        say(f"{fact['id']}  [{fact['kind']}, stated by a {fact['trust']}] {fact['text']}")
        for quote in fact["evidence"]:
            say(f'    session {quote["session"]} turn {quote["turn"]}: "{cut(quote["quote"], 200)}"')
    note("They are not trained on. `memsrv approve ID`, `memsrv reject ID`, or `memsrv edit ID --text …`.")


def reviewed(result: Json) -> None:
    standing = {fact["id"]: fact for fact in result["facts"]}
    for review in result["reviews"]:
        fact = standing.get(review["fact"])
        say(f"{review['fact']}  {review['verdict']}" + (f": {fact['text']}" if fact else ""))
        if fact and not (fact["subject"] and fact["relation"] and fact["value"]):
            note("  It has no subject and value yet, so it cannot be trained on; `memsrv edit` gives it some.")
    if result["learned_by"]:
        versions = ", ".join(result["learned_by"])
        note(f"{versions} learned it before; the next `memsrv consolidate` trains on what holds now.")
