/** A feed and sinks of the user's own, in files that lie anywhere. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { account, courant, input, linesOf, minute, temporaryFolder } from "./courant.ts"

const ticks = `
  { symbol: "AAPL", time: ${minute}, price: "10.5", size: 1 },
  { symbol: "AAPL", time: ${minute + 61_000}, price: "11", size: 2 }
`

const files: { readonly [name: string]: string } = {
  "quotes.ts": `
import { Stream } from "effect"
export default Stream.make(${ticks})
`,
  "named.ts": `
import { Stream } from "effect"
import { Feed } from "courant"
export default Feed.fromStream(Stream.make(${ticks}), { name: "my-quotes", repeatable: true })
`,
  "misnamed.ts": `
import { Stream } from "effect"
import { Feed } from "courant"
export default Feed.fromStream(Stream.make(${ticks}), { name: "my quotes" })
`,
  "broken.ts": `
import { Stream } from "effect"
export default Stream.concat(Stream.make(${ticks}), Stream.fail(new Error("the line is down")))
`,
  "printed.ts": `
import { Console, Effect } from "effect"
import { Pane } from "courant"
export default (panes: ReadonlyArray<Pane.Pane>) => Effect.forEach(panes, (pane) => Console.log(Pane.toJson(pane)))
`,
  "refusing.ts": `
import { Effect } from "effect"
export default () => Effect.fail(new Error("no room"))
`,
  "rows.ts": `
import { Console, Effect, Layer } from "effect"
import { ResultSink, Row, RowSink } from "courant"
export default Layer.merge(
  RowSink.fromFunction((rows) => Effect.forEach(rows, (row) => Console.log(Row.valuesToJson(row.values)), { discard: true })),
  ResultSink.fromFunction(() => Effect.void)
)
`,
  "panes.ts": `
import { Effect } from "effect"
import { ResultSink } from "courant"
export default ResultSink.fromFunction(() => Effect.void)
`,
  "needy.ts": `
import { Context, Effect } from "effect"
import { ResultSink } from "courant"
const Key = Context.Service("my/Key")
export default ResultSink.fromFunction(() => Effect.asVoid(Key))
`,
  "closed.ts": `
import { Effect, Layer } from "effect"
import { ResultSink, ResultSinkError } from "courant"
export default Layer.effect(ResultSink, Effect.fail(new ResultSinkError({ message: "the door is closed" })))
`,
  "other.ts": `
import { Layer } from "effect"
export default Layer.empty
`,
  "nothing.ts": "export const nothing = 0\n",
  "five.ts": "export default 5\n",
  "throwing.ts": "throw new Error(\"no key\")\n",
  "large.ts": `
import { Expr, Pipeline, Source, ticks } from "courant"
export const large = ticks.pipe(Source.where(Expr.gt("size", 1)), Pipeline.named("large"))
`
}

const folder = Effect.tap(temporaryFolder, (cwd) =>
  Effect.sync(() => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content)
  }))

const memory = "run --log memory --once --pipelines candles-1m"

const startsOf = (stdout: string) => linesOf(stdout).map((line) => (JSON.parse(line).start - minute) / 60_000)

it.live("a stream is a feed, and a function a sink", () =>
  Effect.scoped(Effect.gen(function*() {
    const outcome = yield* courant(`${memory} --feed ./quotes.ts --sink ./printed.ts`, { cwd: yield* folder })
    assert.deepStrictEqual(startsOf(outcome.stdout), [0, 1])
    assert.strictEqual(account(outcome), "read 2, aggregated 2, late 0, dead-lettered 0, duplicate 0")
    assert.strictEqual(outcome.code, 0)
  })))

it.live("a feed that can be repeated goes on where a kept log ended, and its name is the topic's", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* folder
    yield* courant("ingest --feed ./named.ts", { cwd })
    const again = yield* courant("ingest --feed ./named.ts", { cwd })
    assert.match(again.stderr, /appended 0 records to my-quotes/)
    const outcome = yield* courant("process --once --topic my-quotes --pipelines candles-1m --sink sqlite --sink ./printed.ts", { cwd })
    assert.deepStrictEqual(startsOf(outcome.stdout), [0, 1])
    // What is read back comes from the sink that can be read.
    assert.strictEqual(linesOf((yield* courant("query candles-1m --json", { cwd })).stdout).length, 2)
  })))

it.live("rows of pipelines that end in events go to a layer with a RowSink", () =>
  Effect.scoped(Effect.gen(function*() {
    const cwd = yield* folder
    const run = "run --log memory --once --feed ./quotes.ts --pipelines ./large.ts --sink"
    const outcome = yield* courant(`${run} ./rows.ts`, { cwd })
    assert.strictEqual(linesOf(outcome.stdout).length, 1)
    const homeless = yield* courant(`${run} ./panes.ts`, { cwd })
    assert.match(homeless.stderr, /rows have no place: the layer of \.\/panes\.ts provides no RowSink; add one, or a sink such as --sink sqlite, or --rows FILE/)
    assert.strictEqual(homeless.code, 2)
  })))

const mistakes: ReadonlyArray<readonly [args: string, says: string, code: number]> = [
  ["--feed ./nowhere.ts", "--feed ./nowhere.ts: there is no such file", 2],
  ["--sink ./nowhere.ts", "--sink ./nowhere.ts: there is no such file", 2],
  ["--feed ./nothing.ts", "--feed ./nothing.ts: the file has no default export; its default export is to be a Layer of Feed, or a Stream of rows or lines", 2],
  ["--feed ./five.ts", "--feed ./five.ts: the file exports something else by default; its default export is to be a Layer of Feed, or a Stream of rows or lines", 2],
  ["--sink ./five.ts", "--sink ./five.ts: the file exports something else by default; its default export is to be a Layer of ResultSink (and of RowSink), or a function from panes to an Effect", 2],
  ["--sink ./throwing.ts", "the sink of ./throwing.ts cannot be loaded: no key", 1],
  ["--feed ./throwing.ts", "the feed of ./throwing.ts cannot be loaded: no key", 1],
  ["--feed ./misnamed.ts", "--feed ./misnamed.ts: its feed is called \"my quotes\", and names a topic; a name has A-Z a-z 0-9 . _ -", 2],
  ["--feed ./panes.ts", "--feed ./panes.ts: its layer provides no Feed", 2],
  ["--feed ./broken.ts", "the stream failed: the line is down", 1],
  ["--feed ./quotes.ts --sink ./refusing.ts", "the function that takes panes failed: no room", 1],
  ["--feed ./quotes.ts --sink ./closed.ts", "the sink of ./closed.ts cannot be opened: the door is closed", 1],
  ["--feed ./quotes.ts --sink ./needy.ts", "Service not found: my/Key", 1],
  ["--feed ./quotes.ts --sink ./other.ts", "the layer of ./other.ts provides no ResultSink, and so takes no panes", 1],
  ["--feed quotes", "Expected: auto, yahoo, recorded, stdin, a file such as ./my-feed.ts, or file:SOURCE=PATH", 2]
]

it.live.each(mistakes)("%s is told", ([args, says, code]) =>
  Effect.scoped(Effect.gen(function*() {
    const outcome = yield* courant(`${memory} ${args}`, { cwd: yield* folder, input: input([]) })
    assert.include(outcome.stderr, says)
    assert.notInclude(outcome.stderr, "    at ")
    assert.strictEqual(outcome.code, code)
  })))
