"""Results of benches: each engine a column of figures beside the others'."""

from memsrv.plurals import counted
from memsrv.tables.cells import Json
from memsrv.terminal import say, table


def redaction(result: Json) -> None:
    """Caught, false alarms, speed; what was missed."""
    say(
        f"{result['families']} families of planted secrets; "
        f"{result['bytes'] / 1e6:.1f} MB of ordinary code in {counted(result['files'], 'file')}."
    )
    ran = [engine for engine in result["engines"] if not engine["skipped"]]
    positions = [row["position"] for row in ran[0]["by_position"]]
    rows = [["caught", *(f"{e['caught']} of {e['planted']}" for e in ran)]]
    for place, position in enumerate(positions):
        found = [engine["by_position"][place] for engine in ran]
        rows.append([f"  {position}", *(f"{row['caught']} of {row['planted']}" for row in found)])
    rows.append(["false alarms per 100 kB", *(f"{e['false_alarms_per_100_kb']:.3f}" for e in ran)])
    rows.append(["MB/s", *(f"{e['mb_per_s']:.2f}" for e in ran)])
    table(("", *(f"{engine['name']} {engine['version']}" for engine in ran)), rows)
    for engine in result["engines"]:
        if engine["skipped"]:
            say(f"{engine['name']}: skipped: {engine['skipped']}")
        elif engine["missed"]:
            say(f"{engine['name']} left something of: {', '.join(engine['missed'])}")


def remembered(result: Json) -> None:
    """A table for each kind of memory: precision and recall of the rules and of the baseline, by agent."""
    absent = (
        f"; {counted(result['absent'], 'labelled log is', 'labelled logs are')} not there" if result["absent"] else ""
    )
    say(
        f"{counted(result['logs'], 'labelled log')}, {counted(result['sessions'], 'session')}, "
        f"{counted(result['memories'], 'memory')}{absent}."
    )
    columns = ("agent", "labels", "precision", "recall", "baseline's precision", "baseline's recall")
    for kind in result["kinds"]:
        rows = [[row["agent"], row["labels"], *(_share(row[name]) for name in _SHARES)] for row in kind["figures"]]
        table(columns, rows, f"\n{kind['kind']}, labels: {result['half']}; baseline: {kind['baseline']}")
        say(
            f"Not scored: {kind['unclear']} unclear labels, {kind['gone']} that no log gives any more, "
            f"{counted(kind['unlabelled'], 'memory')} in places that nobody labelled."
        )
    if result["places"]:
        rows = [[p["kind"], p["verdict"], p["path"], p["session"], p["turn"]] for p in result["places"]]
        table(("kind", "verdict", "log", "session", "turn"), rows, "\nplaces of the half to tune on")


_SHARES = ("precision", "recall", "baseline_precision", "baseline_recall")


def _share(share: Json) -> str:
    if share["share"] is None:
        return "none"
    return f"{share['share']:.2f} ({share['low']:.2f}–{share['high']:.2f}), {share['hits']} of {share['of']}"


def ingesting(result: Json) -> None:
    """A row for each contestant, then how long an appended line takes."""
    made = "made up" if result["made_up"] else "as they are"
    say(
        f"{result['megabytes']} MB of logs in {counted(result['files'], 'file')}, {made}; "
        f"the median of {result['rounds']} rounds."
    )
    columns = ("", "events", "s", "events/s", "MB/s", "× insert alone", "× row by row", "× a commit each", "peak MB")
    names = ("name", "events", "seconds", "events_per_s", "mb_per_s", "of_floor", "of_rows", "of_naive", "peak_mb")
    table(columns, [[one[name] for name in names] for one in result["contestants"]])
    if took := result["latency"]:
        say(
            f"A line that is appended is found after {took['p50_ms']} ms (p50), {took['p95_ms']} ms (p95), at most "
            f"{took['max_ms']} ms, of {took['appends']}; without memsrv around it {took['floor_p50_ms']} and "
            f"{took['floor_p95_ms']} ms."
        )


