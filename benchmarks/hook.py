"""A receiver of webhooks in a process of its own: it says its port, and then answers each line on standard input with the
times at which it first heard of each service.
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop

from benchmarks.far import Hook, World


async def receive() -> None:
    world = World()
    server = await asyncio.get_running_loop().create_server(lambda: Hook(world), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(world.heard), flush=True)


if __name__ == "__main__":
    uvloop.run(receive())
