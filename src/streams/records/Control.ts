/**
 * Decisions that are not in the data, appended to the log as records of their own so that
 * a replay takes them again at the same place.
 */
import { Option, Schema } from "effect"

/** The first and the last millisecond that a date can name. */
const dates = { minimum: -8_640_000_000_000_000, maximum: 8_640_000_000_000_000 }

const offset = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const Control = Schema.Union([
  /**
   * Nothing before this time is to be expected in this partition any more: it was quiet
   * for so long that it would have held the others up. Its watermark is at least this.
   */
  Schema.TaggedStruct("idle", {
    watermark: Schema.Int.check(Schema.isBetween(dates)),
    /** The field that event times were read from: times of another field say nothing of these. Of all without. */
    eventTime: Schema.optionalKey(Schema.String),
    /**
     * The bound of disorder that the watermark is for, in milliseconds: event time itself has come that much further. Who
     * reads the log under another bound has a watermark that is as much earlier or later. Without it, it is for any.
     */
    outOfOrderness: Schema.optionalKey(offset)
  }),
  /** The input was read to its end: every open window is emitted as it stands. */
  Schema.TaggedStruct("end", {}),
  /**
   * Records of this partition from one offset to another, exclusive, were deleted before they were read. It changes
   * no window: it says why some lack events.
   */
  Schema.TaggedStruct("gap", { from: offset, to: offset })
])
export type Control = typeof Control.Type

const json = Schema.fromJsonString(Control)

export const encode: (control: Control) => string = Schema.encodeSync(json)

const decodeText = Schema.decodeUnknownOption(json)

/** None where the bytes are not a decision that this version knows. */
export const decode = (bytes: Uint8Array): Option.Option<Control> => decodeText(new TextDecoder().decode(bytes))
