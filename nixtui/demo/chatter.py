"""What the services of a demo host write into its journal all day long."""

from random import Random
from typing import Final

from nixtui.demo.host_log import HostLog

_LINES: Final = {
    "all": (
        "sshd.service|6|Accepted publickey for ops from 10.0.0.{n} port 5{m} ssh2: ED25519 SHA256:5tQ0oZ",
        "systemd-timesyncd.service|6|Contacted time server 10.0.0.2:123 (ntp.shop.example).",
        "nix-daemon.service|6|accepted connection from pid 3{m}, user ops (trusted)",
    ),
    "web": (
        'nginx.service|6|10.0.0.{n} "GET /api/cart/{m} HTTP/2.0" 200 {m} 0.0{n}',
        'nginx.service|6|10.0.0.{n} "GET /api/products?page={n} HTTP/2.0" 200 1{m} 0.1{n}',
        'nginx.service|6|10.0.0.{n} "POST /api/orders HTTP/2.0" 201 {n} 0.2{n}',
        'shop-api.service|6|level=info msg="order placed" order={m}{n} items={n} ms={n}',
        'shop-api.service|4|level=warn msg="slow query" table=inventory ms=8{n}',
    ),
    "db": (
        "postgresql.service|6|LOG:  checkpoint complete: wrote {m} buffers (1.{n}%); write=2{n}.0 s, sync=0.0{n} s",
        'postgresql.service|6|LOG:  automatic vacuum of table "shop.public.orders": index scans: 1',
        "pgbouncer.service|6|stats: {m} xacts/s, {m} queries/s, in {m}{n} B/s, out 1{m}{n} B/s, xact {n}{n} us",
    ),
    "cache": (
        "redis-shop.service|6|Background saving terminated with success",
        "redis-shop.service|6|{m} changes in 300 seconds. Saving...",
        "varnish.service|6|Child (3{m}) said Child starts",
    ),
    "build": (
        "buildkite-agent.service|6|Job {m}{n}: nix build .#checks.x86_64-linux.shop-api",
        "harmonia.service|6|GET /nar/{m}{n}.nar.zst 200",
    ),
    "app": (
        'shop-api.service|6|level=info msg="order placed" order={m}{n} items={n} ms={n}',
        "shop-worker.service|6|job order-mail {m}{n} done in {m} ms",
        "shop-worker.service|4|job order-export {m} is slow: {n} s",
        "rabbitmq.service|6|accepting AMQP connection 10.0.0.{n}:5{m} -> 10.0.0.21:5672",
    ),
    "edge": (
        "haproxy.service|6|10.1.{n}.{n}:4{m} shop~ web/web-3 0/0/1/{n}/{m} 200 1{m} - - ----",
        "varnish.service|6|Child (3{m}) said Child starts",
    ),
    "backup": ("borgbackup-repo-shop.service|6|Archive db-1-{m}{n}: {n} GB original, {m} MB deduplicated",),
    "log": (
        'loki.service|6|level=info msg="flushing stream" tenant=shop labels={m}',
        "vector.service|6|Healthcheck passed.",
    ),
}
"""UNIT|PRIORITY|MESSAGE; `{m}` and `{n}` are numbers of three digits and of two."""


class Chatter:
    """Says something believable to a log when asked to."""

    def __init__(self, log: HostLog, role: str, random: Random) -> None:
        self._log = log
        self._random = random
        self._lines = _LINES["all"] + _LINES[role] * 4

    def say(self, silent: frozenset[str], at: float | None = None) -> None:
        """One line, now or `at` a time, unless it is that of a unit that is `silent`."""
        unit, priority, text = self._random.choice(self._lines).split("|", 2)
        message = text.format(m=self._random.randrange(100, 1000), n=self._random.randrange(10, 100))
        if unit not in silent:
            self._log.say(unit, message, pid=900 + len(unit), priority=int(priority), at=at)
