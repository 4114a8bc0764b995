"""A server that answers every GET with 600 bytes and does nothing else: what a gateway can be held
against. Run as a process of its own, `python -m tests.bench.plain_backend --port 8000`."""

import argparse

from aiohttp import web

BODY = b'{"padding": "' + b"x" * 585 + b'"}'
assert len(BODY) == 600


async def answer(_request: web.Request) -> web.Response:
    return web.Response(body=BODY, content_type="application/json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    web.run_app(
        app, host="127.0.0.1", port=parser.parse_args().port, access_log=None, print=lambda _: None
    )


if __name__ == "__main__":
    main()
