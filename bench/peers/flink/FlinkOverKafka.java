import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The same as from a file, from topic to topic; a checkpoint every ten seconds, at least once. */
public class FlinkOverKafka {
  public static void main(String[] told) throws Exception {
    String brokers = told[0], from = told[1], to = told[2];
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.getExecutionEnvironment().setParallelism(1);
    flink.enableCheckpointing(10_000);
    KafkaSource<String> source = KafkaSource.<String>builder()
        .setBootstrapServers(brokers).setTopics(from).setGroupId(to)
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setValueOnlyDeserializer(new SimpleStringSchema())
        .build();
    KafkaSink<String> sink = KafkaSink.<String>builder()
        .setBootstrapServers(brokers)
        .setRecordSerializer(KafkaRecordSerializationSchema.<String>builder()
            .setTopic(to).setValueSerializationSchema(new SimpleStringSchema()).build())
        .build();
    Candles.of(flink.fromSource(source, WatermarkStrategy.noWatermarks(), from)).sinkTo(sink);
    flink.execute();
  }
}
