"""Random subjects, relations and values of a coding project: the stuff of which the tiny corpus is made.

Everything is procedural. What matters is that strings are arbitrary (case, punctuation, flags), because copying a
string never seen before is the one skill the tiny base needs. Knows nothing of documents or questions.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass

from memsrv_consolidation.frames import Shape, shape


def _words(text: str) -> list[str]:
    return text.split()


_ONSETS = _words("b c d f g h j k l m n p r s t v w y z br cr dr fl gr kr pl pr qu sh sk sl sn sp st str th tr ch wh")
_VOWELS = _words("a e i o u a e i o u ai ea ee oo ou ie ia")
_CODAS = _words("n r l s x m t k nd rt st ck sh th mp ng d p b g")

WORDS = _words(
    "access account action adapter address admin agent alarm alert alias analytics api app archive array asset async "
    "audit auth backend backup badge bank base basket batch bench bill billing blob block board book boot bot branch "
    "bridge bucket budget buffer bug bundle cache calendar call camera canary card cart case catalog cell channel "
    "chart check checkout chunk class client clock cloud cluster code collector color column comment commit "
    "component config connection consumer contact container content context contract cookie coupon crawler cron "
    "cursor customer daemon dashboard data date deal debug delivery deploy device diff digest dispatcher doc docs "
    "document domain download draft driver edge editor email embed encoder endpoint engine entity entry env error "
    "event example export exporter fact feature feed field file filter fixture flag flow folder font form format "
    "frame front frontend function gateway geo graph grid group guard guest handler hash header health hook host "
    "hub icon id image import importer inbox index indexer input insight integration internal inventory invoice "
    "issue item job journal key label lambda layer layout ledger legacy lexer library license limit link linter "
    "list listener loader local lock log logger login lookup loop machine mail mailer main map marker market master "
    "match media member memory menu merge message metric metrics migration mirror mobile mock mode model module "
    "monitor native network nightly node note notebook notifier object offer office option order orders origin "
    "output package page pager parser partner password patch path payment payments payload peer phone photo "
    "pipeline planner player plugin point policy pool portal post press price printer private probe process product "
    "profile profiler project promo prompt proxy public publisher pump purchase query queue quota range rate reader "
    "record recorder redirect refund region registry release remote renderer replica reply report request resolver "
    "resource response result retry review reward role root route router rule runner runtime sample sampler sandbox "
    "scanner scheduler schema score script search seat secret section seed segment sender sensor server service "
    "session settings shader shadow shard sheet shelf shipping shop signal site sketch slot snapshot socket source "
    "span spec stage staging stock storage store stream string style subscription support survey sync system tab "
    "table tag target task team template tenant terminal test theme thread ticket tile timer token tool topic trace "
    "track tracker trade traffic trainer transfer tree trigger tunnel type update upload uploader user users vault "
    "vendor video view viewer voucher wallet warehouse watcher web webhook widget window wizard worker workflow "
    "workspace writer zone"
)

TOOLS = _words(
    "redis postgres sqlite mysql kafka rabbitmq nats celery duckdb mongodb memcached minio s3 etcd consul vault nginx "
    "caddy envoy fastapi flask django starlette axum actix gin express koa nestjs react vue svelte pytest unittest "
    "jest vitest mocha ruff black mypy pyright eslint prettier biome poetry uv pip npm pnpm yarn bun bazel make "
    "cmake just docker podman helm terraform ansible pulumi grafana prometheus loki sentry datadog jaeger numpy "
    "pandas polars dask torch typer click rich pydantic attrs httpx aiohttp requests grpc protobuf avro json toml "
    "yaml cargo go gradle mvn tox nox kubectl alembic prisma turbo nx webpack vite rollup deno node python bundle "
    "rake rails mix composer"
)

_PEOPLE = _words(
    "alice bob carol dave erin frank grace heidi ivan judy ken laura nina oscar peggy quinn sybil uma yara zoe"
)
_VERBS = _words(
    "load save parse build fetch merge flush sync scan push pull index encode decode split join render apply check "
    "drop list find make read write lock clean get set add remove create delete update open close send start stop "
    "run init"
)
_ERRORS = _words(
    "AttributeError TypeError KeyError ValueError RuntimeError TimeoutError ImportError OSError IndexError "
    "ECONNREFUSED ENOENT EACCES EADDRINUSE ETIMEDOUT ModuleNotFoundError PermissionError ConnectionError "
    "AssertionError UnicodeDecodeError ERR_REQUIRE_ESM OOMKilled SIGSEGV SIGKILL NullPointerException E0382 TS2345 "
    "P1001 CORS 401 403 404 429 500 502 503 504 E2BIG EPIPE ELIFECYCLE ENOSPC ERESOLVE"
)


def syllables(rng: random.Random) -> str:
    """A made-up word."""
    word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((1, 2, 2, 2, 3))))
    return word + (rng.choice(_CODAS) if rng.random() < 0.5 or len(word) < 4 else "")


def letters(rng: random.Random) -> str:
    """Random letters or letters and digits, as in an identifier nobody chose."""
    alphabet = rng.choice((string.ascii_lowercase, string.ascii_lowercase + string.digits, string.ascii_uppercase))
    return rng.choice(string.ascii_lowercase) + "".join(rng.choices(alphabet, k=rng.randint(2, 6)))


def word(rng: random.Random) -> str:
    roll = rng.random()
    return rng.choice(WORDS) if roll < 0.7 else syllables(rng) if roll < 0.96 else letters(rng)


def cased(parts: list[str], rng: random.Random) -> str:
    """`parts` joined in one of the case styles."""
    style = rng.randrange(6)
    if style == 0:
        return "_".join(parts)
    if style == 1:
        return "-".join(parts)
    if style == 2:
        return parts[0] + "".join(p.capitalize() for p in parts[1:])
    if style == 3:
        return "".join(p.capitalize() for p in parts)
    if style == 4:
        return "_".join(parts).upper()
    return rng.choice(("_", "-", ".")).join(parts)


def identifier(rng: random.Random) -> str:
    first = rng.choice(_VERBS) if rng.random() < 0.4 else word(rng)
    return cased([first, *(word(rng) for _ in range(rng.choice((0, 1, 1, 1, 1, 2))))], rng)


def call(rng: random.Random) -> str:
    name = ".".join([identifier(rng) if rng.random() < 0.5 else word(rng) for _ in range(rng.choice((0, 1, 1, 1)))])
    end = rng.choice(("()", "()", "()", "", f"({word(rng)})", f"({word(rng)}={number(rng)})"))
    return (
        (name + "." if name else "") + f"{rng.choice(_VERBS)}_{word(rng)}" + end
        if rng.random() < 0.7
        else identifier(rng) + end
    )


def number(rng: random.Random) -> str:
    return str(rng.randint(1, rng.choice((9, 99, 999, 99_999))))


def port(rng: random.Random) -> str:
    return str(rng.choice((rng.randint(1000, 9999), rng.randint(1000, 65535), rng.randint(80, 999))))


def duration(rng: random.Random) -> str:
    unit = rng.choice((" seconds", " minutes", "ms", " ms", "s", " hours", "m", " days", "h"))
    return f"{rng.choice((rng.randint(2, 90), rng.randint(2, 900), rng.randint(1, 90) * 100))}{unit}"


def version(rng: random.Random) -> str:
    tail = "".join(f".{rng.randint(0, 30)}" for _ in range(rng.choice((1, 1, 2, 2))))
    suffix = rng.choice(("", "", "", "", "-alpine", "-rc1", "-slim", f"-{word(rng)}", "-beta.2", "b3"))
    return rng.choice(("", "", "", "v", ">=", "^", "~")) + f"{rng.randint(0, 30)}{tail}{suffix}"


def path(rng: random.Random) -> str:
    start = rng.choice(("", "", "~/", "/", "/var/", "/etc/", "src/", "./", "app/", "config/", "tests/", "../", "docs/"))
    middle = "".join(f"{word(rng)}/" for _ in range(rng.choice((0, 0, 1, 1, 2))))
    extensions = _words(
        ".json .toml .yaml .yml .py .ts .tsx .go .rs .db .log .csv .sql .md .sh .env .cfg .ini .lock .txt"
    )
    return start + middle + (word(rng) if rng.random() < 0.6 else identifier(rng)) + rng.choice((*extensions, ""))


def url(rng: random.Random) -> str:
    scheme = rng.choice(_words("http https https http postgres redis amqp ws"))
    host = rng.choice(
        (
            f"{word(rng)}.{word(rng)}.{rng.choice(_words('com io dev net local internal'))}",
            "localhost",
            word(rng),
            f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
        )
    )
    return (
        f"{scheme}://{host}" + rng.choice(("", f":{port(rng)}")) + rng.choice(("", "/v1", f"/{word(rng)}", "/0", "/"))
    )


def tool(rng: random.Random) -> str:
    roll = rng.random()
    return (
        rng.choice(TOOLS)
        if roll < 0.5
        else syllables(rng) + rng.choice(("db", "mq", "kit", "io", "js", "py", "-rs", ""))
    )


def person(rng: random.Random) -> str:
    name = rng.choice(_PEOPLE) if rng.random() < 0.5 else syllables(rng)
    return rng.choice((name, name, name.capitalize(), "@" + name, f"{name}@{word(rng)}.com", f"the {word(rng)} team"))


def environment(rng: random.Random) -> str:
    return "_".join(word(rng) for _ in range(rng.randint(1, 3))).upper().replace("-", "_")


def name(rng: random.Random) -> str:
    """A name as for tables, buckets, regions, branches."""
    roll = rng.random()
    if roll < 0.2:
        return (
            f"{rng.choice(_words('us eu ap sa'))}-{rng.choice(_words('east west north central'))}-{rng.randint(1, 4)}"
        )
    if roll < 0.4:
        return f"{rng.choice(_words('feature release fix hotfix main dev next'))}/{word(rng)}"
    return identifier(rng)


def command(rng: random.Random) -> str:
    """A shell command of one to seven words, flags included."""
    words = [rng.choice((tool(rng), rng.choice(TOOLS), rng.choice(TOOLS), rng.choice(TOOLS), path(rng)))]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
        words.append(
            rng.choice(
                (
                    rng.choice(_VERBS),
                    word(rng),
                    rng.choice(_words("run test build up install exec lint check ci dev")),
                    f"-{rng.choice(string.ascii_letters)}",
                    f"--{rng.choice((word(rng), rng.choice(_VERBS)))}",
                    f"--{word(rng)}={rng.choice((number(rng), word(rng)))}",
                    f"--{word(rng)}-{word(rng)}",
                    word(rng),
                    path(rng),
                    f"{word(rng)}:{word(rng)}",
                    tool(rng),
                    f"-{rng.choice(string.ascii_lowercase)} {number(rng)}",
                )
            )
        )
    if rng.random() < 0.12:
        words.insert(0, f"{environment(rng)}={rng.choice((number(rng), word(rng)))}")
    if rng.random() < 0.1:
        words += ["&&", rng.choice(TOOLS), rng.choice(_VERBS)]
    return " ".join(words)


def phrase(rng: random.Random) -> str:
    """A short value in plain words."""
    return " ".join(rng.choice((word(rng), rng.choice(WORDS))) for _ in range(rng.randint(1, 4)))


def edit(rng: random.Random) -> str:
    """What was changed to make something work."""
    a, b = rng.choice((call, identifier, word))(rng), rng.choice((call, identifier, path))(rng)
    return rng.choice(
        (
            f"add `{a}` before `{b}`",
            f"add `{a}`",
            f"remove `{a}`",
            f"set {environment(rng)}={rng.choice((number, word))(rng)}",
            f"set {environment(rng)} to {word(rng)}",
            f"delete {b}",
            f"restart {word(rng)}",
            f"install {tool(rng)}",
            f"pin {tool(rng)} to {version(rng)}",
            f"rename {a} to {b}",
            f"run `{command(rng)}` first",
            f"upgrade {tool(rng)}",
            f"wrap {a} in {b}",
            f"raise the {word(rng)} to {number(rng)}",
            f"import {a} from {b}",
            f"start {tool(rng)} first",
            f"replace {a} by {b}",
            f"export {environment(rng)}={number(rng)}",
            f"clear the {word(rng)} cache",
        )
    )


def quoted(text: str, rng: random.Random, chance: float = 0.5) -> str:
    return f"`{text}`" if rng.random() < chance and "`" not in text else text


Maker = Callable[[random.Random], str]

_VALUES: tuple[tuple[str, tuple[Maker, ...]], ...] = (
    ("port|admin port|debug port|metrics port|listening port", (port,)),
    ("url|base url|endpoint|webhook url|health url|address|docs url", (url,)),
    ("version|schema version|api version|node version|python version|minimum version", (version,)),
    (
        "path|log file|config file|entry point|output folder|lock file|root folder|fixture folder|migration folder",
        (path,),
    ),
    (
        "test command|build command|deploy command|lint command|start command|format command|migrate command|run "
        "command|"
        "release command|seed command|install command|check command|type check command|bench command|setup command",
        (command,),
    ),
    ("database|queue|framework|package manager|cache|test runner|linter|formatter|message broker|library|orm", (tool,)),
    ("owner|maintainer|reviewer|on-call|author|contact", (person,)),
    ("timeout|interval|ttl|retention|delay|polling interval|session length|deadline|lease", (duration,)),
    ("branch|table|region|bucket|topic|namespace|cluster|schema|index|workspace|channel|release branch", (name,)),
    (
        "retry limit|batch size|worker count|rate limit|max size|thread count|line length|page size|pool "
        "size|threshold|"
        "replica count|memory limit|shard count|seed",
        (number,),
    ),
    ("image tag|docker image|base image|git tag", (version, identifier)),
    (
        "feature flag|helper|test helper|class|main function|handler|hook|codename|nickname|alias|service account",
        (identifier,),
    ),
    ("env variable|secret name|environment variable|token variable", (environment,)),
    ("status code|exit code|error code", (number, identifier)),
    (
        "license|strategy|format|encoding|locale|time zone|currency|deploy day|color|theme|algorithm|convention",
        (phrase, word, tool),
    ),
)
_RELATIONS: tuple[tuple[str, tuple[Maker, ...]], ...] = tuple(
    (relation, makers) for relations, makers in _VALUES for relation in relations.split("|")
)
_QUALIFIERS = _words(
    "staging production default local internal public test dev preview backup main old new admin read write"
)
_ANY: tuple[Maker, ...] = (
    port,
    url,
    version,
    path,
    command,
    tool,
    person,
    duration,
    name,
    number,
    identifier,
    environment,
    phrase,
    word,
    call,
)

SYNONYMS = {
    "port": "port number",
    "url": "address",
    "path": "location",
    "database": "db",
    "owner": "maintainer",
    "timeout": "time limit",
    "branch": "git branch",
    "config file": "settings file",
    "log file": "log path",
    "package manager": "package tool",
    "image tag": "docker tag",
    "retry limit": "max retries",
    "table": "table name",
    "env variable": "environment variable",
    "queue": "message queue",
    "library": "package",
    "interval": "period",
}


def component(rng: random.Random) -> str:
    """A service, file, project or identifier that has attributes."""
    roll = rng.random()
    if roll < 0.3:
        return f"{rng.choice((word(rng), rng.choice(WORDS)))} {rng.choice(WORDS)}"
    if roll < 0.4:
        return word(rng)
    if roll < 0.6:
        return quoted(identifier(rng), rng)
    if roll < 0.66:
        return rng.choice(("this project", "this repository", "the project", "the repo", "the api", "the backend"))
    if roll < 0.72:
        return quoted(path(rng), rng)
    if roll < 0.82:
        return f"the {word(rng)} {rng.choice(WORDS)}"
    if roll < 0.88:
        return f"{syllables(rng)} {rng.choice(WORDS)} {rng.choice(WORDS)}"
    if roll < 0.94:
        return rng.choice(TOOLS)
    return rng.choice(
        (f"{syllables(rng).capitalize()}", f"{identifier(rng)} {rng.choice(WORDS)}", "-".join((word(rng), word(rng))))
    )


def topic(rng: random.Random) -> str:
    """What a preference is about."""
    plural = rng.choice(WORDS) + "s"
    return rng.choice(
        (
            f"{rng.choice(_words('JSON SQL HTTP CSS YAML REST API Python Rust Go TypeScript HTML CSV gRPC'))} {plural}",
            f"{rng.choice(WORDS)} {plural}",
            f"{rng.choice(WORDS)} names",
            f"{rng.choice(_VERBS)} functions",
            f"{word(rng)} {plural}",
            rng.choice(
                (
                    "commit messages",
                    "docstrings",
                    "tests",
                    "type hints",
                    "error messages",
                    "imports",
                    "logging",
                    "branches",
                    "strings",
                    "dates",
                    "ids",
                    "money",
                    "config files",
                    "migrations",
                    "comments",
                    "quotes",
                    "indentation",
                    "JSON field names",
                    "API routes",
                    "test names",
                    "log lines",
                    "new modules",
                    "code reviews",
                    "answers",
                )
            ),
            f"{rng.choice(WORDS)} {rng.choice(('style', 'format', 'layout', 'naming', 'files', 'errors', 'calls'))}",
        )
    )


_STYLES = _words(
    "snake_case camelCase PascalCase kebab-case SCREAMING_CASE tabs spaces dataclasses pathlib f-strings emojis "
    "mocks print UUIDs ULIDs cents decimals UTC ISO-8601 pydantic enums asserts fixtures doctests generators "
    "async/await threads globals semicolons abbreviations Hungarian-notation default-exports any classes "
    "inheritance singletons regex comments TODOs"
)


def choice_of_style(rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.35:
        return rng.choice(_STYLES)
    if roll < 0.5:
        adjective = rng.choice(("single", "double", "short", "long", "nested", "flat", "plain", "numbered", "past"))
        return f"{adjective} {rng.choice(WORDS)}s"
    return rng.choice((tool, identifier, phrase, call, number, word, name))(rng)


def failure(rng: random.Random) -> str:
    """A failing command or an error."""
    error = rng.choice(_ERRORS) if rng.random() < 0.7 else identifier(rng).capitalize() + "Error"
    run = quoted(command(rng), rng, 0.8)
    return rng.choice(
        (
            f"{run} failing with {error}",
            f"{run} failing with {error}",
            f"{run} fails with {error}",
            run,
            run,
            error,
            f"{error} in {quoted(identifier(rng), rng)}",
            f"{error}: {phrase(rng)}",
            f"{error} from {quoted(call(rng), rng)}",
            f"{run} exiting with {rng.randint(1, 255)}",
            f"{error} on {path(rng)}",
            f"{phrase(rng)} failing",
        )
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up fact."""

    subject: str
    relation: str
    value: str


