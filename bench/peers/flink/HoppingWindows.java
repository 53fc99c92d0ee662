import java.time.Duration;
import java.util.TreeMap;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.SlidingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** The ticks and totals of hopping/Totals.ts. */
public class HoppingWindows {
  public static class Tick {
    public String symbol;
    public long time, price, size;
  }

  public static class Sums {
    public String symbol;
    public long start, price, volume, count;
  }

  public static class Fold implements AggregateFunction<Tick, Sums, Sums> {
    @Override
    public Sums createAccumulator() {
      return new Sums();
    }

    @Override
    public Sums add(Tick tick, Sums sums) {
      sums.price += tick.price;
      sums.volume += tick.size;
      sums.count += 1;
      return sums;
    }

    @Override
    public Sums getResult(Sums sums) {
      return sums;
    }

    @Override
    public Sums merge(Sums left, Sums right) {
      throw new UnsupportedOperationException("hopping windows do not merge");
    }
  }

  public static class Named implements WindowFunction<Sums, Sums, String, TimeWindow> {
    @Override
    public void apply(String symbol, TimeWindow window, Iterable<Sums> all, Collector<Sums> out) {
      for (Sums sums : all) {
        sums.symbol = symbol;
        sums.start = window.getStart();
        out.collect(sums);
      }
    }
  }

  static Tick tickOf(long i) {
    Tick tick = new Tick();
    tick.symbol = "K" + i % 100;
    tick.time = i / 10;
    tick.price = 10_000 + i * 7_919 % 1_000;
    tick.size = i % 500;
    return tick;
  }

  static void add(TreeMap<String, long[]> totals, String symbol, long start, long price, long volume, long count) {
    long weight = (start / 1_000 + 60) % 101 + 1;
    long[] of = totals.computeIfAbsent(symbol, key -> new long[4]);
    of[0] += 1;
    of[1] += weight * price;
    of[2] += weight * volume;
    of[3] += weight * count;
  }

  static void print(TreeMap<String, long[]> totals) {
    totals.forEach((symbol, of) -> System.out.println(symbol + ",all," + of[0] + "," + of[1] + "," + of[2] + "," + of[3]));
  }

  public static void main(String[] told) throws Exception {
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.getExecutionEnvironment().setParallelism(1);
    var sums = flink.fromSequence(0, Long.parseLong(told[0]) - 1)
        .map(HoppingWindows::tickOf).returns(Tick.class)
        .assignTimestampsAndWatermarks(WatermarkStrategy.<Tick>forMonotonousTimestamps().withTimestampAssigner((tick, before) -> tick.time))
        .keyBy(tick -> tick.symbol)
        .window(SlidingEventTimeWindows.of(Duration.ofSeconds(60), Duration.ofSeconds(1)))
        .aggregate(new Fold(), new Named());
    TreeMap<String, long[]> totals = new TreeMap<>();
    try (var results = sums.executeAndCollect()) {
      results.forEachRemaining(of -> add(totals, of.symbol, of.start, of.price, of.volume, of.count));
    }
    print(totals);
  }
}
