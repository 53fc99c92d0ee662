/** All that is known of the alerts of a server while it runs, and whom it is told to. */
import { Latch } from "effect"
import type { Stored } from "../../../streams/ports/AlertStore.ts"
import type { Description } from "../Description.ts"
import { Kept } from "./Kept.ts"
import * as Values from "./Values.ts"
import { Watches } from "./Watch.ts"

export type Tell = (event: "alert" | "alerts", data: unknown) => void

/** Kinds of windows of which an open one may grow. */
const moving: ReadonlySet<string> = new Set(["session", "count"])

export class Desk {
  readonly pipelines: ReadonlyArray<Description>
  readonly tell: Tell
  readonly watches = new Watches()
  /** Open while there is something to look at. */
  readonly due = Latch.makeUnsafe()
  kept: Kept
  problem: string | null = null

  constructor(stored: Stored, pipelines: ReadonlyArray<Description>, tell: Tell) {
    this.kept = new Kept(stored)
    this.pipelines = pipelines
    this.tell = tell
    this.choose()
  }

  /** Looks at what the alerts are about that there are now. */
  choose(): void {
    const active = this.kept.alerts.map(({ alert }) => alert).filter((alert) => Values.idleOf(alert, this.pipelines) === null)
    this.watches.choose(active, (name) => moving.has(this.pipelines.find((each) => each.name === name)?.window?.kind ?? ""))
    this.wake()
  }

  wake(): void {
    if (this.watches.due.size > 0) this.due.openUnsafe()
  }

  /** What stands in the way, if something does. */
  say(words: string | null): void {
    if (this.problem === words) return
    this.problem = words
    this.tell("alerts", {})
  }
}
