/** Relations and expressions of Spark, as values; expressions are texts of Spark SQL, which the server parses. */
import { create, type MessageInitShape } from "@bufbuild/protobuf"
import { type Expression, ExpressionSchema } from "./proto/expressions_pb.ts"
import { type Relation, RelationSchema } from "./proto/relations_pb.ts"

export type { Expression, Relation }

/** Spark SQL, as in `sum(volume) AS volume`. */
export const expr = (sql: string): Expression =>
  create(ExpressionSchema, { exprType: { case: "expressionString", value: { expression: sql } } })

export interface Source {
  /** `kafka`, `json`, `rate`. */
  readonly format: string
  /** DDL, as in `at BIGINT, price DECIMAL(18, 2)`; sources of files need one. */
  readonly schema?: string
  readonly options?: Readonly<Record<string, string>>
  /** Folders of files. */
  readonly paths?: ReadonlyArray<string>
}

/** What a source has now. */
export const read = (source: Source): Relation => reading(source, false)

/** An unbounded relation, of all that a source has and will have. */
export const readStream = (source: Source): Relation => reading(source, true)

const reading = ({ format, options = {}, paths = [], schema }: Source, isStreaming: boolean): Relation =>
  relation({
    case: "read",
    value: {
      readType: {
        case: "dataSource",
        value: { format, options, paths: [...paths], ...(schema === undefined ? {} : { schema }) }
      },
      isStreaming
    }
  })

/** A query in Spark SQL over tables of the catalog. */
export const sql = (query: string): Relation => relation({ case: "sql", value: { query } })

export const select = (input: Relation, ...columns: ReadonlyArray<string>): Relation =>
  relation({ case: "project", value: { input, expressions: columns.map(expr) } })

export const filter = (input: Relation, condition: string): Relation =>
  relation({ case: "filter", value: { input, condition: expr(condition) } })

/** The input with more columns, or others in the place of those of the same name. */
export const withColumns = (input: Relation, columns: Readonly<Record<string, string>>): Relation =>
  relation({
    case: "withColumns",
    value: { input, aliases: Object.entries(columns).map(([name, sql]) => ({ name: [name], expr: expr(sql) })) }
  })

/** The input as it is; aggregates over it come with the progress of a query, or the end of an execution. */
export const observe = (input: Relation, name: string, metrics: ReadonlyArray<string>): Relation =>
  relation({ case: "collectMetrics", value: { input, name, metrics: metrics.map(expr) } })

/** `delay` in Spark's words, as in `60 seconds`: events that come later than that after the latest may be dropped. */
export const withWatermark = (input: Relation, eventTime: string, delay: string): Relation =>
  relation({ case: "withWatermark", value: { input, eventTime, delayThreshold: delay } })

export const groupBy = (
  input: Relation,
  by: ReadonlyArray<string>,
  aggregates: ReadonlyArray<string>
): Relation =>
  relation({
    case: "aggregate",
    value: {
      input,
      groupType: 1,
      groupingExpressions: by.map(expr),
      aggregateExpressions: aggregates.map(expr)
    }
  })

/** All rows of both, columns by name. */
export const union = (leftInput: Relation, rightInput: Relation): Relation =>
  relation({ case: "setOp", value: { leftInput, rightInput, setOpType: 2, isAll: true, byName: true } })

type RelType = Exclude<MessageInitShape<typeof RelationSchema>["relType"], undefined>

const relation = (relType: RelType): Relation => create(RelationSchema, { relType })
