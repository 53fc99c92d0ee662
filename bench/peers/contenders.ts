/** Who makes candles of ticks in a file. Each gets the file as standard input and as an argument, and prints candles. */
import { Effect } from "effect"
import type { Jars } from "../../services/tool/Jars.ts"
import type { Contender } from "./Contender.ts"
import * as Java from "./Java.ts"
import * as Python from "./Python.ts"
import * as Rust from "./Rust.ts"

const run = ["src/main.ts", "run", "--feed", "stdin", "--log", "memory", "--sink", "stdout", "--once"]

const courant: Contender = {
  name: "courant",
  version: "this checkout",
  kind: "stream",
  prepare: Effect.succeed(() => [process.execPath, ...run, "--pipelines", "./bench/peers/courant/candles.ts"])
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
  {
    name: "loop",
    version: process.version,
    kind: "by hand",
    prepare: Effect.succeed((...told) => [process.execPath, "bench/peers/loop/candles.ts", ...told])
  },
  { name: "rust", version: "std only", kind: "by hand", prepare: Rust.program },
  { name: "duckdb", version: "2.0.1", kind: "batch", prepare: Python.program("duckdb") },
  { name: "polars", version: "2.1.0", kind: "batch", prepare: Python.program("polars") },
  { name: "bytewax", version: "0.21.1", kind: "stream", prepare: Python.program("bytewax") },
  { name: "pathway", version: "0.33.0", kind: "stream", prepare: Python.program("pathway") },
  { name: "flink", version: flinkVersion, kind: "stream", prepare: flink("flink/Candles.java") },
  { name: "flink-sql", version: flinkVersion, kind: "stream", prepare: flink("flink-sql/CandlesSql.java") }
]
