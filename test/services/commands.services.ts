/**
 * What the commands do for every service, with one that starts as fast as a shell: two processes, each of which
 * listens on a port of its own once it is ready.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { ask } from "../../services/tool/Ask.ts"
import * as Tool from "../../services/tool/Commands.ts"
import * as Identity from "../../services/tool/Identity.ts"
import * as Ports from "../../services/tool/Ports.ts"
import { problem } from "../../services/tool/Problem.ts"
import * as Registry from "../../services/tool/Registry.ts"
import type { Service, StopSignal } from "../../services/tool/Service.ts"
import { start } from "../../services/testing.ts"
import { node } from "../cli/courant.ts"
import { gone, temporaryFolder } from "./processes.ts"

/** Without what they log for who waits at a terminal. */
const Commands = {
  ...Tool,
  up: (service: Service, options: Tool.Options) => Effect.provide(Tool.up(service, options), Logger.layer([])),
  hold: (service: Service, options: Tool.Options) => Effect.provide(Tool.hold(service, options), Logger.layer([]))
}

/** Writes down that it starts and, told so in its way, that it stops; says `ready` to who connects, after a while. */
const server = (name: string, port: number, journal: string, stopSignal: StopSignal = "SIGTERM") => `
const { appendFileSync } = require("node:fs")
const write = (what) => appendFileSync(${JSON.stringify(journal)}, what + " ${name}\\n")
write("start")
process.on("${stopSignal}", () => { write("stop"); process.exit(0) })
setTimeout(() => require("node:net").createServer((socket) => socket.end("ready")).listen(${port}, "127.0.0.1"), 200)
`

const answers = (port: number) => Effect.asVoid(ask(port, ""))

const pair: Service<"front" | "back", { readonly url: string }> = {
  name: "pair",
  summary: "Two processes",
  ports: ["front", "back"],
  access: ({ front }) => ({ url: `127.0.0.1:${front}` }),
  prepare: ({ folder, ports, settings }) => {
    const journal = join(folder, "journal")
    return Effect.succeed([
      {
        name: "back",
        command: [node, "-e", settings["back"] ?? server("back", ports.back, journal, "SIGINT")] as const,
        environment: { ONLY: "this" },
        stopSignal: "SIGINT",
        ready: answers(ports.back)
      },
      {
        name: "front",
        command: [node, "-e", settings["front"] ?? server("front", ports.front, journal)] as const,
        ready: answers(ports.front)
      }
    ])
  }
}

/** One that says to whom it was told to turn. */
const guest: Service<"door", { readonly url: string; readonly host: string }, { readonly url: string }> = {
  name: "guest",
  summary: "One that needs the pair",
  needs: pair,
  ports: ["door"],
  access: ({ door }, folder) => ({ url: `127.0.0.1:${door}`, host: readFileSync(join(folder, "host"), "utf8") }),
  prepare: ({ folder, ports }, { url }) => {
    writeFileSync(join(folder, "host"), url)
    const command = [node, "-e", server("guest", ports.door, join(folder, "journal"))] as const
    return Effect.succeed([{ name: "guest", command, ready: answers(ports.door) }])
  }
}

/** A data folder with nothing left running in it at the end. */
const dataFolder = Effect.acquireRelease(temporaryFolder, (data) =>
  Effect.orDie(Effect.forEach([guest, pair], (service) => Commands.down(service, data))))

const journal = (data: string, service: Service = pair) =>
  readFileSync(join(data, service.name, "journal"), "utf8").trimEnd().split("\n")

const processes = (data: string) => Registry.read(join(data, "pair"))?.processes ?? []