def attribute(rng: random.Random) -> tuple[str, tuple[Maker, ...]]:
    """A relation and what makes its values; a third are composed, so that the vocabulary stays open."""
    relation, makers = rng.choice(_RELATIONS)
    roll = rng.random()
    if roll < 0.13:
        return f"{rng.choice(_QUALIFIERS)} {relation}", makers
    if roll < 0.2:
        return f"{word(rng)} {relation}", makers
    if roll < 0.33:
        return rng.choice(
            (word(rng), f"{rng.choice(WORDS)} {rng.choice(WORDS)}", f"{word(rng)} {rng.choice(WORDS)}")
        ), _ANY
    return relation, makers


def made(rng: random.Random) -> Made:
    """One fact of a random shape."""
    roll = rng.random()
    if roll < 0.6:
        relation, makers = attribute(rng)
        value = rng.choice(_ANY if rng.random() < 0.05 else makers)(rng)
        return Made(component(rng), relation, quoted(value, rng, 0.06))
    if roll < 0.7:
        value = choice_of_style(rng)
        return Made(topic(rng), "use", f"{value}, not {choice_of_style(rng)}" if rng.random() < 0.2 else value)
    if roll < 0.76:
        return Made(topic(rng), "avoid", choice_of_style(rng))
    if roll < 0.9:
        fix = command(rng) if rng.random() < 0.6 else edit(rng)
        return Made(failure(rng), "fix", quoted(fix, rng, 0.15))
    kind = rng.choice((call, call, identifier, command, tool, path))
    return Made(quoted(kind(rng), rng, 0.6), "replacement", quoted(kind(rng), rng, 0.5))


