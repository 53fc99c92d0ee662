"""A dataflow of one worker: lines, `json.loads`, windows by event time."""

import json
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.connectors.files import FileSource
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.testing import cluster_main

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def tick(line):
    fields = json.loads(line)
    at = EPOCH + timedelta(milliseconds=fields["time"])
    return fields["symbol"], (at, Decimal(fields["price"]), fields["size"])


def take(candle, tick):
    _, price, size = tick
    if candle is None:
        return price, price, price, price, size, 1
    open, high, low, _, volume, count = candle
    return open, max(high, price), min(low, price), price, volume + size, count + 1


def text(keyed):
    symbol, (window, candle) = keyed
    return ",".join(map(str, (symbol, window * 60_000, *candle)))


def merge(left, right):
    raise NotImplementedError("tumbling windows do not merge")


flow = Dataflow("candles")
ticks = op.map("tick", op.input("file", flow, FileSource(Path(sys.argv[1]), batch_size=1000)), tick)
clock = win.EventClock(ts_getter=lambda tick: tick[0], wait_for_system_duration=timedelta(seconds=5))
windower = win.TumblingWindower(align_to=EPOCH, length=MINUTE)
candles = win.fold_window("candles", ticks, clock, windower, lambda: None, take, merge)
op.output("out", op.map("text", candles.down, text), StdOutSink())

cluster_main(flow, [], 0)
