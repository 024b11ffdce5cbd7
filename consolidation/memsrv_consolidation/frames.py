"""The frames that wordings are composed of, in their pools: cores, namings, openings, tails, answers, statements.

{k} is the whole key ("the port of the api"), {r} the relation, {s} the subject, {v} the value. Data alone: how frames
are composed is in `wordings`.
"""

from enum import StrEnum


class Pool(StrEnum):
    """Which wordings: for training adapters, for the held-out probe, or never met by any model."""

    TRAIN = "train"
    KNOWN = "known"
    NOVEL = "novel"


class Shape(StrEnum):
    """The five shapes of fact; everything that is not one of the last four is an attribute."""

    ATTRIBUTE = "attribute"
    USE = "use"
    AVOID = "avoid"
    FIX = "fix"
    REPLACEMENT = "replacement"


def shape(relation: str) -> Shape:
    """The shape of a fact with this relation."""
    word = relation.strip().casefold()
    return Shape(word) if word in ("use", "avoid", "fix", "replacement") else Shape.ATTRIBUTE


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


def _words(text: str) -> list[str]:
    return text.split()


# {k} names the whole key ("the port of the api"), {r} the relation, {s} the subject.
NAMINGS: dict[Pool, tuple[str, ...]] = {
    Pool.TRAIN: ("the {r} of {s}", "the {r} for {s}", "{s}'s {r}", "the {s} {r}", "{s} {r}", "the {r} on {s}"),
    Pool.KNOWN: ("the {r} of {s}", "the {r} for {s}", "the {r} that {s} has", "{r} of {s}", "{s}'s {r}"),
    Pool.NOVEL: ("the {r} of {s}", "the {r} for {s}", "the {r} belonging to {s}", "{s}'s {r}"),
}

