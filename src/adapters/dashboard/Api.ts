/**
 * The routes for programs, the page among them, as data: paths, parameters and answers. What the server does with them is in
 * `Routes.ts`; `GET /api/v1/openapi.json` tells programs the same.
 */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import * as Pane from "../../streams/pipeline/Pane.ts"
import * as Alerts from "./alerts/Told.ts"
import { Description } from "./Description.ts"
import { Change, FeedState } from "./FeedState.ts"
import { Graph } from "./Graph.ts"
import { Health } from "./Health.ts"
import { Letters } from "./Letters.ts"
import { most as mostRows, Rows } from "./Rows.ts"
import { OneLine } from "./OneLine.ts"
import { Status } from "./Status.ts"
import { LogTimes } from "./past/LogTimes.ts"
import { WindowHistory } from "./past/WindowHistory.ts"
import { Streamed } from "./StreamEvents.ts"
import { TradingDays } from "./TradingSessions.ts"

export const prefix = "/api/v1"

/** Panes, and keys, of one answer. */
export const usualLimit = 1_000
export const mostLimit = 10_000

export const usualRows = 100

const wholeNumber = Schema.String.check(
  Schema.isPattern(/^-?\d{1,15}$/, { expected: "a whole number" })
).pipe(Schema.decodeTo(Schema.NumberFromString))

const limit = wholeNumber.check(Schema.isBetween({ minimum: 1, maximum: mostLimit }))

const text = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))

/** A pipeline without keys has the empty one. */
const key = Schema.String.check(Schema.isMaxLength(2_000))

/** What a viewer looks at is at most so many. */
const several = Schema.Array(Schema.String.check(Schema.isMaxLength(2_000))).check(Schema.isMaxLength(200))

const lineOf = (status: number, description: string) =>
  Schema.String.annotate({ description }).pipe(HttpApiSchema.asText({ contentType: "text/plain" }), HttpApiSchema.status(status))

const wrong = lineOf(400, "A line that names the parameter that is wrong.")
const unreadable = lineOf(503, "A line that says why results cannot be read.")

const foreign = lineOf(403, "The request is not of this page's.")

const asKnownAt = Schema.optionalKey(wholeNumber)

const speed = Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d{1,6}(\.\d{1,3})?$/, { expected: "a number such as 60" })).pipe(
  Schema.decodeTo(Schema.NumberFromString)
))

const unkept = lineOf(404, "The past is not within reach of this server.")

const ofPast = "`asKnownAt` asks for what was known at a time, as the log tells it."

const said = (summary: string, description?: string) => OpenApi.annotations({ summary, description })

const alerts = [
  HttpApiEndpoint.get("alerts", "/alerts", { query: { asKnownAt }, success: Alerts.Alerts, error: [wrong] }).annotateMerge(said(
    "The alerts, and what they have fired",
    "With `asKnownAt` those of that time which are still there, and what had fired then."
  )),
  HttpApiEndpoint.post("addAlert", "/alerts", {
    payload: Alerts.Wish,
    success: Alerts.ToldAlert,
    error: [wrong, foreign, lineOf(409, "There are too many."), unreadable]
  }).annotateMerge(said(
    "Makes an alert: a value of one key that crosses a level",
    "`value` is the name of a number, or `price` where there are open, high, low and close. A key that is not there yet is waited for."
  )),
  HttpApiEndpoint.delete("removeAlert", "/alerts/:id", {
    params: { id: text },
    success: Schema.Struct({ id: Schema.String }),
    error: [wrong, foreign, lineOf(404, "There is none."), unreadable]
  }).annotateMerge(said("Deletes an alert, with what it has fired"))
] as const

export const Keys = Schema.Struct({
  keys: Schema.Array(Schema.Struct({ key: Schema.String, newest: Pane.Encoded })),
  /** Whether there are others behind these. */
  more: Schema.Boolean,
  /** How many there are in all, whatever `after` and `limit` are. */
  total: Schema.Int
})

