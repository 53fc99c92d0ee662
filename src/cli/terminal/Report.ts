/** The account that a run gives of itself at its end: every event counted once. */
import { Effect, Option } from "effect"
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

/** Where the account goes besides the terminal, and the command that shows the run's dead letters, where it keeps any. */
export interface Place {
  readonly file: Option.Option<string>
  readonly letters?: string
}

/** Writes the account of a run when it is done, or of what it has done when somebody stops it. */
export const accounted = (place: Place) => <E, R>(run: Effect.Effect<Report, E, R>) =>
  run.pipe(
    Effect.onInterrupt(() =>
      Effect.flatMap(Monitor, ({ progress }) => Effect.flatMap(progress, (soFar) => write(soFar, place)))
    ),
    Effect.flatMap((report) => write(report, place))
  )

export const write = (report: Report, { file: given, letters }: Place) =>
  Effect.gen(function*() {
    const file = Option.getOrUndefined(given)
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
    const advice = adviceOnLate(report) ?? adviceOnLetters(report, letters)
    if (advice !== undefined) say(advice)
    for (const [source, counts] of Object.entries(report.bySource ?? {})) say(`${source}: ${line(counts)}`)
    say(line(report))
  })

/** Of so many events a tenth that is late is no accident. */
const minimum = 100

/** What helps a run in which more than a tenth of the events is late: its results lack them. */
const adviceOnLate = ({ late, read }: Counts): string | undefined =>
  read >= minimum && late > read / 10
    ? `${late} of ${read} events came too late (${Math.floor(100 * late / read)} %): sort the input by time, or allow for more ` +
      "disorder with --out-of-orderness or --allowed-lateness"
    : undefined

/** A run that could use nothing has most often been given something else than its source says. */
const adviceOnLetters = ({ aggregated, deadLettered, read }: Counts, letters: string | undefined): string | undefined =>
  letters !== undefined && deadLettered > 0 && deadLettered === read && aggregated === 0
    ? `none of the ${read} events could be used; why says: ${letters}`
    : undefined

/** The command that shows the dead letters of a run over a topic. */
export const lettersOf = ({ data, log }: { readonly data: string; readonly log: "sqlite" | "memory" | "kafka" }, topic: string): string =>
  `courant dead-letters list${log === "kafka" ? " --log kafka" : data === ".courant" ? "" : ` --data ${data}`} --topic ${topic}`
