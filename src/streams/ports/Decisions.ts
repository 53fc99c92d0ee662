/**
 * Port: the decisions that a processor has taken over a log, see `Decision`. They are kept apart from the log, of which it
 * needs no more than to read it: what other programs read there are events and nothing else. Each processor has its own,
 * since when an input is idle hangs on its time-out, and how far it has read on when it was asked.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { type Decision, identityOf } from "../records/Decision.ts"

export class DecisionsError extends Schema.TaggedError<DecisionsError>()("DecisionsError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

export class Decisions extends Context.Service<Decisions, {
  /** Whose decisions these are. */
  readonly processor: string
  /** All that another has taken over this log, in any order. */
  readonly readOf: (processor: string) => Effect.Effect<ReadonlyArray<Decision>, DecisionsError>
  /** All that were taken over this log, in any order. */
  readonly read: Effect.Effect<ReadonlyArray<Decision>, DecisionsError>
  /**
   * Keeps decisions, all or none; they are durable when it returns, and take effect only then. One takes the place of
   * another of the same identity.
   */
  readonly write: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void, DecisionsError>
}>()("courant/Decisions") {
  /** For a log that lives in this process too. */
  static readonly layerMemory: Layer.Layer<Decisions> = Layer.sync(Decisions, () => {
    const stored = new Map<string, Decision>()
    return Decisions.of({
      processor: "memory",
      readOf: (processor) => Effect.sync(() => processor === "memory" ? [...stored.values()] : []),
      read: Effect.sync(() => [...stored.values()]),
      write: (decisions) =>
        Effect.sync(() => {
          for (const decision of decisions) stored.set(identityOf(decision), decision)
        })
    })
  })
}
