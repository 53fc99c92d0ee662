/** The wall clock says what date it is. How long something took is not a difference of two of its readings. */
import { assert, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join, sep } from "node:path"

const root = join(import.meta.dirname, "..")

/** Who reads the wall clock, and for which date. */
const dates: { readonly [file: string]: string } = {
  "adapters/dashboard/Routes.ts": "the server's time, for the page",
  "adapters/dashboard/Unversioned.ts": "the server's time, for programs",
  "adapters/dashboard/Live.ts": "the server's time, for the page, and names of events",
  "adapters/dashboard/alerts/Alerts.ts": "when an alert was made",
  "adapters/dashboard/alerts/Sweeps.ts": "when an alert fired",
  "adapters/dashboard/past/Replay.ts": "compared with dates in the log",
  "adapters/influxdb/Connection.ts": "compared with the date of the server's answer",
  "adapters/influxdb/InfluxdbMetrics.ts": "the time of a point",
  "adapters/influxdb/Requests.ts": "compared with a date in the server's answer",
  "adapters/kafka/client/KafkajsInternals.ts": "kafkajs compares with its own readings",
  "adapters/kafka/CompactedTopic.ts": "a message's timestamp",
  "adapters/kafka/KafkaEventLog.ts": "the time of an append",
  "adapters/kafka/Lease.ts": "when a lease was renewed, for people and for status",
  "adapters/kafka/Positions.ts": "a message's timestamp",
  "adapters/sqlite/SqliteEventLog.ts": "the time of an append",
  "adapters/yahoo/Poller.ts": "a gap in time is seen also where the computer slept, whose monotonic clock may stand still then",
  "adapters/yahoo/Yahoo.ts": "when the stream last delivered, compared with polls",
  "cli/commands/deadLetters.ts": "the time at which a record is tried again",
  "cli/commands/why.ts": "how long ago something was saved or appended",
  "cli/commands/query.ts": "the default end of what is asked for",
  "cli/kafka/KafkaStatus.ts": "how long ago another machine renewed its lease",
  "cli/Page.ts": "how far events are behind today",
  "cli/spark/SparkGenerations.ts": "a name",
  "streams/engine/RowStream.ts": "the time at which rows came",
  "streams/engine/Run.ts": "when a decision was taken, to be held against the times of appends",
  "streams/engine/Saver.ts": "when a checkpoint was saved",
  "streams/ports/EventLog.ts": "the time of an append",
  "streams/ports/TransientLog.ts": "the time of an append",
  "testing/EventLogContract.ts": "compared with the time of an append",
  "testing/simulation/Ports.ts": "the time of an append",
  "testing/simulation/Process.ts": "it is the clock",
  "testing/simulation/Sinks.ts": "the time of an append of panes"
}

it("whoever reads the wall clock needs a date", () => {
  const readers = globSync("src/**/*.ts", { cwd: root }).filter((file) =>
    /currentTimeMillis|currentTimeNanos|cachedWithTTL|DateTime\.now|Date\.now\(/.test(readFileSync(join(root, file), "utf8")))
  const named = readers.map((file) => file.split(sep).slice(1).join("/"))
  assert.deepStrictEqual(named.sort(), Object.keys(dates).sort())
})
