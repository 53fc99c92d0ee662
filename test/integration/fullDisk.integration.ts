/** The disk under the checkpoint, or under the whole log, is full: one line says so, and with some space it goes on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { join } from "node:path"
import { Kafka } from "../../services/testing.ts"
import { Database } from "../../src/adapters/sqlite/Database.ts"
import * as SqliteCheckpointStore from "../../src/adapters/sqlite/SqliteCheckpointStore.ts"
import * as SqliteResultSink from "../../src/adapters/sqlite/SqliteResultSink.ts"
import { checkpointName } from "../../src/cli/Pipelines.ts"
import { CheckpointStore } from "../../src/streams/ports/CheckpointStore.ts"
import { ResultSink } from "../../src/streams/ports/ResultSink.ts"
import { commandLine, courant, linesOf, type Outcome, startCommand, temporaryFolder } from "../cli/courant.ts"
import { randomFrom } from "../random.ts"
import * as Admin from "./admin.ts"
import { brokers, newTopic } from "./brokers.ts"
import { neverIdle } from "./effort.ts"
import { actual, engineOn, expected, line, pipelines, stores } from "./market.ts"
import { trickle } from "./minutes.ts"
import { isPossible, smallDisk } from "./SmallDisk.ts"

const names = pipelines.map(({ name }) => name)

describe("full disk", () => {
  const { kafka, layer } = brokers(Kafka.layer())

  it.live.skipIf(!isPossible)("of the checkpoint: the processor says so and stops, and with space goes on", () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const topic = yield* newTopic
      const cwd = yield* temporaryFolder
      const disk = yield* smallDisk(4)
      const place = { address: access.brokers, topic, data: disk.folder }
      const folder = folderOf(place)
      const command = processOf({ ...place, sink: "kafka" })
      const full = new RegExp(`^courant: the disk of the folder ${folder} is full; free some space and start again `)
      yield* Effect.gen(function*() {
        let isOver = false
        const feeding = yield* Effect.forkChild(trickle(randomFrom(1), () => isOver))
        const running = yield* disk.start(command, { cwd })
        yield* Admin.until(Effect.map(committedTo(place), (offsets) => Math.max(...offsets) > 0))
        yield* disk.fill
        isFull(yield* running.ended, full)
        // Also when it was full from the beginning.
        isFull(yield* Effect.flatMap(disk.start(command, { cwd }), ({ ended }) => ended), full)
        isOver = true
        const count = yield* Fiber.join(feeding)
        yield* disk.free
        yield* disk.copyDatabase(folder, cwd)
        assert.deepStrictEqual(yield* committedTo(place), yield* savedIn(cwd, topic))
        const last = yield* Effect.flatMap(disk.start(`${command} --once`, { cwd }), ({ ended }) => ended)
        assert.match(last.stderr, new RegExp(`^read ${count}, `), last.stderr)
        assert.deepStrictEqual(yield* actual, yield* expected)
      }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer))))
    }))

  it.live("a limit to the size of files under panes and checkpoints: the same", () =>
    Effect.gen(function*() {
      const { access } = yield* kafka
      const topic = yield* newTopic
      const cwd = yield* temporaryFolder
      const place = { address: access.brokers, topic, data: cwd }
      const command = processOf({ ...place, sink: "sqlite" })
      yield* Effect.gen(function*() {
        let isOver = false
        const feeding = yield* Effect.forkChild(trickle(randomFrom(2), () => isOver))
        const running = yield* startLimited(command, { cwd })
        const outcome = yield* Effect.raceFirst(running.ended, neverAhead(place))
        const limited = `^courant: the folder ${folderOf(place)} cannot be written: a quota .*; make room and start again`
        isFull(outcome, new RegExp(limited))
        isOver = true
        const count = yield* Fiber.join(feeding)
        assert.deepStrictEqual(yield* committedTo(place), yield* savedIn(folderOf(place), topic))
        const last = yield* courant(`${command} --once`, { cwd })
        assert.match(last.stderr, new RegExp(`^read ${count}, `), last.stderr)
        assert.deepStrictEqual(new Set((yield* panesIn(folderOf(place))).map(line)), yield* expected)
      }).pipe(Effect.provide(engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(layer))))
    }))
})

describe("full disk under a log of one's own", () => {
  const command = "run --feed recorded --speed max --once"

  it.live.skipIf(!isPossible)("the run says so and stops, and goes on when there is space", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const disk = yield* smallDisk(100)
      const folder = join(disk.folder, "recorded")
      const start = disk.start(`${command} --data ${disk.folder}`, { cwd, input: "" })
      const run = Effect.flatMap(start, ({ ended }) => ended)
      const full = new RegExp(`^courant: the disk of the folder ${folder} is full; free some space and start again `)
      yield* disk.fill
      isFull(yield* run, full)
      yield* disk.free
      const second = yield* Effect.forkChild(run)
      // In the middle: some of it is there.
      yield* Admin.until(Effect.map(disk.sizeOf(join(folder, "courant.db-wal")), (size) => size > 4_000_000))
      yield* disk.fill
      isFull(yield* Fiber.join(second), full)
      yield* disk.free
      const last = yield* run
      yield* disk.copyDatabase(folder, cwd)
      yield* sameAsUnstopped(last, cwd)
    }))

  it.live("a limit to the size of files: the same", () =>
    Effect.gen(function*() {
      const cwd = yield* temporaryFolder
      const folder = join(cwd, ".courant", "recorded")
      const running = yield* startLimited(command, { cwd, input: "" })
      isFull(yield* running.ended, /^courant: the folder .* cannot be written: a quota .*; make room and start again /)
      yield* sameAsUnstopped(yield* courant(command, { cwd }), folder)
    }))

  const sameAsUnstopped = Effect.fnUntraced(function*({ code, stderr }: Outcome, folder: string) {
    const cwd = yield* temporaryFolder
    const whole = yield* courant(command, { cwd })
    assert.deepStrictEqual([code, stderr], [0, whole.stderr])
    const panes = yield* panesIn(folder)
    assert.isAbove(panes.length, 1_000)
    assert.deepStrictEqual(panes, yield* panesIn(join(cwd, ".courant", "recorded")))
  })
})

interface Place {
  readonly address: string
  readonly topic: string
  readonly data: string
}

const processOf = ({ address, data, sink, topic }: Place & { readonly sink: string }) =>
  `process --log kafka --brokers ${address} --topic ${topic} --sink ${sink} --data ${data} ` +
  `--pipelines ${names.join(",")} ${neverIdle}`

const folderOf = ({ data, topic }: Pick<Place, "data" | "topic">) => join(data, "kafka", topic)

/** No file may become larger than half a megabyte: what a system without a small disk has to show. */
const startLimited = (args: string, options: Parameters<typeof startCommand>[2]) =>
  startCommand("sh", ["-c", `ulimit -f 1024; exec ${commandLine(args)}`], options)

