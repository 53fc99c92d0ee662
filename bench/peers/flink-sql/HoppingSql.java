import java.util.TreeMap;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;

/** The ticks and totals of hopping/Totals.ts. */
public class HoppingSql {
  public static void main(String[] told) throws Exception {
    TableEnvironment flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    flink.getConfig().set("parallelism.default", "1");
    flink.executeSql("""
        create table ticks (
          i bigint,
          symbol as concat('K', cast(mod(i, 100) as string)),
          price as 10000 + mod(i * 7919, 1000),
          size as mod(i, 500),
          event_time as to_timestamp_ltz(i / 10, 3), watermark for event_time as event_time - interval '0.001' second
        ) with (
          'connector' = 'datagen', 'rows-per-second' = '1000000000',
          'fields.i.kind' = 'sequence', 'fields.i.start' = '0', 'fields.i.end' = '%d'
        )""".formatted(Long.parseLong(told[0]) - 1));
    var sums = flink.executeSql("""
        select symbol, timestampdiff(second, to_timestamp_ltz(0, 3), window_time), sum(price), sum(size), count(*)
        from table(hop(table ticks, descriptor(event_time), interval '1' second, interval '60' second))
        group by symbol, window_start, window_end, window_time""");
    TreeMap<String, long[]> totals = new TreeMap<>();
    try (var rows = sums.collect()) {
      while (rows.hasNext()) {
        Row row = rows.next();
        // The time of a window is its last millisecond: 60 seconds from -59 on are up to 0.
        long start = (number(row, 1) - 59) * 1_000;
        long weight = (start / 1_000 + 60) % 101 + 1;
        long[] of = totals.computeIfAbsent((String) row.getField(0), key -> new long[4]);
        of[0] += 1;
        of[1] += weight * number(row, 2);
        of[2] += weight * number(row, 3);
        of[3] += weight * number(row, 4);
      }
    }
    totals.forEach((symbol, of) -> System.out.println(symbol + ",all," + of[0] + "," + of[1] + "," + of[2] + "," + of[3]));
  }

  private static long number(Row row, int field) {
    return ((Number) row.getField(field)).longValue();
  }
}
