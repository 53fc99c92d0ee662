/**
 * A case as it is written in JSON, for readers in any language: rows, a pipeline over them as data, and what is left in
 * the end. Times and lengths are whole milliseconds.
 */
import { Schema } from "effect"

const field = { name: Schema.String, optional: Schema.optionalKey(Schema.Boolean) }

/** A field of a record. One that is optional may be null or left out. */
export const Field = Schema.Union([
  Schema.Struct({ ...field, kind: Schema.Literals(["string", "int", "double", "boolean"]) }),
  /** At most `scale` decimals and a magnitude of at most `limit`; written as a JSON string or number. */
  Schema.Struct({ ...field, kind: Schema.Literal("decimal"), scale: Schema.Int, limit: Schema.Int }),
  Schema.Struct({ ...field, kind: Schema.Literal("enum"), literals: Schema.NonEmptyArray(Schema.String) })
])
export type Field = typeof Field.Type

export const Source = Schema.Struct({
  name: Schema.String,
  fields: Schema.Array(Field),
  /** The fields that a row's key is made of; with none all rows are together. */
  key: Schema.Array(Schema.String),
  eventTime: Schema.Union([
    Schema.Struct({ field: Schema.String, unit: Schema.Literals(["milliseconds", "seconds"]) }),
    Schema.Struct({ field: Schema.String, unit: Schema.Literal("iso8601"), withoutZone: Schema.optionalKey(Schema.Literal("UTC")) })
  ]),
  outOfOrderness: Schema.Int
})
export type Source = typeof Source.Type

const Number = Schema.Union([Schema.String, Schema.Finite])

/** In the form of a pipeline's own conditions. */
export const Condition = Schema.Union([
  Schema.Struct({ op: Schema.Literals(["eq", "ne", "isNot"]), field: Schema.String, value: Schema.Union([Number, Schema.Boolean]) }),
  /** A number may be written as a string, and is exact so. */
  Schema.Struct({ op: Schema.Literals(["lt", "lte", "gt", "gte"]), field: Schema.String, value: Number }),
  Schema.Struct({ op: Schema.Literals(["and", "or"]), all: Schema.Array(Schema.suspend((): Schema.Codec<Condition> => Condition)) }),
  Schema.Struct({ op: Schema.Literal("not"), that: Schema.suspend((): Schema.Codec<Condition> => Condition) })
])
export type Condition =
  | { readonly op: "eq" | "ne" | "isNot"; readonly field: string; readonly value: string | number | boolean }
  | { readonly op: "lt" | "lte" | "gt" | "gte"; readonly field: string; readonly value: string | number }
  | { readonly op: "and" | "or"; readonly all: ReadonlyArray<Condition> }
  | { readonly op: "not"; readonly that: Condition }

const where = Schema.optionalKey(Condition)

const of = Schema.Literals(["sample", "population"])

export const Aggregate = Schema.Union([
  Schema.Struct({ op: Schema.Literal("count"), where }),
  Schema.Struct({ op: Schema.Literals(["sum", "mean", "min", "max", "first", "last"]), field: Schema.String, where }),
  /** `by` is what `minBy` and `maxBy` go by, and what `weightedMean` weighs with. */
  Schema.Struct({ op: Schema.Literals(["minBy", "maxBy", "weightedMean", "correlation"]), field: Schema.String, by: Schema.String, where }),
  /** Whether the rows are a sample or all there is. */
  Schema.Struct({ op: Schema.Literals(["variance", "standardDeviation"]), field: Schema.String, of, where }),
  Schema.Struct({ op: Schema.Literal("covariance"), field: Schema.String, by: Schema.String, of, where }),
  /** Beyond the bound there is no count. */
  Schema.Struct({ op: Schema.Literal("countDistinct"), field: Schema.String, atMost: Schema.Int, where }),
  /** A share of the values from 0 to 1; the error is a share of the value. */
  Schema.Struct({ op: Schema.Literal("quantile"), field: Schema.String, quantile: Schema.Finite, error: Schema.Finite, where })
])
export type Aggregate = typeof Aggregate.Type

export const Window = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("tumbling"), size: Schema.Int, offset: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("hopping"), size: Schema.Int, advance: Schema.Int, offset: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("cumulative"), size: Schema.Int, step: Schema.Int, offset: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("session"), gap: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("calendar"), unit: Schema.Literals(["day", "week", "month"]), timeZone: Schema.String })
])
export type Window = typeof Window.Type

