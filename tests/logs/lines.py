"""Lines to try things with."""

from nixtui.logs.line import Kind, LogLine


def lines(*orders: int, host: str = "web-1", message: str = "line {}", kind: Kind = Kind.ENTRY) -> list[LogLine]:
    return [
        LogLine(order, order / 1000, host, message.format(order), "nginx.service", cursor=f"c{order}", kind=kind)
        for order in orders
    ]
