/** What outlives simulated processes: logs, decisions, checkpoints, and what has been put out. */
import type { Head } from "../../streams/ports/Checkpoint.ts"
import type { Decision } from "../../streams/records/Decision.ts"
import type { DeadLetter } from "../../streams/ports/DeadLetters.ts"
import * as Pane from "../../streams/pipeline/Pane.ts"
import * as Row from "../../streams/pipeline/Row.ts"
import type { Process } from "./Process.ts"
import { StoredCheckpoints } from "./StoredCheckpoints.ts"
import { StoredLog } from "./StoredLog.ts"

export class Stores {
  readonly log: StoredLog
  /** Into which panes go from which they are carried into the sink; `null` where they go there themselves. */
  readonly paneLog: StoredLog | null
  readonly decisions = new Map<string, Decision>()
  /** Who has read them last, of those that had the place. */
  decidedBy: Process | null = null
  readonly #checkpoints = new Map<string, StoredCheckpoints>()
  /** The pane of each window that a sink keeps. */
  readonly panes = new Map<string, Pane.Encoded>()
  /** The row of each place, as JSON. */
  readonly rows = new Map<string, string>()
  /** The windows of which somebody has written a pane after another had taken the place. */
  readonly overtaken = new Set<string>()
  readonly letters = new Map<string, DeadLetter>()
  /** The dead letters that somebody has written after another had taken the place. */
  readonly overtakenLetters = new Set<DeadLetter>()
  /** How often the sink has been made anew, empty. */
  anew = 0

  constructor(partitions: number, panePartitions = 0) {
    this.log = new StoredLog(partitions)
    this.paneLog = panePartitions === 0 ? null : new StoredLog(panePartitions)
  }

  checkpointsOf(name: string): StoredCheckpoints {
    const known = this.#checkpoints.get(name)
    if (known !== undefined) return known
    const made = new StoredCheckpoints()
    this.#checkpoints.set(name, made)
    return made
  }

  get heads(): ReadonlyMap<string, Head> {
    return new Map([...this.#checkpoints].flatMap(([name, { head }]) => head === null ? [] : [[name, head] as const]))
  }

  /** As every sink does: the newer pane of a window stays. */
  keepPane(pane: Pane.Encoded): void {
    const id = idOf(pane)
    const before = this.panes.get(id)
    if (before === undefined || Pane.replaces(pane, before)) this.panes.set(id, pane)
  }

  keepRow(row: Row.Row): void {
    this.rows.set(Row.identityOf(row), Row.toJson(row))
  }

  keepLetter(letter: DeadLetter): void {
    this.letters.set(JSON.stringify([letter.partition, letter.offset, letter.pipeline]), letter)
  }

  /** Somebody deletes what the sink holds, and it is made again. */
  makeAnew(): void {
    this.anew++
    this.panes.clear()
    this.rows.clear()
  }
}

export const idOf = ({ end, key, pipeline, start }: Pick<Pane.Pane, "end" | "key" | "pipeline" | "start">): string =>
  JSON.stringify([pipeline, key, start, end])
