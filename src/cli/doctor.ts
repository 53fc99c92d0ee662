/** `courant doctor`: looks at everything a run needs, and says what to do where something is wrong. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { accessSync, constants, existsSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, resolve } from "node:path"
import * as Database from "../adapters/sqlite/Database.ts"
import * as SqliteEventLog from "../adapters/sqlite/SqliteEventLog.ts"
import * as Yahoo from "../adapters/yahoo/Yahoo.ts"
import { Feed } from "../streams/Feed.ts"
import * as Flags from "./Flags.ts"
import { problem } from "./Problem.ts"
import * as Stores from "./Stores.ts"

interface Finding {
  readonly what: string
  readonly state: "ok" | "note" | "bad"
  readonly detail: string
}

export const command = Command.make(
  "doctor",
  { data: Flags.data, port: Flags.port, symbols: Flags.symbols },
  Effect.fnUntraced(function*({ data, port, symbols }) {
    const findings = (yield* Effect.all([node, folder(data), topics(data), page(port), yahoo(symbols)], { concurrency: 5 })).flat()
    for (const { detail, state, what } of findings) yield* Console.log(`${state.padEnd(5)}${what.padEnd(12)}${detail}`)
    const bad = findings.filter(({ state }) => state === "bad").length
    if (bad > 0) return yield* problem(`${bad} of ${findings.length} checks failed; each says what to do`)
  })
).pipe(
  Command.withDescription("Checks Node.js, the data folder, each topic's log, the page's port and Yahoo Finance"),
  Command.withExamples([{ command: "courant doctor", description: "Exit code 1 if something has to be mended" }])
)

const node = Effect.sync((): ReadonlyArray<Finding> => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  const enough = major > 22 || (major === 22 && minor >= 19)
  return [{
    what: "node",
    state: enough ? "ok" : "bad",
    detail: enough ? process.version : `${process.version} is too old: install Node.js 22.19 or later, or use npm start`
  }]
})

const folder = (data: string) =>
  Effect.sync((): ReadonlyArray<Finding> => {
    const place = existsSync(data) ? data : dirname(resolve(data))
    try {
      accessSync(place, constants.W_OK)
      return [{ what: "folder", state: "ok", detail: existsSync(data) ? data : `${data} will be made at the first run` }]
    } catch {
      return [{ what: "folder", state: "bad", detail: `${place} cannot be written to: choose another with --data` }]
    }
  })

const topics = (data: string) =>
  Effect.forEach(Stores.topicsIn(data), (topic) =>
    SqliteEventLog.topics.pipe(
      Effect.provide(Database.Database.layer({ folder: Stores.folderOf({ data, topic }), readOnly: true })),
      Effect.map((found): Finding => ({
        what: "log",
        state: "ok",
        detail: `${topic}: ${found.reduce((sum, { records }) => sum + records, 0)} records`
      })),
      Effect.catch(({ message }) => Effect.succeed<Finding>({ what: "log", state: "bad", detail: `${topic}: ${message}` }))
    ))

const page = (port: number) =>
  Effect.callback<ReadonlyArray<Finding>>((resume) => {
    const server = createServer()
    server.once("error", () =>
      resume(Effect.succeed([{
        what: "page",
        state: "note",
        detail: `port ${port} is in use, by a running courant or something else: choose another with --port`
      }])))
    server.listen(port, "127.0.0.1", () =>
      server.close(() => resume(Effect.succeed([{ what: "page", state: "ok", detail: `port ${port} is free` }]))))
  })

/** A run does without Yahoo, so its absence is worth a note and no more. */
const yahoo = (symbols: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const feed = yield* Feed
    const freshness = yield* feed.freshness
    return [{ what: "yahoo", state: "ok", detail: `reached: ${freshness._tag}` }] satisfies ReadonlyArray<Finding>
  }).pipe(
    Effect.provide(Yahoo.layer({ symbols })),
    Effect.scoped,
    Effect.catch(({ message }) =>
      Effect.succeed<ReadonlyArray<Finding>>([{
        what: "yahoo",
        state: "note",
        detail: `${message}; run replays the recorded session`
      }]))
  )
