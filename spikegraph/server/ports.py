"""Ports of the local server: the usual ones where they are free, the next free ones where nobody insisted."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from dataclasses import dataclass

import psutil

from spikegraph.errors import ServerError
from spikegraph.logs import get_logger
from spikegraph.server.configuration import HOST
from spikegraph.settings import ServerSettings

SEARCHED = 100
"""How many ports above the usual one are tried."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Ports:
    """Where the server listens: Bolt for programs, HTTP for Browser."""

    bolt: int
    http: int


def choose_ports(server: ServerSettings) -> Ports:
    """Give the ports of the settings; where one is taken and was not set on purpose, the next free one.

    Raises:
        ServerError: a port that was set on purpose is taken, or there is no free one near.
    """
    bolt = _choose("bolt_port", server, taken=())
    return Ports(bolt, _choose("http_port", server, taken=(bolt,)))


def may_choose(server: ServerSettings) -> bool:
    """Tell whether at least one port is ours to choose."""
    return not {"bolt_port", "http_port"} <= server.model_fields_set


def is_free(port: int) -> bool:
    """Tell whether nothing on this machine listens at the port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            # Connections that wait to be forgotten do not make a port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def port_taken(port: int, setting: str) -> ServerError:
    """Say that a port is taken, by whom where that can be seen, and what to do."""
    hint = f"stop what listens there, or choose another: --set server.{setting}={port + 1}"
    return ServerError(f"port {port} is taken{_by_whom(port)}", where=f"server.{setting}", hint=hint)


def _choose(setting: str, server: ServerSettings, taken: Collection[int]) -> int:
    wanted: int = getattr(server, setting)
    if wanted not in taken and is_free(wanted):
        return wanted
    if setting in server.model_fields_set:
        raise port_taken(wanted, setting)
    for port in range(wanted + 1, min(wanted + SEARCHED, 65536)):
        if port not in taken and is_free(port):
            log.info("the usual port is taken, another was chosen", setting=setting, usual=wanted, chosen=port)
            return port
    raise port_taken(wanted, setting)


def _by_whom(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
        listening = [c for c in connections if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port]
        names = {f"{psutil.Process(c.pid).name()}, process {c.pid}" for c in listening if c.pid}
    except psutil.Error:
        return ""
    return f" by {', '.join(sorted(names))}" if names else ""
