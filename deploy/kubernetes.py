"""Prepare inside a Kubernetes cluster: what `aiqc prepare` writes into files becomes Secrets.

    python -m deploy.kubernetes      in the Job of deploy/k8s/prepare.yaml

The Secrets are there, empty, before it runs: the Job may read and change these five and make
none. `prepared` keeps passwords and keys for the next run; each service sees its own alone.
"""

import asyncio
import base64
import os
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from deploy import CannotStart
from deploy.database import PASSWORDS_FILE
from deploy.installation import data_dir
from deploy.keys import KEYS_FILE
from deploy.prepare import BAD_CONFIGURATION, prepare
from deploy.private_files import write_private

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
STATE = "prepared"
STATE_FILES = (KEYS_FILE, PASSWORDS_FILE)
TIMEOUT = ClientTimeout(total=30)


@dataclass(frozen=True, slots=True)
class Secrets:
    """The Secrets of one namespace. `session` carries the account's token."""

    session: ClientSession
    url: URL
    namespace: str

    async def read(self, name: str) -> tuple[dict[str, str], str]:
        """What the Secret holds, and its version. Raises CannotStart."""
        found = await self._call("GET", name)
        data = {key: base64.b64decode(text).decode() for key, text in _data(found).items()}
        return data, str(found["metadata"]["resourceVersion"])

    async def write(self, name: str, data: Mapping[str, str], version: str = "") -> None:
        """Set these keys, and leave others; with a `version` only if that is still the one."""
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        change: dict[str, object] = {"data": encoded}
        if version:
            change["metadata"] = {"resourceVersion": version}
        await self._call("PATCH", name, change)

    async def _call(
        self, method: str, name: str, change: Mapping[str, object] | None = None
    ) -> dict[str, dict[str, str]]:
        headers = {"Content-Type": "application/merge-patch+json"} if change else {}
        url = self.url / f"api/v1/namespaces/{self.namespace}/secrets/{name}"
        try:
            async with self.session.request(
                method, url, json=change, headers=headers, timeout=TIMEOUT
            ) as response:
                if response.ok:
                    found: dict[str, dict[str, str]] = await response.json()
                    return found
        except (ClientError, TimeoutError, OSError) as error:
            raise CannotStart(f"the cluster's API does not answer: {error}") from error
        if response.status == 409:
            raise CannotStart(f"another Job changes Secret {name} just now: run this one again")
        raise CannotStart(
            f"Secret {name} cannot be used ({response.status}): apply deploy/k8s/prepare.yaml"
        )


async def prepare_cluster(environ: Mapping[str, str], secrets: Secrets) -> list[str]:
    """Prepare the database of DATABASE_URL with what earlier runs have kept; gives what was done.

    Raises CannotStart; a run that broke off is mended by the next one.
    """
    kept, version = await secrets.read(STATE)
    folder = data_dir(environ)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in STATE_FILES:
        if name in kept:
            write_private(folder / name, kept[name])
    prepared = await prepare(environ)
    state = {name: (folder / name).read_text() for name in STATE_FILES}
    if state != kept:
        await secrets.write(STATE, state, version)
    for service, variables in prepared.secrets.items():
        await secrets.write(service, variables)
    return [
        f"The database {prepared.database} is ready.",
        f"The Secrets {', '.join(prepared.secrets)} are filled.",
    ]


@asynccontextmanager
async def own_secrets(
    environ: Mapping[str, str], account: Path = ACCOUNT
) -> AsyncIterator[Secrets]:
    """Those of the namespace that this process runs in. Raises CannotStart outside a cluster."""
    try:
        host, port = environ["KUBERNETES_SERVICE_HOST"], environ["KUBERNETES_SERVICE_PORT"]
        token = (account / "token").read_text().strip()
        namespace = (account / "namespace").read_text().strip()
        trust = ssl.create_default_context(cafile=account / "ca.crt")
    except (KeyError, OSError) as error:
        raise CannotStart(f"this is no Job of a cluster: {error} is missing") from None
    url = URL.build(scheme="https", host=host, port=int(port))
    async with ClientSession(
        headers={"Authorization": f"Bearer {token}"}, connector=TCPConnector(ssl=trust)
    ) as session:
        yield Secrets(session, url, namespace)


def _data(secret: Mapping[str, dict[str, str]]) -> dict[str, str]:
    return secret.get("data") or {}


async def _main() -> None:
    async with own_secrets(os.environ) as secrets:
        print("\n".join(await prepare_cluster(os.environ, secrets)))


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except CannotStart as error:
        print(f"prepare: {error}", file=sys.stderr)
        sys.exit(BAD_CONFIGURATION)
