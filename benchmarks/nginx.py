"""nginx, where it is installed: it serves a page's compressed bytes from disk, to compare with."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.fakes.mail import free_ports

PATH = "/page"
# One process, as one core is what is counted.
SETTINGS = """
daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; gzip_static on; default_type text/html;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    server {{ listen {address}; root {folder}; }}
}}
"""


@asynccontextmanager
async def nginx(page: str) -> AsyncIterator[tuple[str, int] | None]:
    """Serve what is found at the URL `page` under PATH. Yields address and process id; None where there is no nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    async with httpx.AsyncClient() as client:
        content = (await client.get(page, headers={"Accept-Encoding": "gzip"})).content
    with TemporaryDirectory() as folder:
        address = f"127.0.0.1:{free_ports(1)[0]}"
        order = [program, "-e", "stderr", "-c", _settings(Path(folder), address, content)]
        with subprocess.Popen(order, stderr=subprocess.DEVNULL) as process:  # noqa: ASYNC220 # it only starts it
            try:
                await _listening(address)
                yield address, process.pid
            finally:
                process.terminate()


async def _listening(address: str) -> None:
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(10):
        while True:
            with suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection(host, int(port))
                return writer.close()
            await asyncio.sleep(0.02)


def _settings(folder: Path, address: str, content: bytes) -> str:
    """Write what nginx needs into `folder`; return the path of its settings."""
    folder.chmod(0o755)
    (folder / PATH[1:]).write_bytes(content)
    (folder / f"{PATH[1:]}.gz").write_bytes(gzip.compress(content))
    settings = folder / "conf"
    settings.write_text(SETTINGS.format(folder=folder, address=address))
    return str(settings)
