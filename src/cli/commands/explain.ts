/** `courant explain`: the plan of a pipeline on another engine, without any server. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as Flags from "../Flags.ts"
import * as Pipelines from "../Pipelines.ts"
import * as SparkFlags from "../spark/SparkFlags.ts"

export const command = Command.make(
  "explain",
  {
    pipelines: SparkFlags.pipelines,
    engine: SparkFlags.engine,
    outOfOrderness: Flags.outOfOrderness,
    allowedLateness: Flags.allowedLateness,
    maxTimeAhead: Flags.maxTimeAhead
  },
  Effect.fnUntraced(function*({ maxTimeAhead, ...input }) {
    const pipelines = yield* Pipelines.resolveAll(input.pipelines, Pipelines.boundsOf(input))
    const [{ compileAny }, { explain }] = yield* Effect.promise(() =>
      Promise.all([import("../../adapters/spark/compile/Compile.ts"), import("../../adapters/spark/compile/Program.ts")]))
    const plans = yield* Effect.forEach(pipelines, (pipeline) =>
      Effect.map(compileAny(pipeline, { maxTimeAhead }), explain))
    yield* Console.log(plans.map((plan) => plan.trimEnd()).join("\n\n"))
  })
).pipe(
  Command.withDescription(
    "Prints the plan that courant submit would send to Spark for a pipeline, without contacting a server. What Spark cannot " +
      "compute as courant does is refused by name."
  ),
  Command.withShortDescription("The plan of a pipeline on Spark"),
  Command.withExamples([
    { command: "courant explain candles-1m --engine spark", description: "A built-in pipeline" },
    { command: "courant explain ./range.ts --engine spark", description: "The pipelines that a file of yours exports" }
  ])
)
