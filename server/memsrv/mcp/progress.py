"""Tells a client that waits for a long call that it goes on: most give a call up after a minute of silence.

A verb is one function that no one can look into, so what is told is how long it has worked, not how much is left.
"""

import time

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext

EVERY_SECONDS = 2.0


def telling(every: float = EVERY_SECONDS) -> ServerMiddleware[object]:
    """A progress notification `every` so many seconds of a tool's call; only a client that asked for them gets any."""

    async def told(ctx: ServerRequestContext[object], call_next: CallNext) -> HandlerResult:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        failure: Exception | None = None
        result: HandlerResult = None
        async with anyio.create_task_group() as group:
            group.start_soon(_tell, ctx, every)
            try:
                result = await call_next(ctx)
            except Exception as error:  # noqa: BLE001  # raised again below, as itself and not in a group
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return result

    return told


async def _tell(ctx: ServerRequestContext[object], every: float) -> None:
    began = time.monotonic()
    while True:
        await anyio.sleep(every)
        seconds = time.monotonic() - began
        await ctx.session.report_progress(seconds, None, f"{(ctx.params or {}).get('name')}: {seconds:.0f} s")
