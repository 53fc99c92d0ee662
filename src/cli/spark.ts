/** `courant spark`: applications of one's own on a standalone cluster of Spark, without an installation of Spark. */
import { Console, Effect, Option, Redacted } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Options, Status, Submissions } from "../adapters/spark/rest/Submissions.ts"
import { type Problem, say, usage } from "./Problem.ts"

const rest = Flag.String("rest").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription("REST API of the cluster's master, such as http://127.0.0.1:6066 (or COURANT_SPARK_REST)"),
  Flag.optional
)

/** As a master gives them; anything may be one. */
const id = Argument.String("id").pipe(
  Argument.withMetavar("ID"),
  Argument.withDescription("Of the application, as submit has printed it")
)

const submit = Command.make(
  "submit",
  {
    rest,
    mainClass: Flag.String("class").pipe(
      Flag.withMetavar("CLASS"),
      Flag.withDescription("The application's main class, or one that Spark brings along")
    ),
    jar: Flag.String("jar").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("The application's jar: a URL, or a path that each worker can read; it is not uploaded"),
      Flag.optional
    ),
    conf: Flag.String("conf").pipe(
      Flag.withMetavar("NAME=VALUE"),
      Flag.withDescription("A setting of Spark, such as spark.driver.memory=1g; any number of them"),
      Flag.filterMap(settingOf, (text) => `${JSON.stringify(text)} is no setting: give NAME=VALUE`),
      Flag.atLeast(0)
    ),
    args: Argument.String("args").pipe(
      Argument.withMetavar("ARG"),
      Argument.withDescription("What the application is given, after --"),
      Argument.atLeast(0)
    )
  },
  Effect.fnUntraced(function*({ args, conf, jar, mainClass, rest }) {
    const id = yield* over(rest, ({ create }) =>
      create({ mainClass, jar: Option.getOrUndefined(jar), args, properties: Object.fromEntries(conf) }))
    yield* Console.log(id)
  })
).pipe(
  Command.withDescription(
    "Submits an application in cluster mode and prints its id. It runs on a worker from then on, with or without us: " +
      "see courant spark status. What it prints is on that worker, in the folder work/ID."
  ),
  Command.withShortDescription("Runs an application on the cluster, and prints its id"),
  Command.withExamples([
    {
      command: "courant spark submit --rest http://127.0.0.1:6066 --class org.example.Main --jar file:///apps/main.jar -- --day 2013-10-08",
      description: "A jar that is on each worker, with arguments"
    },
    {
      command: "courant spark submit --class org.example.Main --jar https://example.org/main.jar --conf spark.driver.memory=1g " +
        "--conf spark.cores.max=2",
      description: "One that the workers fetch, with settings; the master is that of COURANT_SPARK_REST"
    }
  ])
)

const status = Command.make(
  "status",
  {
    rest,
    id,
    json: Flag.Boolean("json").pipe(Flag.withDescription("One JSON object on one line"), Flag.withDefault(false))
  },
  Effect.fnUntraced(function*({ id, json, rest }) {
    const found = yield* over(rest, ({ status }) => status(id))
    yield* Console.log(json ? JSON.stringify({ ...found, host: found.host ?? null }) : lineOf(found))
  })
).pipe(
  Command.withDescription(
    "Says what has become of an application: SUBMITTED (waits for room), RUNNING, FINISHED, FAILED, KILLED, ERROR, " +
      "RELAUNCHING or UNKNOWN (the master has just come back)"
  ),
  Command.withShortDescription("What has become of an application"),
  Command.withExamples([
    { command: "courant spark status driver-20261124104600-0000", description: "In words" },
    { command: "courant spark status driver-20261124104600-0000 --json", description: "For another program" }
  ])
)

const kill = Command.make(
  "kill",
  { rest, id },
  Effect.fnUntraced(function*({ id, rest }) {
    const isKilled = yield* over(rest, ({ kill }) => kill(id))
    say(isKilled ? `${id} is being ended` : `${id} had ended before`)
  })
).pipe(
  Command.withDescription("Ends an application, and what it runs on the cluster"),
  Command.withExamples([{ command: "courant spark kill driver-20261124104600-0000", description: "No matter who submitted it" }])
)

/** `NAME=VALUE`; there may be more of `=` in the value. */
function settingOf(text: string): Option.Option<readonly [string, string]> {
  const at = text.indexOf("=")
  return at < 1 ? Option.none() : Option.some([text.slice(0, at), text.slice(at + 1)])
}

const over = Effect.fnUntraced(function*<A, E>(
  rest: Option.Option<string>,
  use: (submissions: Submissions["Service"]) => Effect.Effect<A, E>
) {
  const options = yield* optionsOf(rest)
  const { Submissions } = yield* Effect.promise(() => import("../adapters/spark/rest/Submissions.ts"))
  return yield* Effect.provide(Submissions.use(use), Submissions.layer(options))
})

/** A token comes from the environment only, so that no list of processes shows it. */
const optionsOf = (rest: Option.Option<string>): Effect.Effect<Options, Problem> => {
  const url = Option.getOrElse(rest, () => process.env["COURANT_SPARK_REST"] ?? "")
  const token = process.env["COURANT_SPARK_REST_TOKEN"] ?? ""
  return url === ""
    ? Effect.fail(usage("give the REST API of the cluster's master: --rest URL, or COURANT_SPARK_REST in the environment"))
    : Effect.succeed({ url, token: token === "" ? undefined : Redacted.make(token) })
}

const lineOf = ({ host, id, message, state }: Status): string => {
  const where = host === undefined ? "" : ` on ${host}`
  const why = message.trim() === "" ? "" : `: ${message.trim().split("\n").map((line) => line.trim()).join(" ").slice(0, 600)}`
  return `${id}  ${state}${where}${why}`
}

export const command = Command.make("spark").pipe(
  Command.withDescription("Applications on a standalone cluster of Spark, by the REST API of its master: submit, status, kill"),
  Command.withShortDescription("Applications on a Spark cluster: submit, status, kill"),
  Command.withExamples([
    { command: "courant spark submit --class org.example.Main --jar file:///apps/main.jar", description: "Prints its id" },
    { command: "courant spark status driver-20261124104600-0000", description: "What has become of it" }
  ]),
  Command.withSubcommands([submit, status, kill])
)
