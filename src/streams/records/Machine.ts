/** The machine that reads records: WebAssembly, made of `wasm/decoding/`, with a memory of its own. */
import { base64 } from "./machineCode.ts"

/** What it exports: functions, and where things lie in its memory; see `wasm/decoding/main.ts`. */
export interface Machine {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly prepare: (columns: number, members: number, objects: number, rows: number, assumesUtc: boolean) => void
  readonly name: (object: number, member: number, at: number, length: number, isPlain: boolean) => void
  readonly allocate: (size: number) => number
  readonly add: (column: number, from: number, to: number, number: number) => number
  readonly read: (first: number, last: number) => number
  readonly places: Global
  readonly numbers: Global
  readonly texts: Global
  readonly required: Global
  readonly starts: Global
  readonly ends: Global
  readonly rows: Global
  readonly millis: Global
  readonly touched: Global
  readonly pending: Global
  readonly pendingCount: Global
}

interface Global {
  readonly value: number
}

/** Every host of JavaScript has it, but only the types of browsers say so. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

const lazily = <A>(make: () => A): () => A => {
  let made: A | undefined
  return () => made ??= make()
}

/** Compiled once, when records are first read: it is the same for all sources. */
const compiled = lazily(() => new WebAssembly.Module(Buffer.from(base64, "base64")))

export const make = (): Machine =>
  // What it exports its sources say.
  new WebAssembly.Instance(compiled()).exports as Machine
