"""Sending a stored file: as a download that no browser opens in our name."""

import asyncio
from urllib.parse import quote

from aiohttp import web

from services.qc.store import Store

CHUNK_BYTES = 1 << 18


async def send_file(
    request: web.Request, store: Store, sha256: str, file_name: str
) -> web.StreamResponse:
    """Stream the content to the caller. Raises NotFound before the answer begins."""
    async with store.fetch(sha256) as file:
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
                "Content-Length": str(file.stat().st_size),
            }
        )
        await response.prepare(request)
        with file.open("rb") as content:
            while chunk := await asyncio.to_thread(content.read, CHUNK_BYTES):
                await response.write(chunk)
        await response.write_eof()
    return response
