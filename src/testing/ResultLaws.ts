/** Laws of what an engine computes: the batch fold's results, whatever the order in which events come. */
import * as fc from "fast-check"
import * as BatchFold from "../streams/reference/BatchFold.ts"
import { leavesOut } from "../streams/pipeline/Checked.ts"
import { Aggregate, Events, Expr, Pipeline, Window } from "../streams/pipeline/index.ts"
import * as Pane from "../streams/pipeline/Pane.ts"
import { Kind } from "../streams/records/Records.ts"
import { altered, fed, unconditional, windowNode } from "./Altered.ts"
import {
  aggregates,
  conditions,
  cuts,
  decidedLogs,
  endedAt,
  type Entry,
  fillings,
  indicators,
  type Log,
  logs,
  logsWithin,
  mixedLogs,
  pipelines,
  pipelinesWithPreAggregated,
  type Sample,
  source,
  stackings,
  straggling,
  windows
} from "./Arbitraries.ts"
import { batches, type Engine, events, foldedPanes, isData, lines, pieces, placed, results, run, windowOf } from "./Harness.ts"
import { type EngineLaws, law } from "./EngineLaw.ts"
import { holds, same } from "./Law.ts"

const bound = 6

/** Pipelines that emit each window once, and two logs of the same events, neither more out of order than is allowed. */
const within = fc.record({
  pipeline: pipelines({ revisions: false, outOfOrderness: bound }),
  logs: logsWithin(bound)
})

