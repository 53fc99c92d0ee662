"""One lazy query over the whole file."""

import sys

import polars as pl

ticks = pl.scan_ndjson(sys.argv[1], schema={"symbol": pl.String, "time": pl.Int64, "price": pl.String, "size": pl.Int64})
price = pl.col("price")
candles = (
    ticks.with_columns(price.cast(pl.Decimal(18, 4)), minute=pl.col("time") // 60_000 * 60_000)
    .group_by("symbol", "minute", maintain_order=True)
    .agg(
        open=price.first(),
        high=price.max(),
        low=price.min(),
        close=price.last(),
        volume=pl.col("size").sum(),
        count=pl.len(),
    )
    .collect()
)
sys.stdout.write(candles.write_csv(include_header=False))