const Names = Schema.Record(Schema.String, Schema.String)

/** In the form of a pipeline's own expressions. */
export const Expression = Schema.Union([
  Schema.Struct({ op: Schema.Literal("field"), field: Schema.String }),
  Schema.Struct({ op: Schema.Literal("literal"), value: Schema.Union([Number, Schema.Boolean]) }),
  Schema.Struct({
    op: Schema.Literals(["add", "subtract", "multiply"]),
    left: Schema.suspend((): Schema.Codec<Expression> => Expression),
    right: Schema.suspend((): Schema.Codec<Expression> => Expression)
  }),
  /** Rounded HALF_UP to a scale. */
  Schema.Struct({
    op: Schema.Literal("divide"),
    left: Schema.suspend((): Schema.Codec<Expression> => Expression),
    right: Schema.suspend((): Schema.Codec<Expression> => Expression),
    scale: Schema.Int
  })
])
export type Expression =
  | { readonly op: "field"; readonly field: string }
  | { readonly op: "literal"; readonly value: string | number | boolean }
  | { readonly op: "add" | "subtract" | "multiply"; readonly left: Expression; readonly right: Expression }
  | { readonly op: "divide"; readonly left: Expression; readonly right: Expression; readonly scale: number }

/** The other side of a node: rows of the same source, with nodes of their own. */
const other = Schema.Array(Schema.suspend((): Schema.Codec<RowNode> => RowNode))

/** Rows that are looked up, each with all of its fields. */
export const Table = Schema.Struct({
  fields: Schema.Array(Field),
  key: Schema.Array(Schema.String),
  rows: Schema.Array(Schema.Record(Schema.String, Schema.Json))
})
export type Table = typeof Table.Type

/** What is done to rows before their windows. */
export const RowNode = Schema.Union([
  Schema.Struct({ op: Schema.Literal("where"), condition: Condition }),
  Schema.Struct({ op: Schema.Literal("derive"), values: Schema.Record(Schema.String, Expression) }),
  Schema.Struct({ op: Schema.Literal("keyBy"), key: Schema.Array(Schema.String) }),
  Schema.Struct({ op: Schema.Literal("distinct"), by: Schema.String, within: Schema.Int }),
  Schema.Struct({ op: Schema.Literal("lookup"), table: Table, by: Schema.Array(Schema.String), select: Names }),
  Schema.Struct({ op: Schema.Literal("union"), other }),
  Schema.Struct({ op: Schema.Literal("asOf"), other, within: Schema.Int, select: Names }),
  Schema.Struct({
    op: Schema.Literal("interval"),
    other,
    before: Schema.Int,
    after: Schema.Int,
    type: Schema.Literals(["inner", "left"]),
    select: Names
  })
])
export type RowNode =
  | { readonly op: "where"; readonly condition: Condition }
  | { readonly op: "derive"; readonly values: { readonly [name: string]: Expression } }
  | { readonly op: "keyBy"; readonly key: ReadonlyArray<string> }
  | { readonly op: "distinct"; readonly by: string; readonly within: number }
  | { readonly op: "lookup"; readonly table: Table; readonly by: ReadonlyArray<string>; readonly select: typeof Names.Type }
  | { readonly op: "union"; readonly other: ReadonlyArray<RowNode> }
  | { readonly op: "asOf"; readonly other: ReadonlyArray<RowNode>; readonly within: number; readonly select: typeof Names.Type }
  | {
    readonly op: "interval"
    readonly other: ReadonlyArray<RowNode>
    readonly before: number
    readonly after: number
    readonly type: "inner" | "left"
    readonly select: typeof Names.Type
  }

/** An indicator of one value over the windows of its key. */
const Indicator = Schema.Union([
  Schema.Struct({ function: Schema.Literal("previous"), of: Schema.String }),
  Schema.Struct({ function: Schema.Literals(["sma", "ema", "highest", "lowest"]), of: Schema.String, parameters: Schema.Struct({ n: Schema.Int }) })
])

const Constant = Schema.Union([Number, Schema.Boolean, Schema.Null])

