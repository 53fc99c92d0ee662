/** Who makes candles of ticks in a file. Each gets the file as standard input and as an argument, and prints candles. */
import { Effect } from "effect"
import type { Jars } from "../../services/tool/Jars.ts"
import type { Contender, Program } from "./Contender.ts"
import * as Java from "./Java.ts"
import * as Python from "./Python.ts"
import * as Rust from "./Rust.ts"

const ofNode = (script: string): Contender["prepare"] => Effect.succeed((...told) => [process.execPath, `bench/peers/${script}`, ...told])

const pipeline = "./bench/peers/courant/candles.ts"

const run = ["src/main.ts", "run", "--feed", "stdin", "--log", "memory", "--sink", "stdout", "--once"]

const courant: Contender = {
  name: "courant",
  version: "this checkout",
  kind: "stream",
  prepare: Effect.succeed(() => [process.execPath, ...run, "--pipelines", pipeline])
}

/** It writes into a topic of its own name, behind which it puts `-panes`. */
const courantOverKafka: Program = (brokers = "", from, to = "", data = "") => {
  const command = [process.execPath, "src/main.ts", "process", "--log", "kafka", "--brokers", brokers] as const
  const topics = ["--topic", to.replace(/-panes$/, ""), "--topic", `ticks=${from}`, "--sink", "kafka"]
  return [...command, ...topics, "--data", data, "--pipelines", pipeline]
}

const flinkVersion = "2.2.0"

/** One folder for all of Flink's programs. */
const flinkJars: Jars = {
  name: `flink-${flinkVersion}`,
  artifacts: [
    `org.apache.flink:flink-clients:${flinkVersion}`,
    `org.apache.flink:flink-connector-base:${flinkVersion}`,
    `org.apache.flink:flink-connector-files:${flinkVersion}`,
    "org.apache.flink:flink-connector-kafka:4.0.1-2.0",
    `org.apache.flink:flink-json:${flinkVersion}`,
    `org.apache.flink:flink-table-api-java-bridge:${flinkVersion}`,
    `org.apache.flink:flink-table-planner-loader:${flinkVersion}`,
    `org.apache.flink:flink-table-runtime:${flinkVersion}`,
    "org.slf4j:slf4j-nop:1.7.36"
  ],
  size: "about 140 MB"
}

/** What Flink's own scripts tell Java 17, and nothing to make it faster or smaller. */
const flinkOptions = ["lang", "util", "time"].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`)

const flink = (source: string) => Java.program({ jars: flinkJars, source, options: flinkOptions })

export const candles: ReadonlyArray<Contender> = [
  courant,
  { name: "loop", version: process.version, kind: "by hand", prepare: ofNode("loop/candles.ts") },
  { name: "rust", version: "std only", kind: "by hand", prepare: Rust.program },
  { name: "duckdb", version: "2.0.1", kind: "batch", prepare: Python.program("duckdb") },
  { name: "polars", version: "2.1.0", kind: "batch", prepare: Python.program("polars") },
  { name: "bytewax", version: "0.21.1", kind: "stream", prepare: Python.program("bytewax") },
  { name: "pathway", version: "0.33.0", kind: "stream", prepare: Python.program("pathway") },
  { name: "flink", version: flinkVersion, kind: "stream", prepare: flink("flink/Candles.java") },
  { name: "flink-sql", version: flinkVersion, kind: "stream", prepare: flink("flink-sql/CandlesSql.java") }
]

const kafkaVersion = "4.4.0"

/** Who makes candles of ticks in a topic. Each gets brokers, the topics of ticks and candles, and a folder for its state. */
export const overKafka: ReadonlyArray<Contender> = [
  { ...courant, prepare: Effect.succeed(courantOverKafka) },
  {
    name: "kafka-streams",
    version: kafkaVersion,
    kind: "stream",
    prepare: Java.program({
      jars: {
        name: `kafka-streams-${kafkaVersion}`,
        artifacts: [`org.apache.kafka:kafka-streams:${kafkaVersion}`, "org.slf4j:slf4j-nop:1.7.36"],
        size: "about 90 MB"
      },
      source: "kafka-streams/CandlesOverKafka.java"
    })
  },
  { name: "flink", version: flinkVersion, kind: "stream", prepare: flink("flink/FlinkOverKafka.java") },
  { name: "quix", version: "3.28.1", kind: "stream", prepare: Python.program("quix") }
]

/** Who makes hopping windows. Each gets a number of ticks, and how often to do it all, of which those on a JVM do it once. */
export const hopping: ReadonlyArray<Contender> = [
  { ...courant, prepare: ofNode("courant/hopping.ts"), times: 10 },
  { name: "loop", version: process.version, kind: "by hand", prepare: ofNode("hopping/loop.ts"), times: 10 },
  { name: "objects", version: process.version, kind: "by hand", prepare: ofNode("hopping/objects.ts") },
  { name: "flink", version: flinkVersion, kind: "stream", prepare: flink("flink/HoppingWindows.java") },
  { name: "flink-sql", version: flinkVersion, kind: "stream", prepare: flink("flink-sql/HoppingSql.java") }
]
