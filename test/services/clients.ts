/** Kafka's own programs as clients of the brokers under test. */
import { Effect } from "effect"
import { command } from "../../services/kafka/tools.ts"
import { startCommand } from "../cli/courant.ts"
import { root } from "./processes.ts"

/** Runs one to its end, which has to be a success. */
const run = Effect.fnUntraced(function*(name: Parameters<typeof command>[0], args: ReadonlyArray<string>, input = "") {
  const [file, ...before] = yield* command(name)
  const { ended } = yield* startCommand(file, [...before, ...args], { cwd: root, input })
  const { code, stderr, stdout } = yield* ended
  if (code !== 0) return yield* Effect.die(`${name} ${args.join(" ")} failed: ${stdout}${stderr}`)
  return stdout
}, Effect.scoped)

export const createTopic = (brokers: string, topic: string) =>
  run("topics", ["--bootstrap-server", brokers, "--create", "--topic", topic, "--partitions", "1"])

/** Written when it returns: to all replicas, acknowledged. */
export const produce = (brokers: string, topic: string, lines: ReadonlyArray<string>) =>
  run("console-producer", ["--bootstrap-server", brokers, "--topic", topic], lines.map((line) => `${line}\n`).join(""))

/** Of the topic, from its beginning, as a member of a group. */
export const consume = Effect.fnUntraced(function*(brokers: string, topic: string, count: number) {
  const text = yield* run("console-consumer", [
    "--bootstrap-server", brokers, "--topic", topic, "--from-beginning",
    "--max-messages", String(count), "--timeout-ms", "180000"
  ])
  return text.trimEnd().split("\n")
})
