"""Download single jars from the public repository of Java libraries, which `jgo` knows."""

from __future__ import annotations

import functools
from pathlib import Path

import requests
from jgo.maven import Artifact, MavenContext, PythonResolver
from requests.adapters import HTTPAdapter

from spikegraph.errors import ServerError
from spikegraph.server.jars import Jar

CONNECTIONS = 16
TIMEOUT = 30
"""Seconds without a byte after which a download counts as cut."""
CHUNK = 2**20


class KeptConnections(PythonResolver):
    """Downloads for `jgo` over connections that are kept open.

    `jgo`'s own opens two connections a jar, the second one for a checksum that we do not need: the lock file has a
    better one. That takes five times as long.
    """

    def download(self, artifact: Artifact) -> Path:
        """Write the artifact to its place in `jgo`'s cache.

        Raises:
            ServerError: the repository answers, but with something else than the jar.
            requests.RequestException: the connection failed or was cut.
        """
        target = Path(str(artifact.cached_path))
        target.parent.mkdir(parents=True, exist_ok=True)
        for repository in artifact.context.remote_repos.values():
            address = f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
            with _session().get(address, stream=True, timeout=TIMEOUT) as answer:
                status = answer.status_code
                if status == requests.codes.ok:
                    with target.open("wb") as file:
                        file.writelines(answer.iter_content(CHUNK))
                    return target
        hint = "run `spikegraph server install` again in a while: what came whole is kept"
        raise ServerError(f"the repository answered {status}", where=str(artifact.component), hint=hint)


def download(jar: Jar, folder: Path) -> Path:
    """Download a jar below `folder` and give its path; see `KeptConnections.download` for the errors."""
    context = MavenContext(repo_cache=folder, resolver=KeptConnections())
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    return Path(component.artifact(classifier=jar.classifier).resolve())


@functools.cache
def _session() -> requests.Session:
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS))
    return session
