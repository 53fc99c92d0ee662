import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;

/** One streaming query in a cluster within this process, parallelism 1. */
public class CandlesSql {
  public static void main(String[] told) throws Exception {
    TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    flink.getConfig().set("parallelism.default", "1");
    flink.executeSql("""
        create table ticks (
          symbol string, `time` bigint, price decimal(18, 4), size bigint,
          event_time as to_timestamp_ltz(`time`, 3), watermark for event_time as event_time - interval '5' second
        ) with ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json')""".formatted(told[0]));
    var candles = flink.executeSql("""
        select symbol, timestampdiff(second, to_timestamp_ltz(0, 3), window_time) / 60,
          first_value(price), max(price), min(price), last_value(price), sum(size), count(*)
        from table(tumble(table ticks, descriptor(event_time), interval '1' minute))
        group by symbol, window_start, window_end, window_time""");
    StringBuilder out = new StringBuilder();
    try (var rows = candles.collect()) {
      while (rows.hasNext()) {
        Row row = rows.next();
        out.append(row.getField(0)).append(',').append(60_000L * ((Number) row.getField(1)).longValue());
        for (int at = 2; at < row.getArity(); at++) out.append(',').append(row.getField(at));
        out.append('\n');
      }
    }
    System.out.print(out);
  }
}
