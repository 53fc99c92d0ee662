/** A PostgreSQL out of the system's packages, in a folder that is gone with it. It does not run as root. */
import { Effect } from "effect"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chownSync, globSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folderOfPrograms = (): string => {
  const [folder] = globSync("/usr/lib/postgresql/*/bin").sort().toReversed()
  if (folder === undefined) throw new Error("there is no PostgreSQL: apt-get install postgresql")
  return folder
}

/** The user that Debian's package makes, where tests run as root. */
const owner = () => {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))
  return { uid: idOf("-u"), gid: idOf("-g") }
}

interface Server {
  readonly url: string
  /** Ends it, and begins again with what it has stored. */
  readonly restart: Effect.Effect<void>
}

/** It ends connections, and itself. */
const stop = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGINT")
  })

const freePort = Effect.callback<number>((resume) => {
  const listening = createServer().listen(0, "127.0.0.1", () => {
    const address = listening.address()
    listening.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** It answers when this comes back, and ends with the scope. */
export const server = Effect.gen(function*() {
  const programs = folderOfPrograms()
  const user = owner()
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "courant-postgres-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, "data")
  execFileSync(join(programs, "initdb"), ["-D", data, "-U", "courant", "-A", "trust", "-E", "UTF8", "--no-sync"], { cwd: folder, stdio: "pipe", ...user })
  const port = yield* freePort
  const options = ["-D", data, "-k", folder, "-p", String(port), "-c", "listen_addresses=127.0.0.1"]
  const start = () => spawn(join(programs, "postgres"), options, { cwd: folder, stdio: "ignore", ...user })
  const answers = Effect.try(() => execFileSync(join(programs, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)], { stdio: "pipe" })).pipe(
    Effect.retry({ while: () => Effect.as(Effect.sleep("50 millis"), true) }),
    Effect.orDie
  )
  let child: ChildProcess = yield* Effect.acquireRelease(Effect.sync(start), () => Effect.suspend(() => stop(child)))
  yield* answers
  const running: Server = {
    url: `postgres://courant@127.0.0.1:${port}/postgres`,
    restart: Effect.gen(function*() {
      yield* stop(child)
      child = start()
      yield* answers
    })
  }
  return running
})
