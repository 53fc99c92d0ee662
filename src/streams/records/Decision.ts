/**
 * Decisions that are not in the data. They are kept beside the log, each with the place after which it applies, so that a
 * replay takes them again where they were taken; see the port `Decisions`.
 */
import { Option, Schema } from "effect"

/** The first and the last millisecond that a date can name. */
const dates = { minimum: -8_640_000_000_000_000, maximum: 8_640_000_000_000_000 }

const offset = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * Nothing before the watermark is to be expected in this partition any more: it was quiet for so long that it would have
 * held the others up. It applies before the first record with an offset at or after `at`.
 */
export const Idle = Schema.TaggedStruct("idle", {
  partition: offset,
  at: offset,
  watermark: Schema.Int.check(Schema.isBetween(dates)),
  /** The field that event times were read from: times of another field say nothing of these. Of all without. */
  eventTime: Schema.optionalKey(Schema.String),
  /**
   * The bound of disorder that the watermark is for, in milliseconds: event time itself has come that much further. Who
   * reads the log under another bound has a watermark that is as much earlier or later. Without it, it is for any.
   */
  outOfOrderness: Schema.optionalKey(offset),
  /**
   * How the watermark came to be this: each step behind which something had happened when it was raised again at this place,
   * and the last one, with the wall clock of whoever took it. Without it nobody knows.
   */
  steps: Schema.optionalKey(Schema.Array(Schema.Struct({ takenAt: Schema.Int, watermark: Schema.Int })))
})
export type Idle = typeof Idle.Type

/**
 * The input ends here: every open window is emitted as it stands. It applies when each partition has been read up to its
 * offset in `at`.
 */
export const End = Schema.TaggedStruct("end", {
  at: Schema.Array(offset),
  /** Where it is kept as the part of one source: the whole, by the names of the sources. */
  of: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(offset))),
  /** By the wall clock of whoever took it first. Without it nobody knows. */
  takenAt: Schema.optionalKey(Schema.Int)
})
export type End = typeof End.Type

/**
 * Records of this partition from one offset to another, exclusive, were deleted before they were read. It changes no
 * window: it says why some lack events.
 */
export const Gap = Schema.TaggedStruct("gap", { partition: offset, at: offset, to: offset })
export type Gap = typeof Gap.Type

export const Decision = Schema.Union([Idle, End, Gap])
export type Decision = typeof Decision.Type

const json = Schema.fromJsonString(Decision)

export const encode: (decision: Decision) => string = Schema.encodeSync(json)

/** None where the text is no decision that this version knows. */
export const decode: (text: string) => Option.Option<Decision> = Schema.decodeUnknownOption(json)

/** Of decisions with one identity the newest stands: it says all that the ones before it said at this place. */
export const identityOf = (decision: Decision): string => {
  switch (decision._tag) {
    case "idle":
      return JSON.stringify(["idle", decision.partition, decision.at, decision.eventTime ?? null])
    case "end":
      return JSON.stringify(["end", ...decision.at, ...(decision.of === undefined ? [] : [decision.of])])
    case "gap":
      return JSON.stringify(["gap", decision.partition, decision.at])
  }
}

/** When it was taken last, where that is known. */
export const takenAt = (decision: Decision): number | null => {
  if (decision._tag === "gap") return null
  return (decision._tag === "end" ? decision.takenAt : decision.steps?.at(-1)?.takenAt) ?? null
}

/** One decision for each of its steps, in their order. */
export const stepsOf = (idle: Idle): ReadonlyArray<Idle> =>
  idle.steps?.map((step) => ({ ...idle, watermark: step.watermark, steps: [step] })) ?? [idle]

/** What was known of a decision at a time by the wall clock; `null` where it had not been taken. */
export const asKnownAt = (decision: Decision, time: number): Decision | null => {
  if (decision._tag === "end") return (decision.takenAt ?? -Infinity) <= time ? decision : null
  if (decision._tag === "gap" || decision.steps === undefined) return decision
  const steps = decision.steps.filter(({ takenAt }) => takenAt <= time)
  const last = steps.at(-1)
  return last === undefined ? null : { ...decision, watermark: last.watermark, steps }
}