def recalling(result: Json) -> None:
    """A table for each kind of question, a row for each system; then how long a search takes."""
    say(
        f"{result['questions']} questions on {result['data']}, {result['corpora']} indexes; memsrv's engine: "
        f"{result['engine']}."
    )
    categories = dict.fromkeys(row["category"] for row in result["figures"])
    columns = ("", "questions", "R@5", "R@10", "R@20", "MRR")
    for category in categories:
        rows = [
            [row["system"], row["n"], *(f"{100 * row[k]:.1f}" for k in ("r5", "r10", "r20")), f"{row['mrr']:.3f}"]
            for row in result["figures"]
            if row["category"] == category
        ]
        table(columns, rows, f"\n{category}")
    for half, weights in enumerate(result["weights"], 1):
        say(f"Weights of half {half}: {', '.join(f'{name} {value:g}' for name, value in weights.items())}")
    for took in result["latency"]:
        say(
            f"Among {took['events']} events a search takes {took['p50_ms']} ms (p50), {took['p95_ms']} ms (p95), at "
            f"most {took['max_ms']} ms, of {took['searches']}."
        )


def _of(some: int, all: int) -> str:
    return f"{100 * some / all:.1f} % ({some} of {all})"


def compacting(result: Json) -> None:
    """What is left after each cycle, by kind and way; what `recover` gave back; how long both took."""
    say(
        f"{counted(result['sessions'], 'session')} made up (seed {result['seed']}), "
        f"in parts of {result['part_tokens']} tokens, each context cut to a sixth. "
        "Kept: exact values that stand together; a model may not find them there."
    )
    lines = result["left"]
    ways = list(dict.fromkeys(line["contestant"] for line in lines))
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for line in lines:
        rows.setdefault((line["kind"], line["cycle"]), {})[line["contestant"]] = _of(line["kept"], line["planted"])
    table(("facts", "cycles", *ways), [[*key, *(found.get(way, "") for way in ways)] for key, found in rows.items()])
    for one in result["returned"]:
        say(
            f"recover, {one['budget']} tokens: of {one['dropped']} facts that a summary dropped "
            f"{one['dropped_returned']} came back, of {one['kept']} that it told {one['kept_returned']}."
        )
    say(
        f"{result['seconds_per_mb']} s/MB to compact, {result['recover_seconds_per_mb']} s/MB to recover, of "
        f"{result['megabytes']} MB of words."
    )
    if result["base"]:
        columns = (
            "asked of the base, with before it",
            "cycles",
            "right",
            "value stands there",
            "did not fit its window",
        )
        asked = [
            [one["contestant"], one["cycle"] or "", _of(one["right"], one["asked"]), one["held"], one["cut"]]
            for one in result["answered"]
        ]
        table(columns, asked, f"\n{result['base']}: planted facts asked as questions")


def answering(result: Json) -> None:
    """A row for each way to ask."""
    say(f"The {result['questions']} questions that {result['run']} measured by, asked of the endpoint.")
    rows = [
        [way["name"], *(_share(way[sort]) for sort in ("known", "novel", "unknown")), way["seconds"], way["given"]]
        for way in result["ways"]
    ]
    columns = ("", "right, known wordings", "right, novel", "unknown declined", "s (p50)", "records given (p50)")
    table(columns, rows)


def serving(result: Json) -> None:
    """Cold start and calls of each server, then how ours starts beside the bare one."""
    columns = ("", "start ms (p50)", "(least)", "first call ms", "call ms (p50)", "(p95)", "tools", "their bytes")
    names = ("name", "cold_p50_ms", "cold_min_ms", "first_call_ms", "call_p50_ms", "call_p95_ms", "tools")
    rows = [[*(one[name] for name in names), one["definition_bytes"]] for one in result["servers"]]
    table(columns, rows)
    say(
        f"memsrv has its tools listed in {result['ratio']} × the time of a bare server, the median of "
        f"{result['rounds']} rounds; its calls search {result['megabytes']} MB of made-up sessions."
    )