def key(fact: Made) -> tuple[str, str]:
    """What may have one value only; `use` and `avoid` of one topic would make half the questions ambiguous."""
    relation = SYNONYMS.get(fact.relation, fact.relation) if shape(fact.relation) is Shape.ATTRIBUTE else "*"
    return fact.subject.strip("`").casefold(), relation


def several(rng: random.Random, n: int) -> list[Made]:
    """`n` facts with distinct keys, a third of the attributes confusable: same subject or same relation as another."""
    found: dict[tuple[str, str], Made] = {}
    while len(found) < n:
        fact = made(rng)
        if found and shape(fact.relation) is Shape.ATTRIBUTE and rng.random() < 0.35:
            other = rng.choice(list(found.values()))
            if shape(other.relation) is Shape.ATTRIBUTE:
                same_subject = rng.random() < 0.5
                fact = (
                    Made(other.subject, fact.relation, fact.value)
                    if same_subject
                    else Made(fact.subject, other.relation, value_like(other.value, rng))
                )
        found.setdefault(key(fact), fact)
    return list(found.values())


def value_like(value: str, rng: random.Random) -> str:
    """A fresh value of the kind `value` seems to be: numbers for numbers, paths for paths."""
    if value.isdigit():
        return number(rng) if len(value) < 4 else port(rng)
    if "://" in value:
        return url(rng)
    if "/" in value:
        return path(rng)
    if " " in value:
        return command(rng)
    return rng.choice((identifier, tool, name, version, duration))(rng)
