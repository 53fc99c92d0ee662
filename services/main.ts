#!/usr/bin/env node
/** Real servers on loopback, without containers: `npm run services -- --help`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Layer, Logger, Option, Predicate } from "effect"
import { Argument, CliError, CliOutput, Command, Flag } from "effect/cli"
import { join, resolve } from "node:path"
import { services } from "./catalogue.ts"
import * as Commands from "./tool/Commands.ts"
import type { Access, Service } from "./tool/Service.ts"

/** Results go to stdout, everything else here. */
const say = (line: string) => process.stderr.write(`services: ${line}\n`)

const data = Flag.String("data").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Folder for the servers' data, logs and state; .services/ of the project by default"),
  Flag.withDefault(join(import.meta.dirname, "..", ".services")),
  Flag.map((folder) => resolve(folder))
)

const byName = (name: string): Option.Option<Service> =>
  Option.fromUndefinedOr(services.find((service) => service.name === name))

const allNames = services.map(({ name }) => name).join(", ")

const service = Argument.String("name").pipe(
  Argument.withMetavar("NAME"),
  Argument.withDescription(`One of ${allNames}`),
  Argument.filterMap(byName, () => `one of ${allNames}`)
)

const port = Flag.Int("port").pipe(
  Flag.withDescription("Port that clients connect to; a free one without"),
  Flag.filter(
    (value) => value >= 1 && value <= 65_535,
    () => "a number from 1 to 65535"
  ),
  Flag.optional
)

const foreground = Flag.Boolean("foreground").pipe(
  Flag.withDescription("Stay, and stop the servers at Ctrl-C or whatever else ends this command"),
  Flag.withDefault(false)
)

const up = Command.make(
  "up",
  { names: Argument.atLeast(service, 1), port, foreground, data },
  Effect.fnUntraced(function*({ data, foreground, names, port }) {
    if (Option.isSome(port) && names.length > 1) {
      return yield* new CliError.InvalidValue({
        option: "port",
        value: String(port.value),
        expected: "a single service to give it to",
        kind: "flag"
      })
    }
    const options = { data, port: Option.getOrUndefined(port) }
    yield* Effect.forEach(names, (service) => Commands.check(service, data), { discard: true })
    if (!foreground) {
      for (const service of names) yield* Console.log(line(service, yield* Commands.up(service, options)))
      return
    }
    const held: Array<Commands.Held> = []
    for (const service of names) {
      const one = yield* Commands.hold(service, options)
      yield* Console.log(line(service, one.access))
      held.push(one)
    }
    yield* Effect.raceAllFirst(held.map(({ ended }) => ended))
  }, Effect.scoped)
).pipe(
  Command.withDescription("Starts servers, and is done when clients can use them"),
  Command.withExamples([
    { command: "npm run services -- up kafka", description: "Leaves it running until down" },
    { command: "npm run services -- up kafka-zookeeper --port 9092", description: "On a port of your choice" },
    { command: "npm run services -- up kafka --foreground", description: "Runs it until Ctrl-C" },
    { command: "npm run services -- up grafana --port 3000", description: "InfluxDB too, where that does not run" }
  ])
)

const down = Command.make(
  "down",
  { names: service.pipe(Argument.atLeast(0)), data },
  Effect.fnUntraced(function*({ data, names }) {
    for (const service of names.length > 0 ? names : services.toReversed()) {
      const stopped = yield* Commands.down(service, data)
      if (stopped || names.length > 0) say(stopped ? `stopped ${service.name}` : `${service.name} was not running`)
    }
  })
).pipe(
  Command.withDescription("Stops servers, all of them where none is named; their data stays"),
  Command.withExamples([{ command: "npm run services -- down", description: "Leaves no process behind" }])
)

const logs = Command.make(
  "logs",
  { name: service, data },
  ({ data, name }) => Effect.flatMap(Commands.logs(name, data), Console.log)
).pipe(
  Command.withDescription("Prints what the processes of a server have said since its start"),
  Command.withExamples([
    { command: "npm run services -- logs kafka", description: "Warnings and errors, with their times" }
  ])
)

const status = Command.make(
  "status",
  {
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("One object, by service, on one line"),
      Flag.withDefault(false)
    ),
    data
  },
  Effect.fnUntraced(function*({ data, json }) {
    const running = services.flatMap((service) => {
      const access = Commands.status(service, data)
      return access === undefined ? [] : [[service, access] as const]
    })
    const byName = Object.fromEntries(running.map(([{ name }, access]) => [name, access]))
    if (json) yield* Console.log(JSON.stringify(byName))
    else for (const [service, access] of running) yield* Console.log(line(service, access))
  })
).pipe(
  Command.withDescription("Says which servers run, and how to reach them"),
  Command.withExamples([
    {
      command: "npm run --silent services -- status --json",
      description: 'Such as {"kafka":{"brokers":"127.0.0.1:21507"}}'
    }
  ])
)

/** `kafka  brokers=127.0.0.1:21507`. */
const line = ({ name }: Service, access: Access): string =>
  [name, ...Object.entries(access).map(([key, value]) => `${key}=${value}`)].join("  ")

const command = Command.make("services").pipe(
  Command.withDescription(
    "Real servers on 127.0.0.1 for tests and for trying things out, without containers: Kafka and Spark from Maven jars, " +
      "the others from archives in the folder that COURANT_SERVERS names:\n" +
      services.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join("\n")
  ),
  Command.withExamples([{ command: "npm run services -- up kafka", description: "The same with every service" }]),
  Command.withSubcommands([up, down, logs, status])
)

/** Help that was asked for is a result; after a mistake one line is enough. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
        const mistakes = event.errors.map(({ message }) => message.replaceAll(/\s*\n\s*/g, " "))
        say(`${mistakes.join("; ")} (see: npm run services -- --help)`)
      })
      : CliOutput.defaultPresenter.present(event)
}

const tell = (cause: Cause.Cause<unknown>) =>
  Effect.sync(() => {
    if (Cause.hasInterruptsOnly(cause)) return
    const error = Cause.squash(cause)
    if (CliError.isCliError(error) && error._tag === "ShowHelp") return
    say(Predicate.isObject(error) && Predicate.isString(error["message"]) ? error["message"] : String(error))
  })

/** 0 done, 1 failed, 2 wrong use, 130 interrupted. */
const exitCodeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return 130
  const error = Cause.squash(exit.cause)
  if (!CliError.isCliError(error)) return 1
  return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
}

Command.run(command, { version: "1" }).pipe(
  Effect.tapCause(tell),
  Effect.provide(Layer.mergeAll(
    NodeServices.layer,
    CliOutput.layerPresenter(presenter),
    Logger.layer([Logger.make(({ message }) => say(String(message)))])
  )),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: (exit, end) => end(exitCodeOf(exit)) })
)