/** Of a server on which these pipelines run. */
export const of = (pipelines: ReadonlyArray<string>) => {
  const pipeline = Schema.Literals(pipelines)
  return HttpApi.make("courant").add(
    HttpApiGroup.make("courant", { topLevel: true }).add(
      HttpApiEndpoint.get("pipelines", "/pipelines", { success: Schema.Array(Description) })
        .annotateMerge(said("The pipelines that run, with their keys, windows and values")),
      HttpApiEndpoint.get("keys", "/keys", {
        query: { pipeline, contains: Schema.optionalKey(text), after: Schema.optionalKey(Schema.String), limit: Schema.optionalKey(limit), asKnownAt },
        success: Keys,
        error: [wrong, unkept, unreadable]
      }).annotateMerge(said(
        "The keys of a pipeline, each with its newest window as it stands",
        "In the order of code points. `contains` leaves those that contain a text, in which A to Z and a to z are the same; " +
          `\`after\` those behind a key. ${usualLimit} by default, ${mostLimit} at most. ${ofPast}`
      )),
      HttpApiEndpoint.get("panes", "/panes", {
        query: {
          pipeline: Schema.optionalKey(pipeline),
          key: Schema.optionalKey(key),
          from: Schema.optionalKey(wholeNumber),
          to: Schema.optionalKey(wholeNumber),
          limit: Schema.optionalKey(limit),
          asKnownAt
        },
        success: Schema.Array(Pane.Encoded),
        error: [wrong, unkept, unreadable]
      }).annotateMerge(said(
        "The newest pane of each window with `from <= start < to`, in the order of time",
        `Times are milliseconds since the epoch. The newest ${usualLimit} by default, ${mostLimit} at most. Windows that are open are not among them. ${ofPast}`
      )),
      rows(pipeline),
      HttpApiEndpoint.get("status", "/status", { query: { asKnownAt }, success: Status, error: [wrong, unkept, unreadable] })
        .annotateMerge(said("What runs, how fresh its feed is, and how far it is", "With `asKnownAt` how far it was then; the rest is of now.")),
      HttpApiEndpoint.get("sessions", "/sessions", {
        query: { exchange: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(20))), from: wholeNumber, to: wholeNumber },
        success: TradingDays,
        error: [wrong]
      }).annotateMerge(said(
        "When an exchange trades: its days that have something of the time from `from` to `to`",
        "`exchange` is one of Yahoo's codes or the name of a calendar; without it New York's. Times are milliseconds since the epoch."
      )),
      HttpApiEndpoint.get("stream", "/stream", {
        query: { follow: Schema.optionalKey(several), watch: Schema.optionalKey(several), asKnownAt, speed },
        success: Streamed,
        error: [wrong, unkept, lineOf(503, "There are too many viewers.")]
      }).annotateMerge(said("Server-sent events of what is looked at", stream)),
      ...past(pipeline),
      HttpApiEndpoint.get("health", "/health", { success: Health, error: Health.pipe(HttpApiSchema.status(503)) })
        .annotateMerge(said("503 where the engine is stuck: records have waited for a minute and nothing was counted")),
      ...counted(pipeline),
      ...alerts,
      HttpApiEndpoint.post("feed", "/feed", {
        payload: Change,
        success: FeedState,
        error: [wrong, foreign, lineOf(409, "The feed is none whose pace can be changed.")]
      }).annotateMerge(said(
        "Pauses a replay, lets it go on, or changes its speed",
        "In a browser the page alone can do it. A program sends the token, where there is one, or the server's own `Origin`."
      ))
    ).middleware(OneLine)
  ).prefix(prefix).annotateMerge(OpenApi.annotations({ title: "courant", version: "1", description: unknownParameters }))
}