export const resultLaws: EngineLaws = {
  "closes each window once, in order, with the batch fold's result": law(
    400,
    fc.record({ pipeline: pipelines({ revisions: false, computed: true }), log: logs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      same(lines(run(engine, batches(log, cut))), lines(foldedPanes(pipeline, log)))
    }
  ),

  "an early pane has what the batch fold makes of the rows until then, at every row that an open window takes": law(
    60,
    fc.record({ window: windows, filtered: fc.boolean(), logs: logsWithin(bound) }),
    (make, { filtered, logs: [log], window }) => {
      const rows = filtered ? source(bound).pipe(Events.where(Expr.gte("size", 2))) : source(bound).pipe(Events.where(Expr.and()))
      const pipeline = window(rows).pipe(Aggregate.into(aggregates), Pipeline.emitOnUpdate(), Pipeline.named("early"))
      const engine = make([pipeline], 1)
      batches(log, [1]).forEach((batch, row) => {
        const early = engine.take(batch).panes.filter(({ pane }) => pane === "early")
        const sofar = { ...log, entries: log.entries.slice(0, row + 1) }
        const [{ key, size, time }] = samplesOf({ ...log, entries: [log.entries[row]!] }) as [Sample]
        const folded = foldedPanes(pipeline, sofar)
        const known = new Set(lines(folded.map((pane) => ({ ...pane, pane: "early", revision: 0 }))))
        for (const line of lines(early.map((pane) => ({ ...pane, revision: 0 })))) holds(known.has(line), `an early pane of other rows: ${line}`)
        if (filtered && size < 2) return
        const open = folded.filter((pane) => pane.key === key && pane.start <= time && time < pane.end && pane.end > (engine.watermark ?? -Infinity))
        const emitted = new Set(early.map(windowOf))
        for (const pane of open) holds(emitted.has(windowOf(pane)), `no early pane of ${windowOf(pane)}`)
      })
    }
  ),

  "as many keys as there are in a window, each has the result of its own": law(
    60,
    fc.record({ window: windows, keys: fc.integer({ min: 17, max: 300 }), logs: logsWithin(bound), cut: cuts }),
    (make, { cut, keys, logs: [log], window }) => {
      const many = { ...log, entries: log.entries.flatMap((entry): ReadonlyArray<Entry> =>
        entry.kind !== Kind.event ? [entry] : Array.from({ length: Math.ceil(keys / 10) }, (_, index) =>
          ({ ...entry, value: { ...entry.value, key: `${entry.value.key}${index}`, size: index } }))) }
      const pipeline = window(source(bound)).pipe(Aggregate.into(aggregates), Pipeline.named("many"))
      same(lines(run(make([pipeline], 1), batches(many, cut))), lines(foldedPanes(pipeline, many)))
    }
  ),

  "an event is late, or refused by a node, where the batch fold says so, and nowhere else": law(
    300,
    fc.record({ pipeline: pipelines({ revisions: true, computed: true }), log: logs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const engine = make([pipeline], log.partitions)
      const unused = batches(log, cut).flatMap((batch) =>
        engine.take(batch).unused.map(({ offset, reason }) => `${batch.partition}:${offset} ${reason === "late" ? "late" : "refused"}`)
      )
      const { late, refused } = BatchFold.fold(pipeline, events(log))
      const expected = [[late, "late"], [refused, "refused"]] as const
      same(unused.sort(), expected.flatMap(([all, why]) => all.map(({ offset, partition }) => `${partition}:${offset} ${why}`)).sort())
    }
  ),

  "any order within the bound gives the same panes, and nothing is late": law(
    300,
    within,
    (make, { logs: [one, other], pipeline }) => {
      const [first, second] = [make([pipeline], 1), make([pipeline], 1)]
      const panes = lines(run(first, batches(one, [60])))
      same(lines(run(second, batches(other, [60]))), panes)
      same([first.counts.late, second.counts.late], [0, 0])
      same(panes, lines(foldedPanes(pipeline, one)))
    }
  ),

  "the newest pane of each window is the batch fold's result": law(
    400,
    fc.record({ pipeline: pipelines({ revisions: true, computed: true }), log: logs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const panes = run(make([pipeline], log.partitions), batches(log, cut))
      same(results(panes), results(foldedPanes(pipeline, log)))
    }
  ),

  "each indicator is what the batch fold makes of the whole list of windows, whatever is revised on the way": law(
    60,
    fc.record({ pipeline: indicators, log: logs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const panes = run(make([pipeline], log.partitions), batches(log, cut))
      for (const pane of panes) holds(Object.values(pane.values).every(isThere), `${Pane.toJson(pane)} has a number that is none`)
      same(results(panes), results(foldedPanes(pipeline, log)))
    }
  ),

  "windows without events are filled as the batch fold says, whatever comes late, each pane newer than those before": law(
    120,
    fc.record({ pipeline: fillings, log: fc.oneof(logs, straggling), cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const panes = run(make([pipeline], log.partitions), batches(log, cut))
      same(results(panes), results(foldedPanes(pipeline, log)))
      eachNewer(panes)
    }
  ),

  "values that are derived from derived ones are the batch fold's, and panes with as many changes say the same, whatever comes late": law(
    80,
    fc.record({ pipeline: stackings, log: fc.oneof(logs, straggling), cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const panes = run(make([pipeline], log.partitions), batches(log, cut))
      same(results(panes), results(foldedPanes(pipeline, log)))
      eachNewer(panes)
    }
  ),

  "wherever the input was at its end for a while, it comes to the same results, and the same events are late": law(
    400,
    fc.record({ pipeline: pipelines({ revisions: true, computed: true }), log: logs, ends: fc.array(fc.nat(60), { minLength: 1, maxLength: 2 }), cut: cuts }),
    (make, { cut, ends, log, pipeline }) => {
      const [ended, whole] = [make([pipeline], log.partitions), make([pipeline], log.partitions)]
      const panes = run(ended, pieces(ends.reduce(endedAt, log), cut))
      run(whole, batches(log, cut))
      same(results(panes), results(foldedPanes(pipeline, log)))
      same(ended.counts, whole.counts)
    }
  ),

  "revisions count up from 0, early comes before on time before late, only sessions and what is left out are retracted": law(
    300,
    fc.record({ pipeline: pipelines({ revisions: true, computed: true }), log: logs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const histories = Map.groupBy(run(make([pipeline], log.partitions), batches(log, cut)), windowOf)
      const isSession = windowNode(pipeline).window.kind === "session"
      const legal = leavesOut(pipeline.checked) ? /^(?:er?)*(?:or?)?(?:lr?)*$/ : isSession ? /^e*o?l*r?$/ : /^(?:e*o)?l*$/
      for (const [window, panes] of histories) {
        same(panes.map(({ revision }) => revision), panes.map((_, index) => index), window)
        const kinds = panes.map(({ pane }) => pane.charAt(0)).join("")
        holds(legal.test(kinds), `the panes of ${window} came as ${kinds}`)
        for (const [index, pane] of panes.slice(1).entries()) {
          const before = panes[index]!
          holds(Pane.replaces(pane, before) && !Pane.replaces(before, pane), `${Pane.toJson(pane)} is no newer than ${Pane.toJson(before)}`)
        }
      }
    }
  ),

  "of a window's panes each is newer than those before and says something else, whatever was decided on the way": law(
    600,
    fc.record({ pipeline: pipelines({ revisions: true, computed: true }), log: decidedLogs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const histories = Map.groupBy(run(make([pipeline], log.partitions), pieces(log, cut)), windowOf)
      for (const [window, panes] of histories) {
        same(panes.map(({ revision }) => revision), panes.map((_, index) => index), window)
        for (const [index, pane] of panes.slice(1).entries()) {
          const [line = "", lineBefore = ""] = lines([pane, { ...panes[index]!, revision: pane.revision }])
          holds(Pane.replaces(pane, panes[index]!), `${line} is no newer than ${lineBefore}`)
          holds(line !== lineBefore, `${line} was told twice`)
        }
      }
    }
  ),

  "pre-aggregated records count in their windows beside events, and what they do not say is null": law(
    300,
    fc.record({ pipeline: pipelinesWithPreAggregated({ revisions: true }), log: mixedLogs, cut: cuts }),
    (make, { cut, log, pipeline }) => {
      const panes = run(make([pipeline], log.partitions), batches(log, cut))
      same(results(panes), results(foldedPanes(pipeline, log)))
    }
  ),

  "a condition holds for the rows for which the batch fold says so, as a filter and in an aggregate": law(
    300,
    fc.record({ filter: conditions, where: conditions, log: logs }),
    (make, { filter, log, where }) => {
      const aggregates = { count: { op: "count" }, some: { op: "count", where }, sum: { op: "sum", field: "size", where } } as const
      const plain = altered(tumbling(10, 0), () => ({ aggregates }))
      const pipeline = fed(plain, (input) => ({ _tag: "where", input, condition: filter }))
      const panes = run(make([pipeline], log.partitions), batches(log, [8]))
      same(lines(panes), lines(foldedPanes(pipeline, log)))
    }
  ),

  "windows rolled up from smaller ones are those made of the events themselves, within the bound": law(
    200,
    fc.record({
      size: fc.integer({ min: 1, max: 5 }),
      times: fc.integer({ min: 1, max: 5 }),
      offset: fc.integer({ min: -3, max: 3 }),
      logs: logsWithin(bound)
    }),
    (make, { logs: [log], offset, size, times }) => {
      const direct = tumbling(size * times, offset)
      const small = tumbling(size, offset)
      const rolledUp = Pipeline.rollUp(small, size * times, { offset }).pipe(Pipeline.named(direct.name))
      const input = batches(log, [7, 1])
      same(lines(run(make([rolledUp], 1), input)), lines(run(make([direct], 1), input)))
    }
  ),

  "an event alone is in exactly the windows that hold its time, before the epoch too": law(
    300,
    fc.record({ pipeline: pipelines({ revisions: false }), time: fc.integer({ min: -100, max: 100 }) }),
    (make, { pipeline, time }) => {
      const panes = run(make([unconditional(pipeline)], 1), batches(alone(time), [1]))
      for (const { end, start } of panes) holds(start <= time && time < end, `[${start}, ${end}) does not hold ${time}`)
      same(panes.map(({ end, start }) => ({ start, end })), spans(windowNode(pipeline).window, time))
    }
  ),

  "sessions are the runs of events that are at most the gap apart, in any order, and one more event never splits one":
    law(
      200,
      fc.record({ gap: fc.integer({ min: 1, max: 8 }), logs: logsWithin(bound) }),
      (make, { gap, logs: [log, other] }) => {
        const sessions = source(bound).pipe(
          Window.session(gap),
          Aggregate.into({ count: Aggregate.count }),
          Pipeline.named("sessions")
        )
        const panes = run(make([sessions], 1), batches(log, [60]))
        const expected = components(samplesOf(log), gap)
        same(panes.map(({ end, key, start, values }) => `${key} ${start} ${end} ${values["count"]}`).sort(), expected)
        same(lines(run(make([sessions], 1), batches(other, [3]))), lines(panes))
        const fewer = run(make([sessions], 1), batches({ ...log, entries: log.entries.slice(1) }, [60]))
        for (const { end, key, start } of fewer) {
          const whole = panes.some((pane) => pane.key === key && pane.start <= start && end <= pane.end)
          holds(whole, `the session [${start}, ${end}) of ${key} was split`)
        }
      }
    ),

  "moving every time by a multiple of the window's period moves every pane by as much": law(
    200,
    fc.record({ pipeline: pipelines({ revisions: true }), log: logs, by: fc.integer({ min: -4, max: 4 }) }),
    (make, { by, log, pipeline }) => {
      const shift = by * period(pipeline)
      const panes = run(make([pipeline], log.partitions), batches(log, [5]))
      const shifted = changed(log, ({ time }) => ({ time: time + shift }))
      const moved = run(make([pipeline], log.partitions), batches(shifted, [5]))
      same(lines(moved), lines(panes.map((pane) => ({ ...pane, start: pane.start + shift, end: pane.end + shift }))))
    }
  ),

  "a key does not see another: within the bound it can be left out, and its prices never matter to the others": law(
    200,
    fc.record({ within, pipeline: pipelines({ revisions: true }), log: logs }),
    (make, { log, pipeline: drawn, within: { logs: [orderly], pipeline: once } }) => {
      // A condition on a price decides whether a row moves the event time that early panes go by.
      const pipeline = unconditional(drawn)
      const others = (engine: Engine, input: Log) =>
        lines(run(engine, batches(input, [4])).filter(({ key }) => key !== "A"))
      const entries = orderly.entries.filter((entry) => !isData(entry) || entry.value.key !== "A")
      const withoutIt = { ...orderly, entries }
      same(others(make([once], 1), withoutIt), others(make([once], 1), orderly))
      const dearer = changed(log, ({ key, price }) => key === "A" ? { price: "7.77" } : { price })
      same(others(make([pipeline], log.partitions), dearer), others(make([pipeline], log.partitions), log))
    }
  ),

  "doubling every price and ratio doubles what is made of them, exactly": law(
    150,
    fc.record({ logs: logsWithin(bound), halvings: fc.integer({ min: 1, max: 3 }) }),
    (make, { halvings, logs: [log] }) => {
      const factor = 2 ** halvings
      const half = changed(log, (sample) => ({
        price: String(Number(sample.price) > 1e6 ? 1 : Number(sample.price) < -1e6 ? -1 : Number(sample.price)),
        ...(sample.ratio === undefined ? {} : { ratio: sample.ratio })
      }))
      const whole = changed(half, (sample) => ({
        price: String(Number(sample.price) * factor),
        ...(sample.ratio === undefined ? {} : { ratio: sample.ratio * factor })
      }))
      const scaled = ["sumPrice", "low", "high", "open", "close", "sumRatio", "meanRatio", "smallest", "weightedRatio"]
      const numbers = (input: Log, by: number) =>
        run(make([tumbling(5, 0)], 1), batches(input, [9])).map((pane) => {
          const { values } = Pane.encode(pane)
          return scaled.map((name) => values[name] == null ? null : Number(values[name]) * by)
        })
      same(numbers(whole, 1), numbers(half, factor))
    }
  )
}

/** Of the panes of each window: one that has as many changes as the one before is newer by its kind, and made of the same rows. */
const eachNewer = (panes: ReadonlyArray<Pane.Pane>): void => {
  for (const all of Map.groupBy(panes, windowOf).values()) {
    for (const [index, pane] of all.slice(1).entries()) {
      const before = all[index]!
      const [line, lineBefore] = [Pane.toJson(pane), Pane.toJson(before)]
      holds(Pane.replaces(pane, before) && !Pane.replaces(before, pane), `${line} is no newer than ${lineBefore}`)
      if (pane.changes > before.changes || pane.pane === "retracted") continue
      same(Pane.encode(pane).values, Pane.encode(before).values, `${line} after ${lineBefore}`)
    }
  }
}

/** Read back from a line it is the same: JSON has neither what is no number, nor a zero with a sign. */
const isThere = (value: Pane.Value): boolean => typeof value !== "number" || Number.isFinite(value) && !Object.is(value, -0)

const tumbling = (size: number, offset: number) =>
  source(bound).pipe(Window.tumbling(size, { offset }), Aggregate.into(aggregates), Pipeline.named("tumbling"))

const alone = (time: number): Log => ({
  partitions: 1,
  entries: [{ partition: 0, kind: Kind.event, value: { key: "A", time, price: "1", size: 5 } }]
})

const changed = (log: Log, change: (sample: Sample) => Partial<Sample>): Log => ({
  ...log,
  entries: log.entries.map((entry): Entry =>
    entry.kind === Kind.event ? { ...entry, value: { ...entry.value, ...change(entry.value) } } : entry
  )
})

const samplesOf = (log: Log): ReadonlyArray<Sample> =>
  placed(log).flatMap((entry) => entry.kind === Kind.event ? [entry.value] : [])

interface Span {
  readonly start: number
  readonly end: number
}

/** The windows that hold a time, found by trying every start and end that could. */
const spans = (window: Window.Window, time: number): ReadonlyArray<Span> => {
  if (window.kind === "session") return [{ start: time, end: time + window.gap }]
  if (window.kind === "calendar" || window.kind === "count" || window.kind === "trading") return []
  const [advance, step] = window.kind === "hopping"
    ? [window.advance, window.size]
    : window.kind === "cumulative"
    ? [window.size, window.step]
    : [window.size, window.size]
  const found: Array<Span> = []
  for (let start = time - window.size; start <= time; start++) {
    if ((start - window.offset) % advance !== 0) continue
    for (let end = start + step; end <= start + window.size; end += step) if (end > time) found.push({ start, end })
  }
  return found.sort((a, b) => a.end - b.end)
}

const components = (samples: ReadonlyArray<Sample>, gap: number): ReadonlyArray<string> => {
  const sessions: Array<{ key: string; start: number; end: number; count: number }> = []
  for (const { key, time } of samples.toSorted((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : a.time - b.time)) {
    const last = sessions.at(-1)
    if (last?.key === key && time <= last.end) {
      last.end = time + gap
      last.count++
    } else sessions.push({ key, start: time, end: time + gap, count: 1 })
  }
  return sessions.map(({ count, end, key, start }) => `${key} ${start} ${end} ${count}`).sort()
}

/** A time after which the windows and the early panes of a pipeline lie the same way again. */
const period = (pipeline: Pipeline.AnyOfPanes): number => {
  const { trigger, window } = windowNode(pipeline)
  const every = trigger.on === "update" ? Math.max(1, trigger.every) : 1
  switch (window.kind) {
    case "hopping":
      return window.advance * every
    case "tumbling":
    case "cumulative":
      return window.size * every
    default:
      return every
  }
}