describe("up and down", () => {
  it.live("start in order, leave running, find again, and stop in the reverse order", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const access = yield* Commands.up(pair, { data, port: undefined })
      assert.deepStrictEqual(Commands.status(pair, data), access)
      assert.deepStrictEqual(yield* Commands.up(pair, { data, port: undefined }), access)
      const running = processes(data)
      assert.deepStrictEqual(running.map(Identity.isAlive), [true, true])
      assert.isTrue(yield* Commands.down(pair, data))
      assert.deepStrictEqual(running.map(Identity.isAlive), [false, false])
      assert.deepStrictEqual(journal(data), ["start back", "start front", "stop front", "stop back"])
      assert.isUndefined(Commands.status(pair, data))
      assert.isFalse(yield* Commands.down(pair, data))
    }))

  it.live("two at once start one", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const up = Commands.up(pair, { data, port: undefined })
      const [one, other] = yield* Effect.all([up, up], { concurrency: 2 })
      assert.deepStrictEqual(one, other)
      assert.deepStrictEqual(journal(data), ["start back", "start front"])
    }))

  it.live("the port is that which was asked for, or it is said why not", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const { front } = yield* Ports.choose(["front"])
      assert.deepStrictEqual(yield* Commands.up(pair, { data, port: front }), { url: `127.0.0.1:${front}` })
      assert.deepStrictEqual(yield* Commands.up(pair, { data, port: front }), { url: `127.0.0.1:${front}` })
      const { message } = yield* Effect.flip(Commands.up(pair, { data, port: front + 1 }))
      assert.match(message, new RegExp(`pair runs already, at 127.0.0.1:${front}: stop it first`))
      const other = yield* dataFolder
      const taken = yield* Effect.flip(Commands.up(pair, { data: other, port: front }))
      assert.match(taken.message, new RegExp(`port ${front} is in use`))
    }))

  it.live("one whose part has died is not running; up ends the rest and starts it anew", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      yield* Commands.up(pair, { data, port: undefined })
      const [back, front] = processes(data)
      yield* Identity.signal(front!, "SIGKILL")
      yield* gone([front!])
      assert.isUndefined(Commands.status(pair, data))
      yield* Commands.up(pair, { data, port: undefined })
      assert.isFalse(Identity.isAlive(back!))
      assert.deepStrictEqual(processes(data).map(Identity.isAlive), [true, true])
    }))

  it.live("down leaves a process alone that has the number of one of ours now", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const self = Identity.of(process.pid)!
      Registry.write(join(data, "pair"), { access: { url: "" }, processes: [{ ...self, started: `${self.started}0` }] })
      assert.isUndefined(Commands.status(pair, data))
      assert.isFalse(yield* Commands.down(pair, data))
    }))

  it.live("down stops one that is paused", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      yield* Commands.up(pair, { data, port: undefined })
      const running = processes(data)
      yield* Identity.signal(running[1]!, "SIGSTOP")
      assert.isTrue(yield* Commands.down(pair, data))
      assert.deepStrictEqual(journal(data).slice(2), ["stop front", "stop back"])
    }))

  it.live("an interrupted up leaves nothing", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const fiber = yield* Effect.forkChild(Commands.up(pair, { data, port: undefined }))
      while (!existsSync(join(data, "pair/journal"))) yield* Effect.sleep("5 millis")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(journal(data), ["start back"])
      assert.isUndefined(Commands.status(pair, data))
      assert.isUndefined(Registry.read(join(data, "pair")))
    }))
})

describe("a service that needs another", () => {
  it.live("comes up after it, and is told how to reach it", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const access = yield* Commands.up(guest, { data, port: undefined })
      assert.strictEqual(access["host"], Commands.status(pair, data)?.["url"])
      assert.deepStrictEqual(yield* Commands.up(guest, { data, port: undefined }), access)
      assert.deepStrictEqual([journal(data), journal(data, guest)], [["start back", "start front"], ["start guest"]])
    }))

  it.live("takes the one that runs, and is started anew where that is elsewhere now", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const host = yield* Commands.up(pair, { data, port: undefined })
      const access = yield* Commands.up(guest, { data, port: undefined })
      assert.strictEqual(access["host"], host["url"])
      yield* Commands.down(pair, data)
      assert.deepStrictEqual(Commands.status(guest, data), access)
      const moved = yield* Commands.up(guest, { data, port: undefined })
      assert.strictEqual(moved["host"], Commands.status(pair, data)?.["url"])
      assert.deepStrictEqual(journal(data, guest), ["start guest", "stop guest", "start guest"])
    }))

  it.live("in the foreground holds it too, unless that runs by itself", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      yield* Effect.scoped(Effect.gen(function*() {
        const { ended } = yield* Commands.hold(guest, { data, port: undefined })
        yield* Commands.down(pair, data)
        yield* ended
      }))
      assert.deepStrictEqual(journal(data, guest), ["start guest", "stop guest"])
      yield* Commands.up(pair, { data, port: undefined })
      yield* Effect.scoped(Commands.hold(guest, { data, port: undefined }))
      assert.isDefined(Commands.status(pair, data))
      assert.isUndefined(Commands.status(guest, data))
      yield* Commands.down(pair, data)
      yield* Effect.scoped(Commands.hold(guest, { data, port: undefined }))
      assert.isUndefined(Commands.status(pair, data))
    }))
})