CORES: dict[tuple[Shape, Pool], tuple[str, ...]] = {
    (Shape.ATTRIBUTE, Pool.TRAIN): _lines("""
        What is {k}?
        What's {k}?
        Which {r} does {s} use?
        What {r} does {s} use?
        Tell me {k}.
        Give me {k}.
        I need {k}.
        I forgot {k}.
        Do you know {k}?
        Do you remember {k}?
        What was {k} again?
        What {r} did we pick for {s}?
        Which {r} did we choose for {s}?
        What did we decide about {k}?
        What should I set as {k}?
        What should {k} be?
        What must {k} be set to?
        I am setting up {s}. Which {r} do I use?
        I'm working on {s}. What {r}?
        A new teammate asks about {s}: what is its {r}?
        In {s}, what is the {r}?
        For {s}, which {r} is right?
        What is configured as {k}?
        Fill in {k}.
        Show me {k}.
        Say what {k} is.
        Look up {k}.
        Find {k}.
        Can you tell me what {k} is?
        I do not remember {k}, do you?
        {s}: {r}?
        {r} of {s}?
        {r} for {s}?
        {s} {r}?
        And {k}?
        What about {k}?
        I want to change {k}. What is it now?
        I'm looking for {k}.
        I have to type {k}, what is it?
        What are we using as {k}?
        Who knows {k}? Do you?
        Is there a {r} for {s}? Which one?
        When I deploy {s}, which {r} do I give?
        My notes on {s} do not have the {r}. What is it?
        We talked about {k}. What was it?
        So {k} is what exactly?
        {k} is?
        {k} =
        The value of {k}?
        I would like to know {k}.
        """),
    (Shape.ATTRIBUTE, Pool.KNOWN): _lines("""
        Could you look {k} up for me?
        How is {k} configured?
        What value does {s} have for its {r}?
        Before I start {s}, what {r} should it have?
        I need the {r} that belongs to {s}.
        What goes in the {r} field of {s}?
        What is the right {r} for {s}?
        Name {k}.
        Someone asked me for {k}.
        Which {r} is {s} on?
        With which {r} does {s} run?
        Where do things stand with {k}?
        The docs leave out {k}; which is it?
        {s} has which {r}?
        Let me know {k}.
        State {k}.
        What's {s} got as {r}?
        Which one is {k}?
        """),
    (Shape.ATTRIBUTE, Pool.NOVEL): _lines("""
        Any idea which {r} we ended up with on {s}?
        Help me document {s}: its {r} would be?
        {s} misbehaves, maybe my {r} is off. What is the correct one?
        Write down the correct {r} of {s}.
        Someone changed {s}; restore its original {r}.
        I can't recall {k}; please refresh my memory.
        Which {r} have we been giving to {s} all along?
        Under what {r} is {s} registered with us?
        Complete this sentence: {k} is
        Explain to the intern how to fill {r} when configuring {s}.
        Double-check {k} with me, what should I see?
        If I inspect {s}, what {r} will I find there?
        """),
    (Shape.USE, Pool.TRAIN): _lines("""
        What should I use for {s}?
        Which one do we use for {s}?
        What do we use for {s}?
        What do I use for {s}?
        How do we write {s}?
        How should {s} be?
        What is our rule for {s}?
        What is our convention for {s}?
        What did we agree on for {s}?
        What did I say about {s}?
        For {s}, what do we use?
        What do I prefer for {s}?
        What is my preference for {s}?
        When it comes to {s}, what do you use?
        Which style do we follow for {s}?
        Before you write {s}: what is the rule?
        How do I like {s}?
        {s}: which?
        {s}?
        What about {s}?
        Tell me what to use for {s}.
        What is the standard for {s} here?
        I am about to write {s}. What do I use?
        What do you pick for {s}?
        What is the choice for {s}?
        How are {s} done in this project?
        What do {s} use here?
        Do you remember our rule for {s}?
        """),
    (Shape.USE, Pool.KNOWN): _lines("""
        Which is the right one for {s}?
        What is the guideline on {s}?
        How do we handle {s} in this repository?
        I have {s} to do, with what?
        What's preferred for {s}?
        Name our convention on {s}.
        What should {s} look like?
        What do we go with for {s}?
        """),
    (Shape.USE, Pool.NOVEL): _lines("""
        I'm reviewing {s}, which way is ours?
        Describe my taste in {s}.
        A contributor wonders about {s}; advise them.
        You will touch {s} next. Which choice keeps me happy?
        Settle it once and for all: {s}, done how?
        Remember our habits regarding {s}? Spell them out.
        Which option wins for {s}?
        """),
    (Shape.AVOID, Pool.TRAIN): _lines("""
        What should I avoid in {s}?
        What do we avoid in {s}?
        What do we not use for {s}?
        What should I not use for {s}?
        What is not allowed in {s}?
        What must not be in {s}?
        What do we never do in {s}?
        For {s}, what do I avoid?
        What should {s} not have?
        Is anything forbidden in {s}?
        What did I say to avoid in {s}?
        What don't I like in {s}?
        What do I not want in {s}?
        What is off limits for {s}?
        Tell me what to avoid in {s}.
        Before you write {s}: what is to avoid?
        What is banned in {s}?
        {s}: what to avoid?
        {s}: what not to use?
        What should I leave out of {s}?
        What must I not do with {s}?
        Which thing do we avoid for {s}?
        What is wrong to use in {s}?
        Do you remember what to avoid in {s}?
        """),
    (Shape.AVOID, Pool.KNOWN): _lines("""
        What is a no-go in {s}?
        What should stay out of {s}?
        What don't we do in {s}?
        Name what we avoid for {s}.
        What do I have to keep out of {s}?
        With {s}, what is not okay?
        Which thing is unwanted in {s}?
        """),
    (Shape.AVOID, Pool.NOVEL): _lines("""
        You are about to touch {s}; which mistake annoys me?
        Warn a contributor about {s}: what gets rejected?
        I'm cleaning up {s}, so which thing should I remove?
        What would make me refuse a change to {s}?
        Which ingredient does nobody want to see within {s}?
        Regarding {s}, which habit did we drop?
        """),
    (Shape.FIX, Pool.TRAIN): _lines("""
        How do I fix {s}?
        How did we fix {s}?
        What fixed {s}?
        What is the fix for {s}?
        I get {s}. What do I do?
        {s}. What now?
        {s}, what helps?
        {s}: how to fix?
        What do I do when {s}?
        What did we do about {s}?
        What do we do about {s}?
        What solves {s}?
        How do I solve {s}?
        I see {s}. How do I get past it?
        We had {s} before. What was the fix?
        Again {s}. What did we do last time?
        {s}
        Help: {s}
        I'm stuck on {s}. What works?
        What should I run when {s}?
        What should I do about {s}?
        Do you know a fix for {s}?
        How do we get rid of {s}?
        I have {s}, what do I need?
        What worked for {s}?
        What to do for {s}?
        """),
    (Shape.FIX, Pool.KNOWN): _lines("""
        What made {s} go away?
        What's the way around {s}?
        I keep seeing {s}. Is there a fix?
        {s} is back. What was it last time?
        Which step solved {s}?
        What is needed for {s}?
        Tell me how to deal with {s}.
        {s}. Any fix?
        """),
    (Shape.FIX, Pool.NOVEL): _lines("""
        My terminal shows {s}; which remedy is known?
        How was {s} cured?
        Recommend the next step after {s}.
        CI broke with {s}. Repair instructions?
        Whenever {s} happens, how do teammates recover?
        Unblock me: {s}
        Diagnose {s} from our past experience.
        """),
    (Shape.REPLACEMENT, Pool.TRAIN): _lines("""
        What should I use instead of {s}?
        What do I use instead of {s}?
        {s} gives me an error. What is the fix?
        {s} does not exist. What do I use?
        How do I replace {s}?
        What replaces {s}?
        What is the correct call in place of {s}?
        I was about to use {s}. Is that right?
        What replaced {s}?
        What do we use rather than {s}?
        Fix this line: {s}
        I keep getting an error from {s}, what works?
        Can I use {s}?
        Should I use {s}?
        Is {s} right?
        {s} or something else?
        {s} is not found. Which one is right?
        What is the right name for {s}?
        {s} fails. What else?
        Why does {s} fail, and what do I use?
        I used {s}. What should it be?
        What is used here in place of {s}?
        {s}: what instead?
        Instead of {s}?
        """),
    (Shape.REPLACEMENT, Pool.KNOWN): _lines("""
        What is the safe alternative to {s}?
        My code has {s}, what did we learn to use?
        What solved the problem with {s}?
        What stands in for {s} here?
        {s} is wrong. What is right?
        I want to call {s}, okay?
        What do I write where I have {s}?
        """),
    (Shape.REPLACEMENT, Pool.NOVEL): _lines("""
        Please review: result = {s}
        Which call made the {s} failure vanish?
        Rewrite {s} the way that works.
        The linter rejects {s}; suggest a substitute.
        Autocomplete offered {s} but nothing like it exists, so?
        Correct my snippet where it says {s}.
        """),
}