/** It ended with this line and no other. */
const isFull = ({ code, stderr }: Outcome, said: RegExp) => {
  assert.match(stderr, said)
  assert.deepStrictEqual([code, linesOf(stderr).length], [1, 1], stderr)
}

const committedTo = ({ address, topic }: Place) =>
  Admin.committed(address, `courant-${topic}-${[...names].sort().join("+")}`, topic)

const savedIn = (folder: string, topic: string) =>
  Effect.gen(function*() {
    const store = yield* CheckpointStore
    return yield* store.load(checkpointName(topic, pipelines))
  }).pipe(
    Effect.provide(SqliteCheckpointStore.layer.pipe(Layer.provide(reading(folder)))),
    Effect.map(Option.match({ onNone: () => [], onSome: ({ offsets }) => offsets })),
    // There is no database yet.
    Effect.orElseSucceed((): ReadonlyArray<number> => [])
  )

/** Looks at what tools see, and after that at what is saved, again and again: ends only with a failure. */
const neverAhead = (place: Place): Effect.Effect<never> =>
  Effect.gen(function*() {
    const committed = yield* committedTo(place)
    const saved = yield* savedIn(folderOf(place), place.topic)
    committed.forEach((offset, partition) => assert.isAtMost(offset, saved[partition] ?? 0))
    yield* Effect.sleep("20 millis")
  }).pipe(Effect.forever)

const panesIn = (folder: string) =>
  Effect.flatMap(ResultSink, (sink) => sink.read({})).pipe(
    Effect.provide(SqliteResultSink.layer.pipe(Layer.provide(reading(folder)))),
    Effect.orElseSucceed(() => [])
  )

const reading = (folder: string) => Layer.fresh(Database.layer({ folder, readOnly: true }))
