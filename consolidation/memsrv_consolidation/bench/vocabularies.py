"""What the ten software projects of the consolidation paper talk about: components, tools and commands of each.

Words alone; conversations are made of them in `scenarios`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`name` is the paper's; every project has its own components, tools and commands."""

    name: str
    components: tuple[str, ...]
    tools: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def slug(self) -> str:
        return self.name.lower().replace(" ", "-")


def _made(name: str, components: str, tools: str, commands: str) -> Vocabulary:
    return Vocabulary(
        name, *(tuple(part.strip() for part in text.split(",")) for text in (components, tools, commands))
    )


VOCABULARIES = (
    _made("CLI Developer Tool",
          "schedule command, job store, cron parser, plugin loader, shell completion, config reader, output table, "
          "lock file, self updater, alias registry, template renderer, progress bar",
          "click, croniter, rich, platformdirs, tomlkit, pexpect, filelock, watchfiles",
          "devtool schedule run, devtool lint, pytest tests/cli, devtool doctor"),
    _made("Data Pipeline",
          "ingest stage, order loader, dedup step, schema registry, late-event buffer, backfill job, quality check, "
          "parquet writer, watermark store, customer dimension, export stage, retry queue",
          "airflow, polars, pyarrow, dbt, kafka, duckdb, pandera, minio",
          "dbt run, airflow tasks test, pytest tests/stages, make backfill"),
    _made("ML Training",
          "train loop, token sampler, checkpoint store, eval harness, loss scaler, data shuffler, run tracker, "
          "scheduler warmup, feature cache, sweep runner, gradient hook, model registry",
          "torch, accelerate, wandb, hydra, safetensors, tokenizers, optuna, webdataset",
          "python train.py, accelerate launch train.py, pytest tests/train, make eval"),
    _made("Monitoring Dashboard",
          "alert router, metric scraper, panel grid, silence list, uptime probe, log tailer, pager bridge, "
          "threshold editor, status page, rollup job, tenant switcher, incident timeline",
          "prometheus, grafana, loki, alertmanager, vector, influxdb, statsd, jaeger",
          "promtool check rules, make dashboards, go test ./probe, npm run panels"),
    _made("Web Frontend",
          "login form, cart drawer, search box, image carousel, route guard, toast stack, theme switch, checkout page, "
          "session hook, product card, error boundary, locale picker",
          "react, vite, zustand, tailwind, msw, playwright, zod, storybook",
          "npm run build, npx playwright test, npm run typecheck, npx vitest run"),
    _made("Game Development",
          "physics tick, sprite atlas, save slot, enemy spawner, input mapper, tile streamer, dialogue tree, "
          "particle pool, audio mixer, level editor, quest log, camera rig",
          "godot, box2d, aseprite, tiled, fmod, sdl2, imgui, enet",
          "make game, godot --headless --check, ctest --preset dev, tools/pack_atlas"),
    _made("DevOps Infrastructure",
          "cluster autoscaler, ingress chart, secret rotation, bastion host, build runner, image mirror, dns zone, "
          "state bucket, cost report, node pool, backup vault, release train",
          "terraform, helm, ansible, packer, argocd, vault, trivy, kustomize",
          "terraform plan, helm lint charts/api, ansible-playbook site.yml, make release"),
    _made("Scientific Computing",
          "mesh generator, sparse solver, ode stepper, unit checker, result archive, parameter scan, halo exchange, "
          "spectrum plotter, noise model, restart file, convergence test, kernel cache",
          "numpy, petsc, hdf5, numba, xarray, sympy, mpi4py, fftw",
          "mpirun -n 4 solve, pytest tests/solver, make scan, python -m scan.plot"),
    _made("Security Scanner",
          "rule engine, port sweeper, report signer, cve feed, sandbox launcher, baseline store, taint tracker, "
          "license check, finding triage, token broker, audit trail, scope filter",
          "semgrep, nmap, trufflehog, yara, syft, osv, nuclei, bandit",
          "make scan-rules, go test ./engine, yara rules/all.yar, python -m triage"),
    _made("Distributed Systems",
          "leader lease, partition map, offset log, dead-letter queue, quorum reader, gossip ring, snapshot writer, "
          "rebalance task, ack tracker, clock skew guard, consumer group, segment cleaner",
          "raft, rocksdb, grpc, nats, jepsen, etcd, protobuf, toxiproxy",
          "go test ./broker, make jepsen, cargo test -p ring, buf lint"),
)  # fmt: skip