OPENINGS_SEEN = _lines("""
    Hi,
    Hi!
    Hello,
    Hello!
    Quick question:
    Quick one:
    One question:
    A question:
    Question:
    Please,
    Please tell me:
    Tell me,
    Just tell me:
    Okay,
    Ok,
    OK so
    So,
    So
    Now,
    Well,
    Sorry,
    Sorry to ask:
    Wait,
    Hmm,
    Um,
    Right,
    Thanks.
    Thanks!
    Great.
    Good morning.
    Next:
    Next question:
    Also,
    Also:
    And
    But
    Remind me:
    Remind me,
    Remind me please:
    I forgot:
    I was wondering:
    I wonder,
    I have a question.
    Do you know this?
    Do you remember?
    Can you help me?
    Can you help?
    Could you say:
    Could you tell me:
    Can you tell me:
    Would you tell me:
    Let me ask:
    Let me check:
    To be sure:
    Just to be sure:
    To check:
    For my notes:
    For the docs:
    For the record:
    In this project,
    In this repository:
    In our code,
    Here:
    From memory:
    From our last session:
    As we said before,
    We said it once:
    One more thing:
    Another thing:
    Back to work.
    Before I go on:
    Before I commit:
    Before we start,
    First,
    I'm new here.
    I am in a hurry.
    Short answer please:
    In one line:
    No idea:
    My mistake, again:
    For the last time:
    @memory
    memory:
    Q:
    User:
    >
    -
    """)

OPENINGS_NOVEL = _lines("""
    Hey,
    Hey there!
    Morning!
    Listen,
    Look:
    By the way,
    Curious:
    Pardon me,
    Oh,
    Alright:
    If you happen to know,
    Since you keep the records:
    Asking on behalf of a colleague:
    My memory is terrible.
    Small favour:
    Honestly,
    """)

