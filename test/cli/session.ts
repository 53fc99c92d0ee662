/** The recorded session, read without any of the program's own code, and the publisher's bars of it. */
import { BigDecimal } from "effect"
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import * as BatchFold from "../../src/streams/reference/BatchFold.ts"
import type { Event } from "../../src/streams/reference/EventFold.ts"
import * as Pane from "../../src/streams/pipeline/Pane.ts"
import type { AnyOfPanes as AnyPipeline } from "../../src/streams/pipeline/Pipeline.ts"

const read = (name: string) => readFileSync(new URL(`../../data/${name}`, import.meta.url))

const rowsOf = (csv: string): Array<Array<string>> =>
  csv.trimEnd().split("\n").slice(1).map((line) => line.split(","))

/** Its trades as the batch fold takes them. */
export const events = (): ReadonlyArray<Event> =>
  rowsOf(gunzipSync(read("recorded/us-equities-2013-10-08.csv.gz")).toString()).map(
    ([symbol = "", stamp, price = "", size, flags, priceForming, counted], offset) => ({
      partition: 0,
      offset,
      fields: {
        symbol,
        price: BigDecimal.scale(BigDecimal.fromStringUnsafe(price), 8),
        size: BigDecimal.scale(BigDecimal.fromStringUnsafe(String(size)), 8),
        priceForming: priceForming === "1" ? null : false,
        updatesHighLow: null,
        updatesVolume: counted === "1" ? null : false,
        tradeId: null,
        exchange: null,
        ...placed(flags, Number(stamp))
      }
    })
  )

/** Opening and closing prints count in the session's first and last minute, as data/recorded/SOURCES.md says. */
export const placed = (flags: string | undefined, stamp: number) => {
  const { from, to } = regularSession
  if (flags === "80") return { time: to - 1, updatesLast: null }
  if (flags !== "40") return { time: stamp, updatesLast: null }
  return stamp < from + 60_000 ? { time: from, updatesLast: null } : { time: from + 59_999, updatesLast: false }
}

/** What the batch fold makes of them, as the lines that a run writes. */
export const folded = (pipeline: AnyPipeline, events: ReadonlyArray<Event>): ReadonlyArray<string> =>
  BatchFold.fold(pipeline, events).results.map((result) =>
    Pane.toJson({ ...result, pipeline: pipeline.name, pane: "on-time", revision: 0 }))

/** A minute as the publisher has it, prices as texts without trailing zeros. */
export interface Bar {
  readonly symbol: string
  readonly start: number
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
}

export const bars = (): ReadonlyArray<Bar> =>
  rowsOf(read("reference/us-equities-2013-10-08-bars.csv").toString()).map(
    ([symbol = "", start, open = "", high = "", low = "", close = "", volume]) => ({
      symbol,
      start: Number(start),
      open: plain(open),
      high: plain(high),
      low: plain(low),
      close: plain(close),
      volume: plain(volume ?? "")
    })
  )

const plain = (price: string): string => String(Number(price))

/** 09:30 to 16:00 in New York, on that day. */
export const regularSession = { from: Date.UTC(2013, 9, 8, 13, 30), to: Date.UTC(2013, 9, 8, 20) }
