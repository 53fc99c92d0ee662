/** `courant spark`: applications of one's own on a standalone cluster of Spark, without an installation of Spark. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Status, Submissions } from "../../adapters/spark/rest/Submissions.ts"
import { say } from "../terminal/Problem.ts"
import * as SparkFlags from "../spark/SparkFlags.ts"

/** As a master gives them; anything may be one. */
const id = Argument.String("id").pipe(
  Argument.withMetavar("ID"),
  Argument.withDescription("Id of the application, as printed by submit")
)

const submit = Command.make(
  "submit",
  {
    rest: SparkFlags.rest,
    mainClass: Flag.String("class").pipe(
      Flag.withMetavar("CLASS"),
      Flag.withDescription("Main class of the application, or a class that Spark includes")
    ),
    jar: Flag.String("jar").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("Jar of the application: a URL, or a path that every worker can read; it is not uploaded"),
      Flag.optional
    ),
    conf: SparkFlags.conf,
    args: Argument.String("args").pipe(
      Argument.withMetavar("ARG"),
      Argument.withDescription("Arguments of the application, after --"),
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
    "Submits an application in cluster mode and prints its id. The application runs on a worker from then on: follow it " +
      "with courant spark status. Its output is on that worker, in the folder work/ID."
  ),
  Command.withShortDescription("Runs an application on the cluster, and prints its id"),
  Command.withExamples([
    {
      command: "courant spark submit --rest http://127.0.0.1:6066 --class org.example.Main --jar file:///apps/main.jar -- --day 2013-10-08",
      description: "A jar that every worker has, with arguments"
    },
    {
      command: "courant spark submit --class org.example.Main --jar https://example.org/main.jar --conf spark.driver.memory=1g " +
        "--conf spark.cores.max=2",
      description: "A jar that the workers download, with settings; the master is that of COURANT_SPARK_REST"
    }
  ])
)

const status = Command.make(
  "status",
  {
    rest: SparkFlags.rest,
    id,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print one JSON object on one line"), Flag.withDefault(false))
  },
  Effect.fnUntraced(function*({ id, json, rest }) {
    const found = yield* over(rest, ({ status }) => status(id))
    yield* Console.log(json ? JSON.stringify({ ...found, host: found.host ?? null }) : lineOf(found))
  })
).pipe(
  Command.withDescription(
    "Prints the state of an application: SUBMITTED (waiting for resources), RUNNING, FINISHED, FAILED, KILLED, ERROR, " +
      "RELAUNCHING or UNKNOWN (the master was just restarted)"
  ),
  Command.withShortDescription("The state of an application"),
  Command.withExamples([
    { command: "courant spark status driver-20261124104600-0000", description: "For people" },
    { command: "courant spark status driver-20261124104600-0000 --json", description: "For another program" }
  ])
)

const kill = Command.make(
  "kill",
  { rest: SparkFlags.rest, id },
  Effect.fnUntraced(function*({ id, rest }) {
    const isKilled = yield* over(rest, ({ kill }) => kill(id))
    say(isKilled ? `${id} is being stopped` : `${id} had already ended`)
  })
).pipe(
  Command.withDescription("Stops an application, and what it runs on the cluster"),
  Command.withExamples([{ command: "courant spark kill driver-20261124104600-0000", description: "Whoever submitted it" }])
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
  Command.withDescription("Applications on a standalone Spark cluster, through the REST API of its master: submit, status, kill"),
  Command.withExamples([
    { command: "courant spark submit --class org.example.Main --jar file:///apps/main.jar", description: "Submit it and print its id" },
    { command: "courant spark status driver-20261124104600-0000", description: "Print its state" }
  ]),
  Command.withSubcommands([submit, status, kill])
)
