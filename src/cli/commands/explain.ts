/** `courant explain`: what a pipeline is for the engine in process, and its plan on another, without any server. */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Flags from "../Flags.ts"
import * as Pipelines from "../Pipelines.ts"
import { describe, describeBehindWindows } from "../terminal/Graph.ts"
import { isOfPanes } from "../../streams/pipeline/Pipeline.ts"

export const command = Command.make(
  "explain",
  {
    pipelines: Flags.chosenPipelines,
    engine: Flag.Literals("engine", ["spark", "process"]).pipe(
      Flag.withDescription(
        "spark, the default: the plan that is sent to a cluster. process: the graph that runs in this process, with the state " +
          "that each node keeps at most"
      ),
      Flag.withDefault("spark")
    ),
    outOfOrderness: Flags.outOfOrderness,
    allowedLateness: Flags.allowedLateness,
    maxTimeAhead: Flags.maxTimeAhead
  },
  Effect.fnUntraced(function*({ maxTimeAhead, ...input }) {
    const pipelines = yield* Pipelines.resolveAll(input.pipelines, Pipelines.boundsOf(input), "any", input.engine === "spark" ? Pipelines.onSpark : {})
    if (input.engine === "process") {
      return yield* Console.log(pipelines.map(({ checked }) => describe(checked).trimEnd()).join("\n\n"))
    }
    const [{ compileAny }, { explain }] = yield* Effect.promise(() =>
      Promise.all([import("../../adapters/spark/compile/Compile.ts"), import("../../adapters/spark/compile/Program.ts")]))
    const plans = yield* Effect.forEach(pipelines, (pipeline) =>
      Effect.map(compileAny(pipeline, { maxTimeAhead }), (program) =>
        `${explain(program)}\n\n${isOfPanes(pipeline) ? describeBehindWindows(pipeline) : ""}`))
    yield* Console.log(plans.map((plan) => plan.trimEnd()).join("\n\n"))
  })
).pipe(
  Command.withDescription(
    "Prints the plan that courant submit would send to Spark for a pipeline, without contacting a server. What Spark cannot " +
      "compute as courant does is refused by name. With --engine process it prints the graph that runs in this process."
  ),
  Command.withExamples([
    { command: "courant explain candles-1m --engine spark", description: "A built-in pipeline" },
    { command: "courant explain ./range.ts --engine spark", description: "The pipelines that a file of yours exports" },
    { command: "courant explain candles-1m --engine process", description: "Its nodes in process, and what each keeps at most" }
  ])
)
