"""Windows over a table of all ticks. The number of a line says which of two trades of a millisecond was first."""

import json
import os
import sys

os.environ.setdefault("PATHWAY_THREADS", "1")

import pathway as pw

MINUTE = 60_000


class Tick(pw.Schema):
    line: int = pw.column_definition(primary_key=True)
    symbol: str
    time: int
    price: int
    size: int


class Lines(pw.io.python.ConnectorSubject):
    def run(self):
        with open(sys.argv[1]) as lines:
            for number, line in enumerate(lines):
                tick = json.loads(line)
                whole, _, fraction = tick["price"].partition(".")
                # There are no decimals: a price is ten-thousandths.
                price = int(whole + fraction.ljust(4, "0"))
                self.next(line=number, symbol=tick["symbol"], time=tick["time"], price=price, size=tick["size"])


ticks = pw.io.python.read(Lines(), schema=Tick, autocommit_duration_ms=None)
candles = ticks.windowby(
    ticks.time, window=pw.temporal.tumbling(duration=MINUTE, origin=0), instance=ticks.symbol
).reduce(
    pw.this._pw_instance,
    pw.this._pw_window_start,
    first=pw.reducers.min(pw.make_tuple(pw.this.line, pw.this.price)),
    high=pw.reducers.max(pw.this.price),
    low=pw.reducers.min(pw.this.price),
    last=pw.reducers.max(pw.make_tuple(pw.this.line, pw.this.price)),
    volume=pw.reducers.sum(pw.this.size),
    count=pw.reducers.count(),
)

final = {}


def take(key, row, time, is_addition):
    if is_addition:
        final[key] = row
    elif final.get(key) == row:
        del final[key]


def price(value):
    return f"{value // 10_000}.{value % 10_000:04}"


pw.io.subscribe(candles, on_change=take)
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
for row in final.values():
    prices = map(price, (row["first"][1], row["high"], row["low"], row["last"][1]))
    print(row["_pw_instance"], row["_pw_window_start"], *prices, row["volume"], row["count"], sep=",")
