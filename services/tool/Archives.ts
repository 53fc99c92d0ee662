/**
 * What servers run from that no registry has ready built: archives in the folder that COURANT_SERVERS names, beside
 * a file SHA256SUMS, as `sha256sum` writes it. Each is checked and unpacked into the user's cache once.
 */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { createReadStream, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import * as Cache from "./Cache.ts"
import * as Guarded from "./Guarded.ts"
import { problem } from "./Problem.ts"
import * as Programs from "./Programs.ts"

export interface Archive {
  /** Of the service, as `up` and `docker compose up` call it. */
  readonly service: string
  readonly version: string
}

/** Fails with what is to be done where the archive is not there. */
export const check = (archive: Archive) => Effect.asVoid(found(archive))

/** The folder that the archive's contents are in. */
export const unpacked = Effect.fnUntraced(function*(archive: Archive) {
  const { file, name, servers } = yield* found(archive)
  const sum = yield* listedSum(servers, name)
  const folder = `${archive.service}-${archive.version}-${sum.slice(0, 12)}`
  return yield* Cache.folder("servers", folder, `unpacking ${name}`, (part, log) =>
    Effect.andThen(verify(file, sum), unpack(file, part, log)))
})

const found = Effect.fnUntraced(function*(archive: Archive) {
  const name = `${archive.service}-${archive.version}-${platform}.tar.xz`
  const servers = process.env["COURANT_SERVERS"] ?? ""
  if (servers === "") {
    return yield* problem(
      `${archive.service} runs from ${name} in the folder that COURANT_SERVERS names, and that is not set: set it, ` +
        `or use containers (docker compose up ${archive.service})`
    )
  }
  const file = join(servers, name)
  if (!existsSync(file)) {
    return yield* problem(
      `${archive.service} runs from ${name}, which is not in ${servers} (COURANT_SERVERS): put it there, ` +
        `or use containers (docker compose up ${archive.service})`
    )
  }
  return { name, servers, file }
})

/** Such as linux-amd64. */
const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`

const listedSum = Effect.fnUntraced(function*(servers: string, name: string) {
  const sums = join(servers, "SHA256SUMS")
  const line = existsSync(sums) ? readFileSync(sums, "utf8").split("\n").find((line) => line.endsWith(name)) : undefined
  const sum = /^([0-9a-f]{64}) [ *]/.exec(line ?? "")?.[1]
  if (sum === undefined) return yield* problem(`${sums} does not say what the checksum of ${name} has to be`)
  return sum
})

const verify = Effect.fnUntraced(function*(file: string, sum: string) {
  const hash = createHash("sha256")
  yield* Effect.tryPromise({
    try: () => pipeline(createReadStream(file), hash),
    catch: (cause) => problem(`${file} cannot be read: ${String(cause)}`)
  })
  if (hash.digest("hex") !== sum) {
    return yield* problem(`${file} does not have the checksum that SHA256SUMS lists: it is damaged, or another's`)
  }
})

const unpack = Effect.fnUntraced(function*(file: string, into: string, log: string) {
  for (const program of ["tar", "xz"]) {
    if (!Programs.isOnPath(program)) {
      return yield* problem(`${file} is unpacked with tar and xz, and there is no ${program} on the PATH: install it`)
    }
  }
  yield* Effect.logInfo(`unpacking ${file}, once`)
  const { code } = yield* Guarded.complete(["tar", "-xJf", file, "-C", into], log)
  if (code !== 0) return yield* problem(`${file} could not be unpacked; what tar said is in ${log}`)
})
