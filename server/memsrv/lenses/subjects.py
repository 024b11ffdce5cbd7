"""One spelling for one thing: "our staging server" and "the staging server" are the same subject."""

import re

from memsrv.lenses.claim import THIS_PROJECT
from memsrv.lenses.topics import topic_of

_PRODUCTS = frozenset(
    "grafana prometheus kibana jaeger storybook keycloak minio mailhog jenkins airflow elasticsearch nginx traefik "
    "consul zookeeper clickhouse sonarqube metabase superset temporal localstack opensearch loki tempo".split()
)
_STAGES = {"prod": "production", "development": "dev", "testing": "test"}


def subject_of(words: str) -> str:
    """One spelling for one thing: "our staging server" is "the staging server"."""
    bare = re.sub(r"(?i)^(?:the|our|my|your|this|all)\s+", "", " ".join(words.split())).strip()
    bare = re.sub(r"(?i)\s+(?:these days|nowadays|now|currently|at the moment|for now)$", "", bare)
    if not bare or bare.lower() in ("project", "repo", "repository", "codebase", "code base", "we"):
        return THIS_PROJECT
    stage = re.fullmatch(
        r"(?i)(staging|production|prod|dev|development|test|testing|qa|uat)(?:\s+(?:server|environment|env"
        r"|host|instance|box|system|site|machine))?",
        bare,
    )
    if stage is not None:
        which = stage[1].lower()
        return f"the {_STAGES.get(which, which)} server"
    stored = re.fullmatch(r"(?i)(staging|production|prod|dev|development|test|testing|qa)\s+(?:db|database)", bare)
    if stored is not None:
        which = stored[1].lower()
        return f"the {_STAGES.get(which, which)} database"
    if topic_of(bare) is not None and len(bare.split()) == 1:
        return bare
    if bare.lower() in _PRODUCTS:
        return bare
    if bare.upper() == "API":
        return "the API"
    first = bare.split(" ", 1)[0]
    if re.fullmatch(r"[A-Z][a-z]+", first):  # only a sentence's first letter
        bare = bare[0].lower() + bare[1:]
    return f"the {bare}"
