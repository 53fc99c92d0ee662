/** Something that is measured, as a value: what rows it gives, and how to come by them. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { type Figure, medianOf } from "./Measure.ts"

export interface Row extends Pick<Figure, "goal" | "name" | "unit"> {
  /**
   * Of a ratio which way is better, where it is compared with that of the last release. What has no rounds of its own, and what
   * depends on the machine, is not.
   */
  readonly better?: "less" | "more"
}

export interface Benchmark<Id extends string = string> {
  readonly name: string
  readonly rows: { readonly [I in Id]: Row }
  /** Whether it is short and steady enough for `bench:check -- --short`. */
  readonly isShort?: true
  /** By row what each round gave. */
  readonly run: () => Rounds<Id> | Promise<Rounds<Id>>
}

type Rounds<Id extends string> = { readonly [I in Id]: ReadonlyArray<number> }

/** A row, and the rounds that it is the median of. */
export interface Measured extends Row, Figure {
  readonly rounds: ReadonlyArray<number>
}

/** Types see to it that each row is measured. */
export const make = <Id extends string>(benchmark: Benchmark<Id>): Benchmark => benchmark

/** Rows that there are for each of several things. */
export const rowsOf = (things: ReadonlyArray<string>, rows: (thing: string) => { readonly [row: string]: Row }): Benchmark["rows"] =>
  Object.fromEntries(things.flatMap((thing) => Object.entries(rows(thing)).map(([row, of]) => [`${thing} ${row}`, of])))

export const rounds = async ({ rows, run }: Benchmark): Promise<ReadonlyArray<Measured>> =>
  Object.entries(await run()).map(([id, rounds]) => ({ ...rows[id]!, rounds, value: medianOf(rounds) }))

/** In a process of its own: so it takes the same whatever was measured before it, which leaves behind a heap and optimised code. */
export const measure = async ({ name }: Benchmark): Promise<ReadonlyArray<Measured>> => {
  const child = fork(new URL("oneBenchmark.ts", import.meta.url), [name])
  const sent: Array<unknown> = []
  child.on("message", (message) => void sent.push(message))
  const [code] = await once(child, "exit")
  if (code !== 0) throw new Error(`the benchmark "${name}" ended with ${code}`)
  return sent[0] as ReadonlyArray<Measured> // what oneBenchmark.ts sends
}
