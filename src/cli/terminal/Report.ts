/** The account that a run gives of itself at its end: every event counted once. */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import type { Report } from "../../streams/ports/Engine.ts"
import { type Counts, Monitor } from "../../streams/ports/Monitor.ts"
import { problem, say } from "./Problem.ts"

/** `read 12, aggregated 10, late 1, dead-lettered 1, duplicate 0`, and what a filter left out or a node still holds where they do. */
export const line = (counts: Counts): string =>
  `read ${counts.read}, aggregated ${counts.aggregated}, late ${counts.late}, dead-lettered ${counts.deadLettered}, ` +
  `duplicate ${counts.duplicate}${counts.filtered > 0 ? `, filtered ${counts.filtered}` : ""}` +
  `${counts.held > 0 ? `, held ${counts.held}` : ""}`

/** The same as an object, its members named as in the line. */
const toJson = (counts: Counts) => ({
  read: counts.read,
  aggregated: counts.aggregated,
  late: counts.late,
  "dead-lettered": counts.deadLettered,
  duplicate: counts.duplicate,
  filtered: counts.filtered,
  held: counts.held
})

/** Writes the account of a run when it is done, or of what it has done when somebody stops it. */
export const accounted = (file: string | undefined) => <E, R>(run: Effect.Effect<Report, E, R>) =>
  run.pipe(
    Effect.onInterrupt(() =>
      Effect.flatMap(Monitor, ({ progress }) => Effect.flatMap(progress, (soFar) => write(soFar, file)))
    ),
    Effect.flatMap((report) => write(report, file))
  )

export const write = (report: Report, file: string | undefined) =>
  Effect.gen(function*() {
    if (file !== undefined) {
      const pipelines = Object.entries(report.byPipeline).map(([name, counts]) => [name, toJson(counts)])
      const sources = Object.entries(report.bySource ?? {}).map(([name, counts]) => [name, toJson(counts)])
      const body = {
        ...toJson(report),
        panes: report.panes,
        rows: report.rows,
        pipelines: Object.fromEntries(pipelines),
        ...(sources.length === 0 ? {} : { sources: Object.fromEntries(sources) })
      }
      yield* Effect.try({
        try: () => writeFileSync(file, `${JSON.stringify(body, null, 2)}\n`),
        catch: (cause) => problem(`the report cannot be written to ${file}: ${String(cause)}`)
      })
    }
    const advice = adviceOn(report)
    if (advice !== undefined) say(advice)
    for (const [source, counts] of Object.entries(report.bySource ?? {})) say(`${source}: ${line(counts)}`)
    say(line(report))
  })

/** Of so many events a tenth that is late is no accident. */
const minimum = 100

/** What helps a run in which more than a tenth of the events is late: its results lack them. */
const adviceOn = ({ late, read }: Counts): string | undefined =>
  read >= minimum && late > read / 10
    ? `${late} of ${read} events came too late (${Math.floor(100 * late / read)} %): sort the input by time, or allow for more ` +
      "disorder with --out-of-orderness or --allowed-lateness"
    : undefined
