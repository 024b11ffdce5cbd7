"""The words that the tiny corpus is made of: those of a coding project, and the sounds of words that nobody knows."""


def words(text: str) -> list[str]:
    return text.split()


ONSETS = words("b c d f g h j k l m n p r s t v w y z br cr dr fl gr kr pl pr qu sh sk sl sn sp st str th tr ch wh")
VOWELS = words("a e i o u a e i o u ai ea ee oo ou ie ia")
CODAS = words("n r l s x m t k nd rt st ck sh th mp ng d p b g")

WORDS = words(
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

TOOLS = words(
    "redis postgres sqlite mysql kafka rabbitmq nats celery duckdb mongodb memcached minio s3 etcd consul vault nginx "
    "caddy envoy fastapi flask django starlette axum actix gin express koa nestjs react vue svelte pytest unittest "
    "jest vitest mocha ruff black mypy pyright eslint prettier biome poetry uv pip npm pnpm yarn bun bazel make "
    "cmake just docker podman helm terraform ansible pulumi grafana prometheus loki sentry datadog jaeger numpy "
    "pandas polars dask torch typer click rich pydantic attrs httpx aiohttp requests grpc protobuf avro json toml "
    "yaml cargo go gradle mvn tox nox kubectl alembic prisma turbo nx webpack vite rollup deno node python bundle "
    "rake rails mix composer"
)

PEOPLE = words(
    "alice bob carol dave erin frank grace heidi ivan judy ken laura nina oscar peggy quinn sybil uma yara zoe"
)
VERBS = words(
    "load save parse build fetch merge flush sync scan push pull index encode decode split join render apply check "
    "drop list find make read write lock clean get set add remove create delete update open close send start stop "
    "run init"
)
ERRORS = words(
    "AttributeError TypeError KeyError ValueError RuntimeError TimeoutError ImportError OSError IndexError "
    "ECONNREFUSED ENOENT EACCES EADDRINUSE ETIMEDOUT ModuleNotFoundError PermissionError ConnectionError "
    "AssertionError UnicodeDecodeError ERR_REQUIRE_ESM OOMKilled SIGSEGV SIGKILL NullPointerException E0382 TS2345 "
    "P1001 CORS 401 403 404 429 500 502 503 504 E2BIG EPIPE ELIFECYCLE ENOSPC ERESOLVE"
)
STYLES = words(
    "snake_case camelCase PascalCase kebab-case SCREAMING_CASE tabs spaces dataclasses pathlib f-strings emojis "
    "mocks print UUIDs ULIDs cents decimals UTC ISO-8601 pydantic enums asserts fixtures doctests generators "
    "async/await threads globals semicolons abbreviations Hungarian-notation default-exports any classes "
    "inheritance singletons regex comments TODOs"
)
