/** The command line of courant. Its commands are the only places where layers are chosen. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Effect, Exit, Layer, Logger, Predicate, References } from "effect"
import { CliError, CliOutput, Command } from "effect/cli"
import manifest from "../../package.json" with { type: "json" }
import * as StdinFile from "../adapters/stdio/StdinFile.ts"
import * as Commands from "./Commands.ts"
import * as OwnPackage from "./OwnPackage.ts"
import * as Advice from "./terminal/Advice.ts"
import { say } from "./terminal/Problem.ts"

const courant = Command.make("courant").pipe(
  Command.withDescription("Event-time stream processing: live candles and averages from late and out-of-order ticks"),
  Command.withExamples([
    { command: "courant run", description: "Today's market, or a recorded session, as a live page" },
    { command: "courant run --help", description: "All flags; every command has --help" }
  ]),
  Command.withSubcommands(await Commands.of(process.argv.slice(2)))
)

/** Help that was asked for is a result and goes to stdout; help after a mistake must not. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
        const mistakes = event.errors.map(({ message }) =>
          message.replaceAll(/\s*\n\s*\n\s*/g, ". ").replaceAll(/\s*\n\s*/g, " ")
        )
        say(`courant: ${mistakes.join("; ")} (see: ${event.commandPath.join(" ")} --help)`)
      })
      : CliOutput.defaultPresenter.present(event)
}

const exitCodeOf = (error: unknown): number => {
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
  return Predicate.isObject(error) && "usage" in error && error["usage"] === true ? 2 : 1
}

/** An error is one line, with what to do about it; with `--log-level debug` its whole cause follows. */
const tell = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    if (CliError.isCliError(error) && error._tag === "ShowHelp") return
    say(`courant: ${Advice.sentence(error)}`)
    if (isDebugging) say(Cause.pretty(cause))
  })

const isDebugging = process.argv.some((argument, index) =>
  /^--log-level=(debug|trace|all)$/i.test(argument) ||
  (argument === "--log-level" && /^(debug|trace|all)$/i.test(process.argv[index + 1] ?? ""))
)

const services = Layer.mergeAll(
  StdinFile.layer.pipe(Layer.provideMerge(NodeServices.layer)),
  CliOutput.layerPresenter(presenter),
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])
)

OwnPackage.register()

Command.run(courant, { version: manifest.version }).pipe(
  Effect.tapCause(tell),
  Effect.provideService(References.MinimumLogLevel, "Warn"),
  Effect.provide(services),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return onExit(0)
      onExit(exitCodeOf(Cause.squash(exit.cause)))
    }
  })
)
