/** A Connect server that is started on the cluster where it is needed, and only then: over a cluster in memory. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ServerLocation from "../../../../src/adapters/spark/live/ServerLocation.ts"
import * as MemorySubmissions from "../../../../src/adapters/spark/rest/MemorySubmissions.ts"
import { Submissions } from "../../../../src/adapters/spark/rest/Submissions.ts"
import * as FakeSpark from "../connect/FakeSpark.ts"

/** What serves is always there; the cluster says whether its driver runs. */
const launching = Effect.fnUntraced(function*(options: Partial<ServerLocation.Launch> = {}) {
  const { host, port } = yield* FakeSpark.serve()
  const told: Array<string> = []
  const onSubmitted = (id: string) => Effect.sync(() => void told.push(id))
  const place = yield* ServerLocation.launching({ port, onSubmitted, ...options }, FakeSpark.token)
  const { submitted } = yield* MemorySubmissions.MemoryCluster
  return { place, told, address: { host, port, isTrusted: true }, ids: () => submitted().map(({ id }) => id) }
})

it.live("none is started before somebody needs it; its id is told", () =>
  Effect.gen(function*() {
    const { address, ids, place, told } = yield* launching()
    assert.isFalse(yield* place.isThere)
    assert.isFalse(yield* place.renew)
    assert.deepStrictEqual(ids(), [])
    assert.deepStrictEqual(yield* Effect.all([place.address, place.address], { concurrency: 2 }), [address, address])
    assert.deepStrictEqual([ids().length, told], [1, ids()])
    assert.deepStrictEqual([yield* place.isThere, yield* place.renew], [true, false])
    yield* place.address
    assert.strictEqual(ids().length, 1)
  }).pipe(Effect.provide(MemorySubmissions.layer())))

it.live("one that was killed stays so, until another is asked for", () =>
  Effect.gen(function*() {
    const { address, ids, place, told } = yield* launching()
    yield* place.address
    const { kill } = yield* Submissions
    yield* kill(ids()[0] ?? "")
    assert.strictEqual((yield* Effect.flip(place.gone)).reason, "killed")
    assert.strictEqual((yield* Effect.flip(place.address)).reason, "killed")
    assert.deepStrictEqual([yield* place.isThere, ids().length], [false, 1])
    assert.isTrue(yield* place.renew)
    assert.deepStrictEqual(yield* place.address, address)
    assert.deepStrictEqual([ids().length, told], [2, ids()])
    assert.isFalse(yield* place.renew)
  }).pipe(Effect.provide(MemorySubmissions.layer())))

it.live("one that was started before is used while it runs", () =>
  Effect.gen(function*() {
    const { create, kill } = yield* Submissions
    const former = yield* create({ mainClass: "" })
    const first = yield* launching({ submission: former })
    assert.isTrue(yield* first.place.isThere)
    assert.deepStrictEqual(yield* first.place.address, first.address)
    assert.deepStrictEqual([first.ids(), first.told], [[former], []])
    yield* kill(former)
    const second = yield* launching({ submission: former })
    assert.isFalse(yield* second.place.isThere)
    yield* second.place.address
    assert.strictEqual(second.told.length, 1)
    assert.isFalse(yield* (yield* launching({ submission: "driver-of-nobody" })).place.isThere)
  }).pipe(Effect.provide(MemorySubmissions.layer())))

it.effect("an address that is known is neither asked about nor started", () =>
  Effect.gen(function*() {
    const address = { host: "spark.example.org", port: 15_002 }
    const place = yield* ServerLocation.make(address, FakeSpark.token)
    assert.deepStrictEqual([yield* place.address, yield* place.isThere, yield* place.renew], [address, true, false])
  }))