/** What is done to the results of windows. */
export const ResultNode = Schema.Union([
  Schema.Struct({ op: Schema.Literal("derive"), values: Schema.Record(Schema.String, Expression) }),
  /** `within`: how long after the end of a window the next one may begin and still follow it. */
  Schema.Struct({ op: Schema.Literal("indicate"), values: Schema.Record(Schema.String, Indicator), within: Schema.Int }),
  Schema.Struct({ op: Schema.Literal("where"), condition: Condition }),
  Schema.Struct({ op: Schema.Literal("top"), n: Schema.Int, by: Schema.String, order: Schema.Literals(["ascending", "descending"]) }),
  /** By result what it is where there was no event: that of the window before, or a constant. */
  Schema.Struct({
    op: Schema.Literal("fill"),
    values: Schema.Record(Schema.String, Schema.Union([Schema.Struct({ fill: Schema.Literal("previous") }), Constant])),
    within: Schema.Int
  })
])
export type ResultNode = typeof ResultNode.Type

export const Pipeline = Schema.Struct({
  /** Which rows are in at all. */
  where,
  /** What is done to them before the windows, in order. */
  nodes: Schema.optionalKey(Schema.Array(RowNode)),
  window: Window,
  aggregates: Schema.Record(Schema.String, Aggregate),
  /** What is done to the results, in order. */
  results: Schema.optionalKey(Schema.Array(ResultNode)),
  /** Windows over the final results as rows, which have `key`, `start` and `end` of their window beside the results. */
  next: Schema.optionalKey(Schema.Struct({ window: Window, aggregates: Schema.Record(Schema.String, Aggregate) })),
  /** Larger tumbling windows that the states of those windows are merged into. */
  rollUp: Schema.optionalKey(Schema.Struct({ size: Schema.Int, offset: Schema.Int })),
  /** Records that somebody else has aggregated, and which field of theirs is which result. */
  preAggregated: Schema.optionalKey(Schema.Struct({ source: Source, fields: Names })),
  allowedLateness: Schema.Int,
  /** Which result is the change of which other, in per cent against the window before. */
  percentChange: Schema.optionalKey(Names)
})
export type Pipeline = typeof Pipeline.Type

const partition = Schema.Int

/**
 * A record of the log. Those of a partition are read in this order; how partitions interleave is open. Decisions are
 * records too: `idle` raises the watermark of its partition at least to its own, `end` says that the input was read to
 * its end, for now.
 */
export const Row = Schema.Union([
  Schema.Struct({ partition, kind: Schema.Literals(["event", "pre-aggregated"]), value: Schema.Json }),
  Schema.Struct({ partition, kind: Schema.Literal("idle"), watermark: Schema.Int }),
  Schema.Struct({ partition, kind: Schema.Literal("end") })
])
export type Row = typeof Row.Type

/** Where a row stands: the how manieth of its partition it is, from 0 and with decisions counted. */
export const Place = Schema.Struct({ partition, offset: Schema.Int })
export type Place = typeof Place.Type

/** A row with its place. */
export type Placed = Row & Place

/** The last pane of a window that is not taken back. Decimals are strings in plain notation. */
export const Result = Schema.Struct({
  key: Schema.String,
  start: Schema.Int,
  end: Schema.Int,
  values: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]))
})
export type Result = typeof Result.Type

/** A row that is no event of its source, and why. */
export const Refused = Schema.Struct({ ...Place.fields, reason: Schema.Literals(["missing-field", "invalid-field", "no-key", "does-not-fit"]) })
export type Refused = typeof Refused.Type

/** Written out, since what the compiler would write is ten times as long. */
export interface Case {
  readonly name: string
  /** The rule, and why it comes to these values. */
  readonly why: string
  readonly source: Source
  readonly pipeline: Pipeline
  readonly partitions: number
  readonly rows: ReadonlyArray<Row>
  readonly expected: {
    /** By end, then start, then key. */
    readonly panes: ReadonlyArray<Result>
    /** None where it is left out, as with `refused`. */
    readonly late?: ReadonlyArray<Place>
    readonly refused?: ReadonlyArray<Refused>
  }
}

export const Case: Schema.Codec<Case, unknown> = Schema.Struct({
  name: Schema.String,
  why: Schema.String,
  source: Source,
  pipeline: Pipeline,
  partitions: Schema.Int,
  rows: Schema.Array(Row),
  expected: Schema.Struct({
    panes: Schema.Array(Result),
    late: Schema.optionalKey(Schema.Array(Place)),
    refused: Schema.optionalKey(Schema.Array(Refused))
  })
})
