/**
 * Several processes of one group, as the pods of a deployment: one is active, the others stand by. Whatever becomes of the
 * active one another takes over, and all together give what the batch fold gives: nothing lost, nothing doubled.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope } from "effect"
import { Kafka } from "../../services/testing.ts"
import type { Connection } from "../../src/adapters/kafka/client/Connection.ts"
import * as Inspection from "../../src/adapters/kafka/client/Inspection.ts"
import * as Lease from "../../src/adapters/kafka/Lease.ts"
import { account, courant, linesOf, type Running, start, temporaryFolder } from "../cli/courant.ts"
import { randomFrom } from "../random.ts"
import { until } from "./admin.ts"
import { brokers, newTopic } from "./brokers.ts"
import { neverIdle, times } from "./effort.ts"
import { actual, engineOn, expected, ingest, market, pipelines, stores } from "./market.ts"
import { minuteOf, perMinute } from "./minutes.ts"

/** As brokers have it unless told: whoever joins a group in which nobody is waits for so long. */
const settings = { "group.initial.rebalance.delay.ms": "3000" }

/** Take-overs of which nobody is to wait for a lease, in a row. */
const quickly = "--take-over-after 500ms"

/** Whoever waits for something asks no more often: the processes have to do with the same brokers. */
const calm = "100 millis"

const names = pipelines.map(({ name }) => name)

