/**
 * A disk of a few megabytes, for those who want to see it full. It lives in memory (tmpfs), in a mount namespace
 * of its own that needs no privileges where the kernel lets users have one, and it ends with the process that holds it:
 * nothing is left over, whatever ends the test.
 */
import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { closeSync, cpSync, existsSync, openSync, rmSync, statSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { commandLine, startCommand, temporaryFolder } from "../cli/courant.ts"

/** In a namespace of mounts: makes the disk, says so, and lives until its standard input ends. */
const holding = (megabytes: number, folder: string) => {
  const script = `mount -t tmpfs -o size=${megabytes}m none "$0" && echo && exec cat`
  return { command: "unshare", args: ["-rm", "sh", "-c", script, folder] }
}

/** Whether this machine lets us have one. */
export const isPossible = (() => {
  const { args, command } = holding(1, tmpdir())
  return spawnSync(command, args, { input: "" }).status === 0
})()

/** Gone with the scope. */
export const smallDisk = (megabytes: number) =>
  Effect.gen(function*() {
    const folder = yield* temporaryFolder
    const holder = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const { args, command } = holding(megabytes, folder)
        const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] })
        await once(child.stdout, "data")
        return child
      }),
      (child) =>
        Effect.promise(async () => {
          child.stdin.end()
          await once(child, "close")
        })
    )
    /** The same file for us, who are outside. (SQLite does not find it this way: it resolves links by itself.) */
    const seen = (file: string) => `/proc/${holder.pid}/root${file}`
    const inside = ["-t", String(holder.pid), "-U", "-m", "--preserve-credentials"]
    const filler = seen(join(folder, "filler"))
    return {
      /** What it is called by those who run on it. */
      folder,
      /** Starts the program where the disk is. */
      start: (args: string, options: Parameters<typeof startCommand>[2]) => {
        return startCommand("nsenter", [...inside, ...commandLine(args).split(" ")], options)
      },
      /** The command that runs another where the disk is. */
      inside: (command: string) => ["nsenter", ...inside, command].join(" "),
      /** Writes until nothing more goes in. */
      fill: Effect.sync(() => fill(filler)),
      /** Takes away what `fill` has written. */
      free: Effect.sync(() => rmSync(filler)),
      sizeOf: (file: string) => Effect.sync(() => existsSync(seen(file)) ? statSync(seen(file)).size : 0),
      /** Copies a database that nobody has open, and the checkpoints beside it, to a folder on an ordinary disk. */
      copyDatabase: (from: string, to: string) =>
        Effect.sync(() => {
          for (const name of ["courant.db", "courant.db-wal", "checkpoints"]) {
            if (existsSync(seen(join(from, name)))) cpSync(seen(join(from, name)), join(to, name), { recursive: true })
          }
        })
    }
  })

const fill = (file: string): void => {
  const handle = openSync(file, "w")
  const page = Buffer.alloc(4_096)
  try {
    while (writeSync(handle, page) > 0);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ENOSPC")) throw cause
  } finally {
    closeSync(handle)
  }
}
