#!/usr/bin/env node
/** The command line of courant: the only place where layers are chosen. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Layer, Logger, Predicate, References } from "effect"
import { CliError, CliOutput, Command } from "effect/cli"
import manifest from "../package.json" with { type: "json" }
import * as DeadLetters from "./cli/deadLetters.ts"
import * as Doctor from "./cli/doctor.ts"
import * as Ingest from "./cli/ingest.ts"
import { say } from "./cli/Problem.ts"
import * as Process from "./cli/process.ts"
import * as Replay from "./cli/replay.ts"
import * as Run from "./cli/run.ts"

const courant = Command.make("courant").pipe(
  Command.withDescription("Event-time stream processing: live candles and averages out of late and disordered ticks"),
  Command.withSubcommands([
    Run.command,
    Ingest.command,
    Process.command,
    Replay.command,
    Doctor.command,
    DeadLetters.command
  ])
)

/** Help that was asked for is a result and goes to stdout; help after a mistake must not. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
        for (const error of event.errors) say(`courant: ${error.message}`)
        say(`See: ${event.commandPath.join(" ")} --help`)
      })
      : CliOutput.defaultPresenter.present(event)
}

const exitCodeOf = (error: unknown): number => {
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
  return Predicate.isObject(error) && "usage" in error && error["usage"] === true ? 2 : 1
}

/** An error is one line; with `--log-level debug` its whole cause follows. */
const tell = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    if (CliError.isCliError(error) && error._tag === "ShowHelp") return
    const message = Predicate.isObject(error) && Predicate.isString(error["message"]) ? error["message"] : String(error)
    say(`courant: ${message.split("\n")[0] ?? ""}`)
    if (isDebugging) say(Cause.pretty(cause))
  })

const isDebugging = process.argv.some((argument, index) =>
  /^--log-level=(debug|trace|all)$/i.test(argument) ||
  (argument === "--log-level" && /^(debug|trace|all)$/i.test(process.argv[index + 1] ?? ""))
)

const services = Layer.mergeAll(
  NodeServices.layer,
  CliOutput.layerPresenter(presenter),
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])
)

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