describe("of several processes", () => {
  const { kafka, layer } = brokers(Kafka.layer({ settings }))

  /** A topic, and processes over it, each in a folder of its own, as on hosts of their own. */
  const place = Effect.gen(function*() {
    const broker = yield* kafka
    const address = broker.access.brokers
    const topic = yield* newTopic
    const group = `courant-${topic}-${[...names].sort().join("+")}`
    const flags = `--log kafka --brokers ${address} --topic ${topic}`
    const command = `process ${flags} --sink kafka --checkpoints kafka --pipelines ${names.join(",")} ${neverIdle}`
    const connection: Layer.Layer<Connection> = Layer.orDie(layer)
    const holder = Lease.holders(topic).pipe(Effect.map((holders) => holders.get(group) ?? null), Effect.delay(calm), Effect.provide(connection))
    return {
      broker,
      topic,
      holder,
      /** Waits until one is active that was not when this began. */
      another: Effect.fnUntraced(function*(former: Lease.Holder | null) {
        let found: Lease.Holder | null = null
        yield* until(Effect.map(holder, (now) => {
          found = now
          return now !== null && now.state === "held" && now.id !== former?.id
        }))
        // What the condition has seen, which the compiler does not.
        return found as unknown as Lease.Holder
      }),
      /**
       * Waits until one has found its place among the others: it stands by, or is active itself, where the machine is so busy
       * that the one before was silent for too long.
       */
      settled: (one: Running) =>
        until(Effect.map(holder, (now) => isStanding(one.stderr()) || (now !== null && now.state === "held" && isOf(now)(one)))),
      begin: (more = "") => Effect.flatMap(temporaryFolder, (cwd) => start(`${command} ${more}`, { cwd })),
      once: (more = "") => Effect.flatMap(temporaryFolder, (cwd) => courant(`${command} --once ${more}`, { cwd })),
      status: Effect.flatMap(temporaryFolder, (cwd) => courant(`status --brokers ${address} --topic ${topic} --json`, { cwd })),
      done: Inspection.committed(group, topic, 3).pipe(
        Effect.map((offsets) => offsets.reduce<number>((sum, offset) => sum + (offset ?? 0), 0)),
        Effect.delay(calm),
        Effect.provide(connection)
      ),
      stores: engineOn(stores(topic, { partitions: 3 })).pipe(Layer.provide(connection))
    }
  })

  type Place = Effect.Success<typeof place>

  /** Runs it over a topic into which a minute of ticks comes now and then; at the end everything was read once, and the panes are the batch fold's. */
  const over = (body: (place: Place) => Effect.Effect<unknown, unknown, Layer.Success<Place["stores"]> | Scope.Scope>) =>
    Effect.gen(function*() {
      const seed = Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000)
      const given = yield* place
      yield* Effect.gen(function*() {
        yield* ingest(market(2_000))
        let isOver = false
        const feeding = yield* Effect.forkChild(trickle(randomFrom(seed), () => isOver))
        yield* Effect.scoped(Effect.raceFirst(body(given), Fiber.join(feeding)))
        isOver = true
        const count = 2_000 + (yield* Fiber.join(feeding))
        const last = yield* given.once()
        assert.match(account(last), new RegExp(`^read ${count}, `), last.stderr)
        const wanted = yield* expected
        assert.deepStrictEqual(yield* actual, wanted)
        assert.isAbove(wanted.size, 20)
      }).pipe(
        Effect.tapCause(() => Effect.sync(() => process.stderr.write(`COURANT_SEED=${seed}\n`))),
        Effect.provide(given.stores),
        Effect.scoped
      )
    })

  it.live("one takes over within 3 seconds from one that is killed, and from one that is stopped, which stands by when it is back", () =>
    over(Effect.fnUntraced(function*({ another, begin, done, holder, settled, status }) {
      const processes = [yield* begin()]
      let active = yield* another(null)
      processes.push(yield* Effect.tap(begin("--standby warm"), settled))
      yield* grows(done)

      // The brokers know nothing of it.
      const taken: Array<number> = []
      for (let round = 0; round < 3; round++) {
        processes.push(yield* Effect.tap(begin(round === 0 ? "--standby warm" : ""), settled))
        // Where the machine is busy the place may have changed hands meanwhile.
        active = yield* another(null)
        const killedAt = Date.now()
        owner(processes, active).child.kill("SIGKILL")
        active = yield* another(active)
        taken.push(active.since - killedAt)
        yield* grows(done)
      }
      process.stderr.write(`took over after ${taken.join(", ")} ms\n`)
      // One of them was not held up by whatever else this machine has to do.
      assert.isBelow(Math.min(...taken), 3_000)

      processes.push(yield* Effect.tap(begin(), settled))
      active = yield* another(null)
      const sleeper = owner(processes, active)
      const before = sleeper.stderr().length
      sleeper.child.kill("SIGSTOP")
      yield* another(active)
      yield* grows(done)
      sleeper.child.kill("SIGCONT")
      yield* until(Effect.sync(() => isStanding(sleeper.stderr().slice(before))))
      const [standing] = linesOf((yield* status).stdout).map((line) => JSON.parse(line))
      assert.isTrue(others(processes, active).some(({ child }) => standing.active.endsWith(`/${child.pid}`)), standing.active)
      assert.isAtLeast(standing.lag, 0)

      // And it is ready to take over again.
      for (const other of processes) if (other !== sleeper) other.child.kill("SIGKILL")
      yield* until(Effect.map(holder, (now) => now !== null && now.state === "held" && isOf(now)(sleeper)))
      yield* grows(done)
      assert.strictEqual((yield* sleeper.signal("SIGTERM")).code, 0)
      assert.isNull(JSON.parse((yield* status).stdout).active)
    })))

  it.live("one is replaced after the other, and each leaving one hands over at once", () =>
    over(Effect.fnUntraced(function*({ another, begin, done, once, settled }) {
      // Whoever waited for silence would wait for a long time.
      const patient = "--take-over-after 10m"
      let processes = [yield* begin(patient)]
      let active = yield* another(null)
      processes.push(yield* Effect.tap(begin(`${patient} --standby warm`), settled))
      const refused = yield* once()
      assert.strictEqual(refused.code, 1)
      assert.match(refused.stderr, new RegExp(`^courant: ${active.name} is active in the group .*; stop it first`, "m"))
      assert.match((yield* once("--restart")).stderr, /is active in the group/)
      for (let round = 0; round < 2; round++) {
        processes.push(yield* Effect.tap(begin(patient), settled))
        const leaving = owner(processes, active)
        assert.strictEqual((yield* leaving.signal("SIGTERM")).code, 0)
        processes = processes.filter((one) => one !== leaving)
        active = yield* another(active)
        yield* grows(done)
      }
      for (const one of [...others(processes, active), owner(processes, active)]) {
        assert.strictEqual((yield* one.signal("SIGTERM")).code, 0)
      }
    })))

  it.live("one goes on when the broker is back that was frozen, or killed", () =>
    over(Effect.fnUntraced(function*({ another, begin, broker, done, holder, settled }) {
      // Shorter than the brokers are away, and longer than this machine is ever busy with something else.
      const patient = "--take-over-after 6s"
      const processes = [yield* begin(patient)]
      yield* another(null)
      processes.push(yield* Effect.tap(begin(`${patient} --standby warm`), settled))
      yield* grows(done)
      const before = yield* holder
      yield* broker.pause
      yield* Effect.ensuring(Effect.sleep("15 seconds"), Effect.orDie(broker.resume))
      yield* grows(done)
      // The silence was the broker's, and everybody heard it.
      assert.strictEqual((yield* holder)?.id, before?.id)
      yield* broker.kill9
      yield* Effect.sleep("1 second")
      yield* broker.restart
      yield* grows(done)
      for (const one of processes) assert.isNull(one.child.exitCode, one.stderr())
    })))

  const rounds = 10 * times
  it.live(`one takes over from another ${rounds} times, in whatever way that is lost`, () =>
    over(Effect.fnUntraced(function*({ another, begin, done, settled }) {
      const random = randomFrom(Number(process.env["COURANT_SEED"] ?? Date.now() % 1_000_000))
      let processes = [yield* begin(quickly)]
      let active = yield* another(null)
      for (const more of ["", "--standby warm"]) processes.push(yield* Effect.tap(begin(`${quickly} ${more}`), settled))
      for (let round = 0; round < rounds; round++) {
        active = yield* another(null)
        const former = owner(processes, active)
        const way = random()
        // A process takes longer to begin than all else together.
        const ending = way < 0.1 ? "SIGKILL" : way < 0.2 ? "SIGTERM" : null
        former.child.kill(ending ?? "SIGSTOP")
        active = yield* another(active)
        if (random() < 0.3) yield* grows(done)
        if (ending === null) former.child.kill("SIGCONT")
        else {
          processes = [...processes.filter((one) => one !== former), yield* begin(`${quickly} ${random() < 0.5 ? "" : "--standby warm"}`)]
        }
        yield* Effect.sleep(500 * random())
      }
      // One that has only just begun would not hear that it is to end in order.
      for (const one of processes) yield* settled(one)
      for (const one of [...others(processes, active), owner(processes, active)]) {
        assert.strictEqual((yield* one.signal("SIGTERM")).code, 0)
      }
    })))
})

/** A name is that of the host and the number of the process there. */
const isOf = ({ name }: Lease.Holder) => ({ child }: Running): boolean => name.endsWith(`/${child.pid}`)

const owner = (processes: ReadonlyArray<Running>, holder: Lease.Holder): Running => {
  const found = processes.find(isOf(holder))
  if (found === undefined) throw new Error(`none of the processes is ${holder.name}`)
  return found
}

const others = (processes: ReadonlyArray<Running>, holder: Lease.Holder) => processes.filter((one) => !isOf(holder)(one))

const isStanding = (text: string): boolean => / is active in the group .*; this process stands by/.test(text)

/** Waits until more has been done than now. */
const grows = <E, R>(done: Effect.Effect<number, E, R>) =>
  Effect.flatMap(done, (before) => until(Effect.map(done, (now) => now > before)))

/** Appends minute after minute, as fast as a market that is in no hurry, until it is over, and gives the number of ticks. */
const trickle = Effect.fnUntraced(function*(random: () => number, isOver: () => boolean) {
  let minutes = 0
  for (; !isOver(); minutes++) {
    yield* ingest(minuteOf(minutes, random))
    yield* Effect.sleep("200 millis")
  }
  return minutes * perMinute
})
