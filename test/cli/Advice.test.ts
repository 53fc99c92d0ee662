/** Every reason that errors carry has an answer of the command line, in the same line as the message. */
import { describe, expect, it } from "vitest"
import { InfluxdbError } from "../../src/adapters/influxdb/InfluxdbError.ts"
import { KafkaError } from "../../src/adapters/kafka/client/Client.ts"
import type { Reason } from "../../src/adapters/kafka/client/Reason.ts"
import { Unsupported } from "../../src/adapters/spark/compile/Unsupported.ts"
import { SparkError } from "../../src/adapters/spark/connect/SparkError.ts"
import { SubmissionError } from "../../src/adapters/spark/rest/SubmissionError.ts"
import { FolderInUse } from "../../src/adapters/sqlite/WriterLock.ts"
import { adviceOf, sentence } from "../../src/cli/terminal/Advice.ts"
import { CheckpointMismatch } from "../../src/streams/ports/Checkpoint.ts"
import { RemoteError, StateError } from "../../src/streams/ports/Engine.ts"
import { EventLogError } from "../../src/streams/ports/EventLog.ts"

const kafka = (reason: Reason) => new KafkaError({ message: "it is so", code: null, retriable: false, reason })
const influxdb = (reason: InfluxdbError["reason"]) => new InfluxdbError({ message: "it is so", reason })
const topic = { topic: "ticks", brokers: "b:9092" }

/** Each error, and the beginning and the end of what follows from it. */
const answers: ReadonlyArray<readonly [Error, RegExp]> = [
  [kafka({ _tag: "wants-tls" }), /^set COURANT_KAFKA_TLS=1$/],
  [kafka({ _tag: "speaks-no-tls" }), /^unset COURANT_KAFKA_TLS, .*COURANT_KAFKA_CA/],
  [kafka({ _tag: "wants-certificate" }), /^set COURANT_KAFKA_CERT and COURANT_KAFKA_KEY$/],
  [kafka({ _tag: "certificate-refused" }), /^set COURANT_KAFKA_CERT /],
  [kafka({ _tag: "certificate-untrusted" }), /^set COURANT_KAFKA_CA /],
  [kafka({ _tag: "wants-user" }), /^set COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD, or COURANT_KAFKA_TOKEN_FILE$/],
  [kafka({ _tag: "token-refused" }), /^check COURANT_KAFKA_TOKEN_FILE or COURANT_KAFKA_TOKEN_COMMAND$/],
  [kafka({ _tag: "knows-no-users" }), /^unset COURANT_KAFKA_USERNAME and COURANT_KAFKA_PASSWORD$/],
  [kafka({ _tag: "user-refused" }), /^check COURANT_KAFKA_USERNAME, /],
  [kafka({ _tag: "other-mechanism", mechanisms: ["SCRAM-SHA-256"] }), /^set COURANT_KAFKA_SASL to one of them: scram-sha-256$/],
  [kafka({ _tag: "topic-missing", ...topic }), /: courant ingest --log kafka --topic ticks$/],
  [kafka({ _tag: "other-partitions", ...topic, existing: 3, wanted: 2 }), /^fix it with: --partitions 3$/],
  [kafka({ _tag: "other-partitions", ...topic, existing: 3, wanted: 4 }),
    /^fix it with: kafka-topics.sh --bootstrap-server b:9092 --alter --topic ticks --partitions 4 \(/],
  [kafka({ _tag: "other-settings", ...topic, settings: { a: "1", b: "2" } }),
    /^fix it with: kafka-configs.sh --bootstrap-server b:9092 --alter .* --entity-name ticks --add-config a=1,b=2$/],
  [kafka({ _tag: "records-deleted", isSkippable: true }), /--on-gap record, .*--restart$/],
  [kafka({ _tag: "records-deleted", isSkippable: false }), /^recompute .* with --restart$/],
  [kafka({ _tag: "log-shrunk" }), /--restart$/],
  [kafka({ _tag: "topic-made-anew" }), /--restart$/],
  [kafka({ _tag: "partitions-added" }), /^start again to read them too$/],
  [influxdb("no-answer"), /^check COURANT_INFLUXDB_URL and /],
  [influxdb("not-allowed"), /^set COURANT_INFLUXDB_TOKEN /],
  [influxdb("not-found"), /courant doctor --create, .*COURANT_INFLUXDB_ORG and COURANT_INFLUXDB_BUCKET/],
  [influxdb("organization-hidden"), /^set COURANT_INFLUXDB_ORG, /],
  [influxdb("not-understood"), /^check COURANT_INFLUXDB_URL$/],
  [influxdb("invalid-url"), /^check COURANT_INFLUXDB_URL$/],
  [influxdb("password-in-url"), /COURANT_INFLUXDB_TOKEN/],
  [influxdb("cannot-connect"), /^check COURANT_INFLUXDB_URL and /],
  [influxdb("cannot-delete"), /2\.x.*--restart/],
  [new SparkError({ message: "it is so", reason: "unauthenticated" }), /^set COURANT_SPARK_TOKEN /],
  [new SubmissionError({ message: "it is so", reason: "not-allowed" }), /^set COURANT_SPARK_REST_TOKEN /],
  [new Unsupported({ pipeline: "a", what: "b", why: "c" }), /^courant process /],
  [new CheckpointMismatch({ name: "a" }), /--out-of-orderness and --allowed-lateness as before, .*--restart/],
  [new StateError({ message: "it is so", reason: "other-version" }), /--restart/],
  [new StateError({ message: "it is so", reason: "checkpoint-ahead" }), /--restart/],
  [new StateError({ message: "it is so", reason: "other-log" }), /--restart/],
  [new StateError({ message: "it is so", reason: "other-partitions" }), /--restart/],
  [new StateError({ message: "it is so", reason: "too-many-held" }), /--restart/],
  [new FolderInUse({ folder: "a", holder: null }), /--data$/]
]

const reasonOf = (error: Error) => {
  const reason = "reason" in error ? error.reason : error.message
  return typeof reason === "object" ? JSON.stringify(reason) : reason
}

describe("has an answer to", () => {
  it.each(answers.map(([error, advice]) => [`${error.name} ${reasonOf(error)}`, error, advice] as const))("%s", (_, error, advice) => {
    expect(adviceOf(error)).toMatch(advice)
    expect(sentence(error)).toBe(`${error.message}; ${adviceOf(error)}`)
  })
})

it("finds the reason behind what a port made of it", () => {
  const cause = kafka({ _tag: "wants-tls" })
  expect(sentence(new EventLogError({ message: "the log\nis away", cause }))).toBe("the log; set COURANT_KAFKA_TLS=1")
  const inner = new SparkError({ message: "no", reason: "unauthenticated" })
  const outer = new RemoteError({ message: "it failed", cause: new RemoteError({ message: "again", cause: inner }) })
  expect(sentence(outer)).toBe("it failed; set COURANT_SPARK_TOKEN to it")
})

it("has nothing to add to what passes, to what it does not know, and to what is no error", () => {
  for (const reason of ["unreachable", "unavailable", "too-large", "refused"] as const) {
    expect(sentence(influxdb(reason))).toBe("it is so")
  }
  expect(sentence(new KafkaError({ message: "it is so", code: null, retriable: true }))).toBe("it is so")
  expect(sentence(new Error("it is so"))).toBe("it is so")
  expect(sentence({ message: "it is so" })).toBe("it is so")
  expect(sentence("it is so")).toBe("it is so")
})
