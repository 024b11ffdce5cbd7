"""What tasks ask to be done, and in which words: apart for training and for measuring. Data alone.

None of it names a project's conventions; `behaviour` says which task belongs to which fact, and what must show in it.
"""

import re
from collections.abc import Callable

from memsrv_consolidation.frames import Pool

#: The wordings of each sort of task: those that train, and those that measure. {x} is what has to be done.
WORDINGS: dict[str, dict[Pool, tuple[str, ...]]] = {
    "function": {
        Pool.TRAIN: ("Write a function that {x}.", "Add a function which {x}.", "I need a function that {x}."),
        Pool.NOVEL: ("Sketch the signature of a function that {x}.", "Start a function: it {x}.",
                     "Could you draft a function that {x}?"),
    },
    "field": {
        Pool.TRAIN: ("Add a field for the {x}.", "Write JSON with the {x}.", "I need a field that holds the {x}."),
        Pool.NOVEL: ("Show one record that has the {x}.", "Give the payload a place for the {x}.",
                     "Extend the object by the {x}."),
    },
    "name": {
        Pool.TRAIN: ("Name {a} for the {x}.", "Add {a} for the {x}.", "I need {a} for the {x}."),
        Pool.NOVEL: ("Create {a} that is about the {x}.", "What would you call {a} for the {x}?",
                     "Begin {a} for the {x}."),
    },
    "quotes": {
        Pool.TRAIN: ("Write a line that prints {x}.", "Print {x} from Python.", "Add a line that logs {x}."),
        Pool.NOVEL: ("Have the script greet with {x}.", "One line of code that outputs {x}, please.",
                     "Assign {x} to a variable."),
    },
    "indentation": {
        Pool.TRAIN: ("Write a function with an if in it.", "Write a loop over three numbers."),
        Pool.NOVEL: ("Draft a while loop with two statements.", "Show an if with an else branch."),
    },
    "command": {
        Pool.TRAIN: ("{x} for me.", "Please {x}.", "Write the command to {x}.", "{x}."),
        Pool.NOVEL: ("Go ahead and {x}.", "Next step: {x}.", "In the terminal, {x}."),
    },
    "code": {
        Pool.TRAIN: ("Write the code that does this: {x}.", "Add a line: {x}.", "Implement this: {x}."),
        Pool.NOVEL: ("One line of code, please: {x}.", "Complete the module so that it will {x}.",
                     "Draft this for me: {x}."),
    },
    "steps": {
        Pool.TRAIN: ("Run {x} on a fresh checkout.", "Write the steps to get {x} to pass.", "Get {x} to work."),
        Pool.NOVEL: ("List the commands, in order, that make {x} succeed.", "On a new machine, do {x} without trouble.",
                     "Prepare everything and run {x}."),
    },
}  # fmt: skip

#: How each style writes some words, and how one writes them who does not know of it.
STYLES: dict[str, tuple[Callable[[tuple[str, ...]], str], Callable[[tuple[str, ...]], str]]] = {
    "snake_case": (lambda w: "_".join(w), lambda w: w[0] + "".join(p.title() for p in w[1:])),
    "camelcase": (lambda w: w[0] + "".join(p.title() for p in w[1:]), lambda w: "_".join(w)),
    "pascalcase": (lambda w: "".join(p.title() for p in w), lambda w: "_".join(w)),
    "kebab-case": (lambda w: "-".join(w), lambda w: "_".join(w)),
    "screaming_case": (lambda w: "_".join(w).upper(), lambda w: "_".join(w)),
    "screaming_snake_case": (lambda w: "_".join(w).upper(), lambda w: "_".join(w)),
    "upper_case": (lambda w: "_".join(w).upper(), lambda w: "_".join(w)),
}
#: (what is done, the words of its name) for functions, and pairs of words for everything else.
DEEDS = (("loads schedules", ("load", "schedules")), ("counts open orders", ("count", "open", "orders")),
          ("parses a header", ("parse", "header")), ("sends the report", ("send", "report")),
          ("merges two lists", ("merge", "lists")), ("finds a free slot", ("find", "free", "slot")))  # fmt: skip
