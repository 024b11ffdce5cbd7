"""Relations that nobody named: which words mean them all the same, and which do not."""

import pytest

from memsrv_consolidation.implied import implied


@pytest.mark.parametrize(
    ("subject", "relation", "value", "quote"),
    [
        ("the uploader", "owner", "Priya", "Priya looks after the uploader these days."),
        ("billing", "owner", "Tobias", "Tobias signs off on anything in billing."),
        ("the worker", "address", "nats://10.4.0.7:4222", "The worker talks to NATS on nats://10.4.0.7:4222."),
        ("the nightly export", "bucket", "s3://kelp-exports/nightly", "It lands in s3://kelp-exports/nightly."),
        ("Grafana", "port", "3443", "Grafana sits behind graf.kelp.example:3443."),
        ("the release", "command", "make cut VERSION=x", "Cutting a release is just `make cut VERSION=x`."),
        ("Node", "version", "22", "We're on Node 22 in production."),
        ("the invoices cron", "time", "04:20 UTC", "The cron for invoices fires at 04:20 UTC."),
        ("the fixtures", "path", "tests/data/fixtures", "The fixtures are below tests/data/fixtures."),
    ],
)
def test_a_form_or_a_verb_says_what_it_is(subject: str, relation: str, value: str, quote: str) -> None:
    assert implied(subject, relation, value, [quote])


@pytest.mark.parametrize(
    ("subject", "relation", "value", "quote"),
    [
        ("the uploader", "owner", "Priya", "Priya broke the uploader."),
        ("the downloader", "owner", "Priya", "Priya looks after the uploader. The downloader is new."),
        ("the uploader", "owner", "Priya", "Bob, not Priya, is at home, and he looks after the uploader."),
        ("the uploader", "password", "Priya", "Priya looks after the uploader."),
        ("retries", "port", "4010", "It gave up after 4010 retries."),
        ("the release", "command", "rm -rf", "Somebody said rm -rf before the release."),
        ("tests", "version", "22", "22 tests ran in production."),
        ("the worker", "url", "Priya", "Priya wrote the worker."),
    ],
)
def test_what_is_only_near_is_not_meant(subject: str, relation: str, value: str, quote: str) -> None:
    assert not implied(subject, relation, value, [quote])
