import java.math.BigDecimal;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.WindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** The DataStream API in a cluster within this process, parallelism 1. */
public class Candles {
  public static class Tick {
    public String symbol;
    public long time;
    public BigDecimal price;
    public long size;
  }

  public static class Candle {
    public BigDecimal open, high, low, close;
    public long volume, count;
  }

  public static class Parse extends RichMapFunction<String, Tick> {
    private transient ObjectMapper mapper;

    @Override
    public void open(OpenContext context) {
      mapper = new ObjectMapper();
    }

    @Override
    public Tick map(String line) throws Exception {
      return mapper.readValue(line, Tick.class);
    }
  }

  public static class Fold implements AggregateFunction<Tick, Candle, Candle> {
    @Override
    public Candle createAccumulator() {
      return new Candle();
    }

    @Override
    public Candle add(Tick tick, Candle candle) {
      if (candle.count == 0) candle.open = candle.high = candle.low = tick.price;
      candle.high = candle.high.max(tick.price);
      candle.low = candle.low.min(tick.price);
      candle.close = tick.price;
      candle.volume += tick.size;
      candle.count += 1;
      return candle;
    }

    @Override
    public Candle getResult(Candle candle) {
      return candle;
    }

    @Override
    public Candle merge(Candle left, Candle right) {
      throw new UnsupportedOperationException("tumbling windows do not merge");
    }
  }

  public static class Line implements WindowFunction<Candle, String, String, TimeWindow> {
    @Override
    public void apply(String symbol, TimeWindow window, Iterable<Candle> candles, Collector<String> out) {
      for (Candle candle : candles) {
        out.collect(symbol + "," + window.getStart() + "," + candle.open + "," + candle.high + "," + candle.low + ","
            + candle.close + "," + candle.volume + "," + candle.count);
      }
    }
  }

  /** From lines to lines; the program over Kafka has the same in the middle. */
  public static DataStream<String> of(DataStream<String> lines) {
    return lines.map(new Parse())
        .assignTimestampsAndWatermarks(WatermarkStrategy.<Tick>forBoundedOutOfOrderness(Duration.ofSeconds(5))
            .withTimestampAssigner((tick, before) -> tick.time))
        .keyBy(tick -> tick.symbol)
        .window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
        .aggregate(new Fold(), new Line());
  }

  public static void main(String[] told) throws Exception {
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.getExecutionEnvironment().setParallelism(1);
    FileSource<String> file = FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path(told[0])).build();
    try (var candles = of(flink.fromSource(file, WatermarkStrategy.noWatermarks(), "file")).executeAndCollect()) {
      StringBuilder out = new StringBuilder();
      while (candles.hasNext()) out.append(candles.next()).append('\n');
      System.out.print(out);
    }
  }
}
