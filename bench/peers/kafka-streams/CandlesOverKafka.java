import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.WindowStore;

/** One thread, at least once; windows are written once, when they close. */
public class CandlesOverKafka {
  record Tick(String symbol, long time, BigDecimal price, long size) {}

  /** Prices are ten-thousandths: the store writes a candle out with every tick, so it is made of six numbers. */
  record Candle(long open, long high, long low, long close, long volume, long count) {
    Candle with(Tick tick) {
      long price = tick.price.movePointRight(4).longValueExact();
      if (count == 0) return new Candle(price, price, price, price, tick.size, 1);
      return new Candle(open, Math.max(high, price), Math.min(low, price), price, volume + tick.size, count + 1);
    }

    byte[] bytes() {
      return ByteBuffer.allocate(48).putLong(open).putLong(high).putLong(low).putLong(close).putLong(volume).putLong(count)
          .array();
    }

    static Candle of(byte[] bytes) {
      ByteBuffer from = ByteBuffer.wrap(bytes);
      return new Candle(from.getLong(), from.getLong(), from.getLong(), from.getLong(), from.getLong(), from.getLong());
    }

    String text() {
      return price(open) + "," + price(high) + "," + price(low) + "," + price(close) + "," + volume + "," + count;
    }

    private static String price(long value) {
      return BigDecimal.valueOf(value, 4).toPlainString();
    }
  }

  private static final ObjectMapper mapper = new ObjectMapper();

  private static Tick parse(byte[] bytes) {
    try {
      return mapper.readValue(bytes, Tick.class);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  public static void main(String[] told) {
    String brokers = told[0], from = told[1], to = told[2], folder = told[3];
    Deserializer<Tick> tickOf = (topic, bytes) -> parse(bytes);
    Serde<Tick> ticks = Serdes.serdeFrom((topic, tick) -> { throw new UnsupportedOperationException(); }, tickOf);
    Serde<Candle> candles = Serdes.serdeFrom((topic, candle) -> candle.bytes(), (topic, bytes) -> bytes == null ? null : Candle.of(bytes));

    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(from, Consumed.with(Serdes.String(), ticks).withTimestampExtractor((record, latest) -> ((Tick) record.value()).time))
        .groupByKey(Grouped.with(Serdes.String(), ticks))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(5)))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(() -> new Candle(0, 0, 0, 0, 0, 0), (symbol, tick, candle) -> candle.with(tick),
            // By default a window is kept for 65 seconds, and each minute of the ticks opens a database of its own.
            Materialized.<String, Candle, WindowStore<Bytes, byte[]>>with(Serdes.String(), candles).withRetention(Duration.ofHours(6)))
        .toStream((window, candle) -> window.key() + "," + window.window().start())
        .mapValues((key, candle) -> key + "," + candle.text())
        .to(to, Produced.with(Serdes.String(), Serdes.String()));

    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, to);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    new KafkaStreams(builder.build(), settings).start();
  }
}