describe("a service in the foreground", () => {
  it.live("is stopped in order with its scope", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      yield* Effect.scoped(Effect.gen(function*() {
        const { access } = yield* Commands.hold(pair, { data, port: undefined })
        assert.deepStrictEqual(Commands.status(pair, data), access)
        const again = yield* Effect.flip(Effect.scoped(Commands.hold(pair, { data, port: undefined })))
        assert.match(again.message, /runs already/)
      }))
      assert.deepStrictEqual(journal(data).slice(2), ["stop front", "stop back"])
      assert.isUndefined(Commands.status(pair, data))
    }))

  it.live("tells a down from an accident", () =>
    Effect.gen(function*() {
      const data = yield* dataFolder
      const { ended } = yield* Commands.hold(pair, { data, port: undefined })
      yield* Commands.down(pair, data)
      yield* ended
      const again = yield* Commands.hold(pair, { data, port: undefined })
      yield* Identity.signal(processes(data)[0]!, "SIGKILL")
      assert.match((yield* Effect.flip(again.ended)).message, /pair's back has ended; its log is .*back\.log/)
    }))
})

describe("a service in a test", () => {
  it.live("that ends before it is ready says so with its last words, and takes the rest with it", () =>
    Effect.gen(function*() {
      const broken = { front: `console.error("no disk\\n    at somewhere"); process.exit(3)` }
      const { message } = yield* Effect.flip(Effect.scoped(start(pair, { settings: broken })))
      assert.match(message, /^pair's front ended before it was ready \(exit code 3\): no disk; its log is /)
    }))

  it.effect("restarts, stops and starts by the real clock, on the same port", () =>
    Effect.gen(function*() {
      const { access, folder, identities, kill9, restart, stop } = yield* start(pair)
      const lines = () => readFileSync(join(folder, "journal"), "utf8").trimEnd().split("\n")
      const [back, front] = yield* identities
      yield* kill9
      assert.deepStrictEqual([back, front].map((identity) => Identity.isAlive(identity!)), [true, false])
      yield* kill9
      yield* restart
      assert.deepStrictEqual((yield* identities)[0], back)
      yield* restart
      assert.deepStrictEqual(lines(), ["start back", "start front", "start front", "stop front", "start front"])
      yield* stop
      assert.deepStrictEqual(yield* identities, [])
      yield* restart
      assert.deepStrictEqual(lines().slice(5), ["stop front", "stop back", "start back", "start front"])
      yield* answers(Number(access.url.split(":")[1]))
    }))

  it.live("does not answer while it is paused", () =>
    Effect.gen(function*() {
      const { access, pause, resume, stop } = yield* start(pair)
      const ask = answers(Number(access.url.split(":")[1]))
      yield* pause
      yield* Effect.flip(Effect.timeout(ask, "300 millis"))
      yield* resume
      yield* ask
      yield* pause
      yield* stop
    }))

  it.live("leaves neither a process nor a folder behind, whether the test succeeds or fails", () =>
    Effect.gen(function*() {
      for (const end of [Effect.void, problem("on purpose")]) {
        const seen: Array<Identity.Identity> = []
        let place = ""
        yield* Effect.exit(Effect.scoped(Effect.gen(function*() {
          const { folder, identities, pause } = yield* start(pair)
          seen.push(...yield* identities)
          place = folder
          yield* pause
          yield* end
        })))
        assert.deepStrictEqual(seen.map(Identity.isAlive), [false, false])
        assert.isFalse(existsSync(place))
      }
    }))
})

describe("a process with an environment of its own", () => {
  it.live("has nothing else in it", () =>
    Effect.gen(function*() {
      const say = `console.error(JSON.stringify(process.env)); process.exit(1)`
      const { message } = yield* Effect.flip(Effect.scoped(start(pair, { settings: { back: say } })))
      assert.match(message, /back ended before it was ready .*\{"ONLY":"this"[^}]*\};/)
      assert.notMatch(message, /"PATH"|"HOME"/)
    }))
})

describe("ports", () => {
  it.live("are free, all different, and not of the range of outgoing connections", () =>
    Effect.gen(function*() {
      const names = Array.from({ length: 50 }, (_, index) => `port${index}`)
      const ports = Object.values(yield* Ports.choose(["first", ...names]))
      assert.strictEqual(new Set(ports).size, 51)
      for (const port of ports) {
        assert.isTrue(port >= 20_000 && port < 32_768)
        yield* Effect.callback<void>((resume) => {
          const server = createServer().listen(port, "127.0.0.1", () => server.close(() => resume(Effect.void)))
        })
      }
    }))
})
