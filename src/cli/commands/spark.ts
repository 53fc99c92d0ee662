/** `courant spark`: applications of one's own on a standalone cluster of Spark, without an installation of Spark. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Status, Submissions } from "../../adapters/spark/rest/Submissions.ts"
import { say } from "../terminal/Problem.ts"
import * as SparkFlags from "../spark/SparkFlags.ts"

/** As a master gives them; anything may be one. */
const id = Argument.String("id").pipe(
  Argument.withMetavar("ID"),
  Argument.withDescription("Of the application, as submit has printed it")
)

const submit = Command.make(
  "submit",
  {
    rest: SparkFlags.rest,
    mainClass: Flag.String("class").pipe(
      Flag.withMetavar("CLASS"),
      Flag.withDescription("The application's main class, or one that Spark brings along")
    ),
    jar: Flag.String("jar").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("The application's jar: a URL, or a path that each worker can read; it is not uploaded"),
      Flag.optional
    ),
    conf: SparkFlags.conf,
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
    rest: SparkFlags.rest,
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
  { rest: SparkFlags.rest, id },
  Effect.fnUntraced(function*({ id, rest }) {
    const isKilled = yield* over(rest, ({ kill }) => kill(id))
    say(isKilled ? `${id} is being ended` : `${id} had ended before`)
  })
).pipe(
  Command.withDescription("Ends an application, and what it runs on the cluster"),
  Command.withExamples([{ command: "courant spark kill driver-20261124104600-0000", description: "No matter who submitted it" }])
)

const over = Effect.fnUntraced(function*<A, E>(
  rest: Option.Option<string>,
  use: (submissions: Submissions["Service"]) => Effect.Effect<A, E>
) {
  const options = yield* SparkFlags.masterOf(rest)
  const { Submissions } = yield* Effect.promise(() => import("../../adapters/spark/rest/Submissions.ts"))
  return yield* Effect.provide(Submissions.use(use), Submissions.layer(options))
})

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
