/** Lines of real trades into columns, as `candles-1m` has them read, beside a decoder that is written out by hand. */
import { candles1m } from "../src/analytics/candles.ts"
import { ticks } from "../src/analytics/ticks.ts"
import { inputOf } from "../src/streams/pipeline/Checked.ts"
import { usesOf } from "../src/streams/pipeline/Uses.ts"
import * as Batch from "../src/streams/records/Batch.ts"
import { Decoder } from "../src/streams/records/Decoder.ts"
import * as Benchmark from "./Benchmark.ts"
import { HandDecoder } from "./HandDecoder.ts"
import { cpuOf, inTurn, ratios } from "./Measure.ts"
import * as Session from "./Session.ts"

const count = 300_000
const batchSize = 4_096

type Run = ReturnType<typeof Session.records>[number]
type Decode = (run: Run, batch: Batch.Batch) => void

const run = (decode: Decode, batch: Batch.Batch, all: ReadonlyArray<Run>): number => {
  let rows = 0
  for (const each of all) {
    batch.length = 0
    decode(each, batch)
    rows += batch.length
  }
  return rows
}

/** Both give the same columns, and each row. */
const assertEqual = (one: Decode, other: Decode, dictionary: Batch.Dictionary, all: ReturnType<typeof Session.records>): void => {
  const [mine, yours] = [one, other].map((decode) => {
    const batch = Batch.make(ticks.definition, dictionary, 0, batchSize)
    return { rows: run(decode, batch, all), batch }
  })
  const same = (of: (batch: Batch.Batch) => ArrayLike<number>) => Array.from(of(mine!.batch)).every((value, row) => Object.is(value, of(yours!.batch)[row]))
  const { batch, rows } = mine!
  // Of a field that nobody reads it is enough that it is valid.
  const isSame = same(({ keys }) => keys) && same(({ times }) => times) && ["price", "size"].every((name) => {
    const column = Batch.indexOf(ticks.definition, name)
    return same(({ columns, length }) => columns[column]!.subarray(0, length))
  })
  if (rows !== count || yours!.rows !== count || batch.length !== yours!.batch.length || !isSame) throw new Error("the decoders differ: nothing is to be compared")
}

export const decoding = Benchmark.make({
  name: "decoding",
  isShort: true,
  rows: {
    cost: { name: "decoding a tick of 68 bytes", unit: "ns", goal: { atMost: 100 } },
    written: { name: "decoding: CPU against a decoder written out by hand", unit: "x", better: "less" }
  },
  run: async () => {
    const all = Session.records(count, batchSize)
    const dictionary = new Batch.Dictionary()
    const input = inputOf(candles1m.checked).events
    const decoder = new Decoder(ticks.definition, dictionary, usesOf([candles1m.checked], input.fingerprint))
    const hand = new HandDecoder(dictionary)
    const decoders: { readonly courant: Decode; readonly hand: Decode } = {
      courant: (run, batch) => decoder.decodeAll(run, 0, run.length, batch, () => {}),
      hand: ({ bytes, ends, length, starts }, batch) => {
        for (let record = 0; record < length; record++) hand.decode(bytes, starts[record]!, ends[record]!, batch)
      }
    }
    assertEqual(decoders.courant, decoders.hand, dictionary, all)
    const batch = Batch.make(ticks.definition, dictionary, 0, batchSize)
    const cpu = (decode: Decode) => () => cpuOf(() => void run(decode, batch, all))
    const costs = await inTurn({ rounds: 9 }, { courant: cpu(decoders.courant), hand: cpu(decoders.hand) })
    return { cost: costs.courant.map((micros) => micros * 1e3 / count), written: ratios(costs.courant, costs.hand) }
  }
})