/** Of pipelines that end in events. */
const rows = <P extends Schema.Codec<string, string>>(pipeline: P) =>
  HttpApiEndpoint.get("rows", "/rows", {
    query: { pipeline, key: Schema.optionalKey(key), contains: Schema.optionalKey(text), limit: Schema.optionalKey(wholeNumber.check(Schema.isBetween({ minimum: 1, maximum: mostRows }))) },
    success: Rows,
    error: [wrong]
  }).annotateMerge(said(
    "The newest rows of a pipeline that ends in events, the newest first",
    `\`contains\` leaves those of the newest ${mostRows} in which a text is part of the key or of a value. ${usualRows} by default, ${mostRows} at most. ` +
      "Where the sink of rows cannot be read back they are the last that came since the server began, which `since` says."
  ))

/** What was counted of the pipelines, and what was not. */
const counted = <P extends Schema.Codec<string, string>>(pipeline: P) => [
  HttpApiEndpoint.get("graph", "/graph", { query: { asKnownAt }, success: Graph, error: [wrong, unkept, unreadable] })
    .annotateMerge(said(
      "The pipelines that run as one graph: sources, nodes and sinks, and what is known of each",
      `A count is \`null\` where it is not known of the node; those of a pipeline stand in \`pipelines\`. ${ofPast}`
    )),
  HttpApiEndpoint.get("letters", "/letters", {
    query: { pipeline: Schema.optionalKey(pipeline), limit: Schema.optionalKey(limit), asKnownAt },
    success: Letters,
    error: [wrong, unkept, unreadable]
  }).annotateMerge(said(
    "What could not be used: how much for which reason, and what came last",
    `The newest 100 by default. ${ofPast} Of the past there are at most the last 200 of each pipeline.`
  ))
] as const

/** Of what was known when: the log tells it. */
const past = <P extends Schema.Codec<string, string>>(pipeline: P) => [
  HttpApiEndpoint.get("log", "/log", { success: LogTimes, error: [unkept, unreadable] })
    .annotateMerge(said("When how many records were appended to the log", "At most 500 counts, over equal times.")),
  HttpApiEndpoint.get("history", "/history", {
    query: { pipeline, key, start: wholeNumber, end: wholeNumber },
    success: WindowHistory,
    error: [wrong, unkept, unreadable]
  }).annotateMerge(said(
    "How a window came to be what it is",
    "Its revisions, the last 1,000 of its records, and what it waits for. 400 where the pipeline can have no window from `start` to `end`, with those near it."
  )),
  HttpApiEndpoint.get("changes", "/changes", {
    query: { pipeline, key, asKnownAt: wholeNumber },
    success: Schema.Struct({ before: Schema.NullOr(Schema.Int), after: Schema.NullOr(Schema.Int) }),
    error: [wrong, unkept, unreadable]
  }).annotateMerge(said("When something of a key became known before a time and after it"))
] as const

const unknownParameters = "A parameter that a route does not have is answered with 400, in a line that names it and those that there are."

const stream = [
  "`follow=PIPELINE~KEY`, any number of times: each `pane` of the key, and its open windows as they are `forming`, at most five times",
  "a second. `watch=PIPELINE:FIELD,FIELD`, any number of times: `rows`, at most twice a second, with the newest window of each key",
  "that has changed since; all values where there is no colon. Escape keys and fields as any parameter. A row is",
  "`[key, start, end, kind, …values]`: it takes the place of the key's row unless that is of a later window; a row that is",
  "`retracted` takes the key's row away, and the row behind it, where there is one, is the key's newest then. A viewer first hears",
  "of the windows that are open; it asks for `keys` and `panes` once it hears, and again when it is told `missed`. Without",
  "parameters there are `status`, `progress` and a `beat` every 15 seconds alone. Whoever hears of now hears each `alert` that fires,",
  "what becomes of it, and `alerts` where there are others. With `asKnownAt` the same is told of the past: what",
  "was known then, and with `speed` the log as it was written from then on, so many times as fast; `progress` says by `knownAt` up to when.",
  "Only a few instants can be looked at at a time; whoever asks for one more is told so by `waiting`, and hears of it when another one is left."
].join(" ")
