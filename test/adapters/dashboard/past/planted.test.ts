/** Mistakes in what replays the past break the law that is there to notice them. Each is planted in a copy of the real source. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { planting, type Replacement } from "../../../planting.ts"
import { isWhatWasKnown } from "./replayLaw.ts"

interface Mistake extends Replacement {
  readonly mistake: string
}

const past = "streams/engine/Past.ts"
const replay = "adapters/dashboard/past/Replay.ts"

const mistakes: ReadonlyArray<Mistake> = [
  { mistake: "a snapshot is taken for one a record later", file: past, find: "begun?.offsets[partition] ?? 0)", replace: "(begun?.offsets[partition] ?? -1) + 1)" },
  { mistake: "a snapshot is taken for one of an earlier time", file: "streams/engine/PastSnapshots.ts", find: "knownAt <= time).toReversed()", replace: "knownAt <= time + 30_000).toReversed()" },
  { mistake: "what was decided before a snapshot is decided again", file: past, find: "if (begun !== null) agenda.skip(begun.offsets, begun.readAt)", replace: "" },
  { mistake: "what was told before a snapshot is forgotten", file: replay, find: "new KnownPanes(snapshot?.told)", replace: "new KnownPanes()" },
  { mistake: "what could not be used before a snapshot is forgotten", file: replay, find: "new State(snapshot?.state, job)", replace: "new State(undefined, job)" },
  { mistake: "what came at the moment itself is not known yet", file: "adapters/dashboard/past/Gate.ts", find: "if (time <= this.#allowed) {", replace: "if (time < this.#allowed) {" },
  { mistake: "decisions are taken partition by partition", file: "streams/engine/Agenda.ts", find: "(each.takenAt ?? Infinity) < (found.takenAt ?? Infinity))", replace: "false)" }
]

const copyWith = planting(["domain", "streams", "adapters/dashboard"])

it.each(mistakes)("$mistake", { timeout: 300_000 }, async (mistake) => {
  const placeOf = copyWith(`past-${mistakes.indexOf(mistake)}`, mistake)
  const copy: typeof import("../../../../src/adapters/dashboard/past/Replays.ts") = await import(placeOf("adapters/dashboard/past/Replays.ts"))
  const found = await Effect.runPromise(isWhatWasKnown(copy, 600)).then(() => undefined, (error: unknown) => error)
  expect(found, "the law does not notice it").toBeDefined()
})
