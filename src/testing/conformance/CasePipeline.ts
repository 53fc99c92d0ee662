/** The pipeline of a case, put together by the calls that anybody's pipeline is. */
import { Schema } from "effect"
import * as Decimal from "../../domain/Decimal.ts"
import { Aggregate, Events, Expr, Indicator, Join, Panes, Pipeline, Source, Table, Window } from "../../streams/pipeline/index.ts"
import type * as Case from "./Case.ts"

/** The fields of a case have no names for the compiler: to it all are such, whose names and kinds are checked when it runs. */
type Anything = { readonly [name: string]: Schema.Codec<never> }

type Row = { readonly [name: string]: never }

/** Throws where no pipeline can be made of it. */
export const pipelineOf = ({ name, pipeline, source }: Pick<Case.Case, "name" | "pipeline" | "source">): Pipeline.AnyOfPanes => {
  const rows = sourceOf(source)
  const filtered = pipeline.where === undefined ? rows : rows.pipe(Events.where(conditionOf(pipeline.where)))
  const behind = (pipeline.nodes ?? []).reduce((before, node) => withNode(before, node, rows), filtered as Rows)
  // Results have no names for the compiler either.
  const windowed = behind.pipe(windowsOf(pipeline.window), Aggregate.into(aggregatesOf(pipeline.aggregates))) as Aggregate.Aggregated<Row>
  const { preAggregated, rollUp } = pipeline
  const taking = preAggregated === undefined
    ? windowed
    : windowed.pipe(Pipeline.acceptPreAggregated(sourceOf(preAggregated.source), preAggregated.fields))
  const larger = rollUp === undefined
    ? taking
    : Pipeline.rollUp(taking.pipe(Pipeline.named("inner")), rollUp.size, { offset: rollUp.offset })
  const changed = Object.entries(pipeline.percentChange ?? {}).reduce(
    (results, [name, of]) => results.pipe(Pipeline.percentChange(name, of)),
    larger.pipe(Pipeline.allowedLateness(pipeline.allowedLateness))
  )
  const results = (pipeline.results ?? []).reduce(withResultNode, changed as Results)
  const { next } = pipeline
  if (next === undefined) return results.pipe(Pipeline.named(name))
  const finals: Rows = named(Panes.toEvents(results))
  return finals.pipe(windowsOf(next.window), Aggregate.into(aggregatesOf(next.aggregates)), Pipeline.named(name))
}

type Rows = Events.Events<Row>

type Results = Aggregate.Aggregated<Row>

/** Rows have no names for the compiler, so that no call fits them: what it is given is checked when it runs. */
const named = (given: unknown): never => given as never

/** `rows` are those of the source, of which another side is made. */
const withNode = (before: Rows, node: Case.RowNode, rows: Rows): Rows => {
  const sideOf = (nodes: ReadonlyArray<Case.RowNode>) => nodes.reduce((side, own) => withNode(side, own, rows), rows)
  switch (node.op) {
    case "where":
      return before.pipe(Events.where(conditionOf(node.condition)))
    case "derive":
      return before.pipe(Events.derive(named(expressionsOf(node.values)))) as Rows
    case "keyBy":
      return before.pipe(Events.keyBy(named(node.key))) as Rows
    case "distinct":
      return before.pipe(Events.distinct({ by: named(node.by), within: node.within }))
    case "lookup": {
      const { fields, key, rows } = node.table
      const table = Table.make("table", { schema: named(schemaOf({ fields })), key: named(key), rows: named(rows) })
      return named(Events.lookup(table, named({ by: node.by, select: node.select }))(named(before)))
    }
    case "union":
      return Events.union(sideOf(node.other))(named(before))
    case "asOf":
      return named(Join.asOf(sideOf(node.other), named({ within: node.within, select: node.select }))(named(before)))
    case "interval": {
      const { op: _, other, ...options } = node
      return Join.interval(sideOf(other), named(options))(named(before))
    }
  }
}

const withResultNode = (before: Results, node: Case.ResultNode): Results => {
  switch (node.op) {
    case "derive":
      return named(Panes.derive(named(expressionsOf(node.values)))(before))
    case "indicate": {
      const indicators = Object.entries(node.values).map(([name, indicator]) => [name, indicatorOf(indicator)])
      return named(Panes.derive(named(Object.fromEntries(indicators)), { within: node.within })(before))
    }
    case "where":
      return named(Panes.where(conditionOf(node.condition))(before))
    case "top":
      return named(Panes.top(node.n, named({ by: node.by, order: node.order }))(before))
    case "fill":
      return named(Panes.fill(named(node.values), named({ within: node.within }))(before))
  }
}

