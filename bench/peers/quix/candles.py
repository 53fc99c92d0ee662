"""One process, at least once; windows are written once, when the time of the partition has passed them."""

import sys

from quixstreams import Application

brokers, source, sink, folder = sys.argv[1:]
app = Application(
    broker_address=brokers,
    consumer_group=sink,
    auto_offset_reset="earliest",
    state_dir=folder,
    loglevel="WARNING",
)


def ten_thousandths(text):
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(4, "0"))


def first(tick):
    price = ten_thousandths(tick["price"])
    return {"symbol": tick["symbol"], "open": price, "high": price, "low": price, "close": price, "volume": tick["size"], "count": 1}


def take(candle, tick):
    price = ten_thousandths(tick["price"])
    candle["high"] = max(candle["high"], price)
    candle["low"] = min(candle["low"], price)
    candle["close"] = price
    candle["volume"] += tick["size"]
    candle["count"] += 1
    return candle


def text(window):
    candle = window["value"]
    prices = (f"{candle[name] // 10_000}.{candle[name] % 10_000:04}" for name in ("open", "high", "low", "close"))
    return ",".join(map(str, (candle["symbol"], window["start"], *prices, candle["volume"], candle["count"])))


ticks = app.topic(source, value_deserializer="json", timestamp_extractor=lambda tick, headers, time, kind: tick["time"])
(
    app.dataframe(ticks)
    .tumbling_window(60_000, grace_ms=5_000)
    .reduce(reducer=take, initializer=first)
    .final(closing_strategy="partition")
    .apply(text)
    .to_topic(app.topic(sink, value_serializer="str"))
)
app.run()