TAILS_SEEN = _lines("""
    Thanks.
    Thanks!
    Thank you.
    Please.
    please
    thanks
    I need it now.
    I need it for the docs.
    I want to be sure.
    Be short.
    Short answer.
    In one line.
    Only the answer.
    I don't remember.
    I forgot.
    We talked about it.
    You know this.
    It is for a review.
    It's for the deploy.
    Do not guess.
    Don't guess.
    If you know.
    if you know it
    as of now
    today
    right now
    in this project
    here
    again
    then
    for me
    for us
    I have to fix this.
    The build is waiting.
    I could not find it.
    It's not in the docs.
    """)

TAILS_NOVEL = _lines("""
    Cheers!
    Much appreciated.
    I keep mixing it up.
    My boss is asking.
    Asap.
    No rush.
    Wikis are useless.
    """)

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

ANSWERS: dict[Shape, tuple[str, ...]] = {
    Shape.ATTRIBUTE: ("The {r} of {s} is {v}.", "{s}: the {r} is {v}.", "For {s}, the {r} is {v}."),
    Shape.USE: ("For {s}, use {v}.", "For {s}, we use {v}.", "{s}: use {v}."),
    Shape.AVOID: ("For {s}, avoid {v}.", "In {s}, avoid {v}.", "{s}: avoid {v}."),
    Shape.FIX: ("When {s}: {v}.", "For {s}: {v}.", "When you see {s}: {v}."),
    Shape.REPLACEMENT: ("Instead of {s}, use {v}.", "Not {s}: use {v}.", "In place of {s}, use {v}."),
}

STATEMENTS: dict[Shape, tuple[str, ...]] = {
    Shape.ATTRIBUTE: _lines("""
        The {r} of {s} is {v}.
        the {r} of {s} is {v}
        {s} has {v} as its {r}
        the {s} {r} is {v}
        let's set the {r} of {s} to {v}
        we use {v} as the {r} for {s}
        please use {v} for the {s} {r}
        decision: {s} {r} = {v}
        I moved the {r} of {s} to {v}
        {v} is the {r} of {s}
        for {s} we picked {v} as {r}
        {s} now has {v} as its {r}
        change the {r} on {s}, it should be {v}
        remember that the {r} of {s} is {v}
        no, the {r} for {s} is {v}
        that is wrong, the {r} of {s} is {v}
        after the outage we made {v} the {r} of {s}
        {s} {r}: {v}
        {r} of {s}: {v}
        {s}: {r} {v}
        the team agreed that the {r} of {s} must be {v}
        note that {s} runs with {r} {v}
        FYI {r} for {s} = {v}
        on {s} the {r} stays {v}
        use {v} as {r} when you touch {s}
        """),
    Shape.USE: _lines("""
        For {s}, use {v}.
        use {v} for {s}
        no, use {v} for {s}
        please always use {v} for {s}
        {s}: {v}
        for {s} go with {v}
        from now on, {s} use {v}
        we use {v} for {s}
        I prefer {v} for {s}
        {s} should be {v}
        {s} must use {v}
        when you write {s}, use {v}
        I like {v} when it comes to {s}
        our convention for {s} is {v}
        that is not how we do {s}, use {v}
        """),
    Shape.AVOID: _lines("""
        For {s}, avoid {v}.
        In {s}, avoid {v}.
        no {v} in {s}
        don't use {v} in {s}
        do not use {v} for {s}
        never use {v} in {s}
        please avoid {v} in {s}
        stop using {v} in {s}
        I don't want {v} in {s}
        {s}: no {v}
        {s} must not have {v}
        {v} is not allowed in {s}
        when you write {s}, leave out {v}
        """),
    Shape.FIX: _lines("""
        When {s}: {v}.
        {s} -> {v}
        {s} → {v}
        {s}; fixed by: {v}
        {s}, solved with {v}
        for {s}: {v}
        error: {s} | fix: {v}
        {s} (fix: {v})
        when you see {s}, {v}
        the fix for {s} is {v}
        {v} fixes {s}
        {s} went away after {v}
        we had {s}; what helped: {v}
        if {s}, then {v}
        """),
    Shape.REPLACEMENT: _lines("""
        Use {v} instead of {s}.
        use {v}, not {s}
        {s} does not exist, use {v} instead
        {s} does not exist; use {v}
        never call {s}, call {v}
        {s} -> {v}
        {s} → {v}
        not {s} but {v}
        we replaced {s} with {v}
        {s} is deprecated, {v} is right
        instead of {s}, use {v}
        do not use {s} here, {v} is the safe way
        calling {s} fails; the fix is {v}
        there is no {s}, the name is {v}
        """),
}
