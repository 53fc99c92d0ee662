/** What `npm run bench` measures, in its order. */
import * as Aggregates from "./Aggregates.ts"
import type { Benchmark } from "./Benchmark.ts"
import * as Beside from "./Beside.ts"
import * as Candles from "./Candles.ts"
import * as Decoding from "./Decoding.ts"
import * as Garbage from "./Garbage.ts"
import * as Hopping from "./Hopping.ts"
import * as Nexmark from "./Nexmark.ts"
import * as NexmarkTogether from "./NexmarkTogether.ts"
import * as OpenKeys from "./OpenKeys.ts"
import * as Panes from "./Panes.ts"
import * as Pipelines from "./Pipelines.ts"
import * as Sqlite from "./Sqlite.ts"
import * as SqlitePanes from "./SqlitePanes.ts"
import * as Start from "./Start.ts"

export const usual: ReadonlyArray<Benchmark> = [
  Candles.ofOneDay,
  Candles.ofFiveDays,
  Decoding.decoding,
  Garbage.garbage,
  Hopping.overlapping,
  Hopping.objects,
  Panes.panes,
  OpenKeys.open,
  OpenKeys.memory,
  Pipelines.sixteen,
  Start.start,
  Beside.beside,
  Aggregates.apart,
  Aggregates.overlapping,
  Sqlite.log,
  SqlitePanes.panes
]

export const nexmark: ReadonlyArray<Benchmark> = [Nexmark.alone, NexmarkTogether.together]
