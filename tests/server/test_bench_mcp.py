"""`memsrv bench mcp` measures real servers, ours beside a bare one."""

from memsrv.bench.mcp import serving


def test_both_servers_are_started_called_and_weighed() -> None:
    made = serving(rounds=1, calls=2, mib=0.2)

    ours, bare = made.servers
    assert (ours.name, ours.tools, bare.name, bare.tools) == ("memsrv", 8, "bare", 1)
    assert bare.definition_bytes < ours.definition_bytes <= 6_200  # what JSON-RPC puts around it included
    assert 0 < ours.call_p50_ms <= ours.call_p95_ms
    assert made.ratio > 0
