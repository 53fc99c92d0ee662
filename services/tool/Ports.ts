/** Ports of 127.0.0.1. */
import { Effect } from "effect"
import { createServer } from "node:net"
import { problem, type ServiceProblem } from "./Problem.ts"

/**
 * Below the range from which systems take the ports of outgoing connections (32768 and up on Linux, 49152 on
 * macOS). A server that is restarted on a port of that range may find it taken by a client which was just trying
 * to reach it: on loopback, a connection can even get its own target as its source, and then talks to itself.
 */
const range = { from: 20_000, to: 32_767 }

/** A free port for each name; `first` is the port of the first, where it has to be that one. */
export const choose = Effect.fnUntraced(function*<Name extends string>(
  names: readonly [Name, ...ReadonlyArray<Name>],
  first?: number
): Effect.fn.Return<Readonly<Record<Name, number>>, ServiceProblem> {
  if (first !== undefined && !(yield* isFree(first))) {
    return yield* problem(`port ${first} is in use by another program: choose another with --port, or leave it out`)
  }
  const chosen = new Set(first === undefined ? [] : [first])
  for (let attempt = 0; attempt < 1_000 && chosen.size < names.length; attempt++) {
    const port = range.from + Math.floor(Math.random() * (range.to - range.from + 1))
    if (yield* isFree(port)) chosen.add(port)
  }
  if (chosen.size < names.length) return yield* problem(`no free port was found from ${range.from} to ${range.to}`)
  const ports = [...chosen]
  // Every name is a key, because there are as many ports as names.
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<Name, number>
})

const isFree = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resume(Effect.succeed(true))))
  })
