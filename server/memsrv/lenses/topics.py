"""What common tools and habits are about: `pnpm` is a package manager, not committing something is about git.

A closed list: with it, "we use pnpm" and "switch to yarn" meet under one subject, so that newer words supersede.
"""

import re

_TOPICS = {
    "package management": "npm pnpm yarn bun uv pip pipenv poetry conda pdm rye hatch cargo composer bundler",
    "indentation": "tabs spaces 2-spaces 4-spaces",
    "quotes": "single-quotes double-quotes",
    "tests": "pytest unittest jest vitest mocha rspec minitest nose playwright cypress ava tap junit ginkgo testify",
    "formatting": "black prettier gofmt rustfmt biome yapf clang-format dprint",
    "linting": "ruff flake8 eslint pylint golangci-lint clippy rubocop oxlint staticcheck",
    "type checking": "mypy pyright pytype tsc",
    "naming": "snake_case camelcase kebab-case pascalcase",
    "the database": "postgres postgresql mysql mariadb sqlite mongodb mongo dynamodb duckdb cockroachdb supabase",
    "HTTP requests": "httpx requests aiohttp axios fetch urllib got ky reqwest",
    "logging": "loguru structlog logging winston pino zap slog",
    "the message queue": "rabbitmq kafka nats sqs celery redis-streams",
    "caching": "redis memcached valkey",
    "styling": "tailwind tailwindcss sass scss styled-components emotion",
    "containers": "docker podman",
    "path handling": "pathlib os.path",
    "dates": "pendulum arrow dayjs moment date-fns luxon",
    "times": "utc",
    "data classes": "dataclasses pydantic attrs",
    "the ORM": "sqlalchemy prisma drizzle typeorm sequelize",
    "commit messages": "conventional-commits",
    "validation": "zod yup joi valibot",
    "error tracking": "sentry bugsnag rollbar",
    "feature flags": "launchdarkly unleash flagsmith",
    "issues": "linear jira",
    "CI": "github-actions circleci jenkins gitlab-ci buildkite",
    "secrets": "vault 1password doppler",
    "calls between services": "grpc",
    "spelling": "british-spelling american-spelling",
    "builds": "make just bazel gradle maven webpack rollup esbuild vite turbopack turborepo nx",
}
_OF = {word: topic for topic, words in _TOPICS.items() for word in words.split()}
#: Names of tools that are everyday words too.
_PLAIN = frozenset("just make task black got tap ava linear arrow moment fetch requests".split())

_ABOUT = (
    ("git", "commit push merge rebase amend squash force-push cherry-pick branch tag stash"),
    ("dependencies", "install upgrade downgrade bump pin"),
    ("tests", "mock patch stub skip test"),
    ("deployment", "deploy release publish ship"),
    ("commands", "run start launch execute invoke"),
    ("existing code", "edit modify touch change delete remove rewrite refactor rename reformat move overwrite"),
    ("code", "import hardcode hard-code log print catch swallow raise throw inline nest subclass inherit"),
    ("answers", "explain apologise apologize summarise summarize say reply repeat"),
)
_VERBS = {verb: topic for topic, verbs in _ABOUT for verb in verbs.split()}
_THINGS = (
    ("comments", r"comments?|docstrings?"),
    ("writing style", r"emojis?|headings?|numbered lists?|bullet(?: point)?s?|em[- ]dash(?:es)?|exclamation marks?"),
    ("tests", r"tests?|specs?|mocks?|fixtures?|assertions?"),
    ("secrets", r"secrets?|passwords?|tokens?|credentials?|api keys?|\.env"),
    ("git", r"force[- ]push(?:es)?|commits?|branch(?:es)?|main|master|pull requests?|prs?"),
    ("dependencies", r"dependenc(?:y|ies)|packages?|librar(?:y|ies)"),
    ("types", r"types?|any|type hints?|ts-ignore"),
    ("files", r"files?|director(?:y|ies)|folders?"),
)


def topic_of(name: str) -> str | None:
    """What a tool or habit is about, where the list knows."""
    words = " ".join(name.casefold().strip("`'\" ").split())
    bare = re.sub(r"^(?:the|a|an) ", "", words)
    for candidate in (bare, bare.replace(" ", "-"), re.sub(r"[ @=v]*\d[\w.]*$", "", bare)):
        if candidate in _OF:
            return _OF[candidate]
    return "indentation" if re.fullmatch(r"(?:\d+|two|four|hard|soft)[ -](?:spaces|tabs)", bare) else None


def topic_of_doing(verb: str, thing: str) -> str:
    """What a habit such as "add emojis" or "commit to main" is about."""
    if verb in _VERBS:
        return _VERBS[verb]
    for topic, words in _THINGS:
        if re.search(rf"(?i)(?<![\w-])(?:{words})(?![\w-])", thing):
            return topic
    return "code"


def is_tool(word: str) -> bool:
    """Whether a word in lower case can only be the name of a tool."""
    return word in _OF and len(word) > 2 and word not in _PLAIN
