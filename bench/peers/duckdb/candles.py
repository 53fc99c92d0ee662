"""One query over the whole file. The number of a line says which of two trades of a millisecond was first."""

import sys

import duckdb

rows = duckdb.execute(
    """
    select symbol, time // 60000 * 60000 as minute,
      arg_min(price, line), max(price), min(price), arg_max(price, line), sum(size), count(*)
    from (
      select *, row_number() over () as line
      from read_ndjson(?, columns = {symbol: 'varchar', time: 'bigint', price: 'decimal(18, 4)', size: 'bigint'})
    )
    group by symbol, minute
    """,
    [sys.argv[1]],
).fetchall()
sys.stdout.write("".join(",".join(map(str, row)) + "\n" for row in rows))