type Indicators = Extract<Case.ResultNode, { readonly op: "indicate" }>["values"]

const { ema, highest, lowest, sma } = Indicator
const ofLength = { ema, highest, lowest, sma }

const indicatorOf = (indicator: Indicators[string]): unknown =>
  indicator.function === "previous" ? Indicator.previous(indicator.of) : ofLength[indicator.function](indicator.of, indicator.parameters.n)

const expressionsOf = (values: { readonly [name: string]: Case.Expression }) =>
  Object.fromEntries(Object.entries(values).map(([name, node]) => [name, Expr.make(node)]))

/** The records of a source. */
export const schemaOf = ({ fields }: Pick<Case.Source, "fields">) =>
  Schema.Struct(Object.fromEntries(fields.map((field) => {
    const schema = valueOf(field)
    return [field.name, field.optional === true ? Schema.optionalKey(Schema.NullOr(schema)) : schema]
  })))

const valueOf = (field: Case.Field): Schema.Top => {
  switch (field.kind) {
    case "string":
      return Schema.String
    case "int":
      return Schema.Int
    case "double":
      return Schema.Finite
    case "boolean":
      return Schema.Boolean
    case "decimal":
      return Decimal.Decimal({ limit: field.limit, scale: field.scale })
    case "enum":
      return Schema.Literals(field.literals)
  }
}

const sourceOf = (source: Case.Source) =>
  Source.make<string, Anything, string>(source.name, {
    // See `Anything`.
    schema: schemaOf(source) as unknown as Schema.Struct<Anything>,
    key: source.key,
    eventTime: eventTimeOf(source.eventTime),
    outOfOrderness: source.outOfOrderness
  })

const eventTimeOf = (time: Case.Source["eventTime"]) => {
  if (time.unit === "milliseconds") return time.field
  if (time.unit === "seconds") return { seconds: time.field }
  return "withoutZone" in time ? { iso8601: time.field, withoutZone: time.withoutZone } : { iso8601: time.field }
}

const windowsOf = (window: Case.Window) => {
  switch (window.kind) {
    case "tumbling":
      return Window.tumbling(window.size, { offset: window.offset })
    case "hopping":
      return Window.hopping(window.size, window.advance, { offset: window.offset })
    case "cumulative":
      return Window.cumulative(window.size, window.step, { offset: window.offset })
    case "session":
      return Window.session(window.gap)
    case "calendar":
      return Window.calendar(window.unit, { timeZone: window.timeZone })
  }
}

type AnyAggregate = Aggregate.Of<Row>

const aggregatesOf = (aggregates: Case.Pipeline["aggregates"]) =>
  Object.fromEntries(Object.entries(aggregates).map(([name, aggregate]) => {
    const plain = aggregateOf(aggregate)
    return [name, aggregate.where === undefined ? plain : Aggregate.where(conditionOf(aggregate.where))(plain)]
  }))

const { correlation, count, covariance, first, last, max, maxBy, mean, min, minBy, standardDeviation, sum, variance, weightedMean } = Aggregate
const ofOne = { sum, mean, min, max, first, last }
const ofTwo = { minBy, maxBy, weightedMean, correlation }
const spreads = { variance, standardDeviation }

const aggregateOf = (aggregate: Case.Aggregate): AnyAggregate => {
  switch (aggregate.op) {
    case "count":
      return count
    case "minBy":
    case "maxBy":
    case "weightedMean":
    case "correlation":
      return ofTwo[aggregate.op](aggregate.field, aggregate.by)
    case "variance":
    case "standardDeviation":
      return spreads[aggregate.op](aggregate.field, { of: aggregate.of })
    case "covariance":
      return covariance(aggregate.field, aggregate.by, { of: aggregate.of })
    case "countDistinct":
      return Aggregate.countDistinct(aggregate.field, { atMost: aggregate.atMost })
    case "quantile":
      return Aggregate.quantile(aggregate.field, aggregate.quantile, { error: aggregate.error })
    default:
      return ofOne[aggregate.op](aggregate.field)
  }
}

/** A condition of a case is the data of one. */
const conditionOf = (node: Case.Condition) => Expr.make(node)