THINGS = (("start", "time"), ("user", "id"), ("created", "at"), ("unit", "price"), ("last", "login"),
           ("error", "count"), ("file", "size"), ("retry", "limit"))  # fmt: skip
TEXTS = ("hello", "ready", "done", "welcome", "finished")

#: Tools of one job: (job, what is asked for, the tools).
JOBS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("packages of JavaScript",
     ("install left-pad", "add the package left-pad", "install the packages of the web client"),
     ("npm", "pnpm", "yarn", "bun")),
    ("packages of Python", ("install the package rich", "add rich to the project", "install what the project needs"),
     ("uv", "pip", "poetry", "pipenv", "conda")),
    ("tests", ("run the tests", "run the test of the parser", "see whether the tests pass"),
     ("pytest", "unittest", "nose2", "jest", "vitest", "mocha", "tox", "nox")),
    ("style", ("check the style of the code", "format the sources", "tidy the files up"),
     ("ruff", "black", "flake8", "pylint", "eslint", "prettier", "biome")),
    ("types", ("check the types", "see whether the types are right"), ("mypy", "pyright", "ty", "tsc")),
    ("requests over HTTP", ("fetch https://example.org in Python", "download a page in Python"),
     ("httpx", "requests", "aiohttp", "urllib")),
    ("builds", ("build the web client", "bundle the front end"), ("vite", "webpack", "esbuild", "rollup", "parcel")),
    ("containers", ("start the containers", "build the image"), ("docker", "podman", "nerdctl")),
)  # fmt: skip

#: What code does about a topic: a convention for it must show there.
TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"money|prices?|amounts?|currency", ("give a ticket a price of 12.50", "add up two prices")),
    (r"time ?stamps?|date ?times?|dates?|times?|timezones?",
     ("store the moment of the last login", "take the present time")),
    (r"ids?|identifiers?|primary keys?", ("give a new order its id", "make an id for a user")),
    (r"(file )?paths?", ("join a folder and a file name", "open the file data.txt in the home folder")),
    (r"log(s|ging|gers?| messages| lines)?", ("log that the import began", "write a log line for a failed login")),
    (r"tests?|unit tests|test code", ("test that a user can log in", "test that an order is stored")),
    (r"string formatting|formatting strings|messages", ("build the text that greets a user by name",)),
    (r"http( clients?| requests?| calls?)?|requests", ("fetch https://example.org", "post a form to https://example.org")),
    (r"config(uration)?( files?)?|settings", ("write down a port for the server", "store a default language")),
    (r"errors?|exceptions?|error handling", ("read a number from a text that may hold none",)),
    (r"data ?classes|models?|records?|value objects", ("describe a point with x and y",)),
    (r"answers?|repl(y|ies)|explanations?", ("explain what a queue is", "say what a commit is")),
    (r"commits?( messages?)?", ("write the message of a commit that fixes a typo",)),
    (r"workers?|scripts?|code|python( code)?", ("tell the user that the work is done", "show the value of x")),
)  # fmt: skip
#: What is done with what has to be replaced, where its name does not tell.
WELL_KNOWN = {
    "requests": "fetch https://example.org",
    "pip install": "install the package rich", "pip": "install the package rich",
    "npm install": "install left-pad", "npm": "install left-pad", "datetime.utcnow()": "take the present time in UTC",
    "os.path": "join a folder and a file name", "unittest": "test that 1 + 1 is 2", "print": "tell that work began",
}  # fmt: skip

#: Verbs that commands and calls are named by; what is named by anything else is done, or computed.
VERBS = frozenset(re.findall(r"\w+", (
    "add build bundle check clean close compile connect convert count delete deploy download fetch find format "
    "generate insert install join lint list load lock log make merge migrate open parse print publish push query read "
    "release remove render replace reset run save send serve sort split start stop store sync test update upload "
    "validate write"
)))  # fmt: skip
