"""How facts are answered and said: the frames of answers and of statements, by shape.

{r} is the relation, {s} the subject, {v} the value. Data alone.
"""

from memsrv_consolidation.frames.shapes import Shape


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


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
