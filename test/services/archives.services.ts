/** The cache of archives, with small ones in the place of servers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { node, startCommand } from "../cli/courant.ts"
import { root, script, temporaryFolder } from "./processes.ts"

const archive = `sample-1-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}.tar.xz`

/** A folder of servers with an archive that holds one file, and its checksum. */
const servers = (place: string, content: string): void => {
  mkdirSync(join(place, "sample"), { recursive: true })
  writeFileSync(join(place, "sample/program"), content)
  execFileSync("tar", ["-cJf", archive, "sample"], { cwd: place })
  const sum = createHash("sha256").update(readFileSync(join(place, archive))).digest("hex")
  writeFileSync(join(place, "SHA256SUMS"), `${"0".repeat(64)}  other-${archive}.old\n${sum}  ${archive}\n`)
}

const machine = Effect.gen(function*() {
  const folder = yield* temporaryFolder
  const place = join(folder, "servers")
  servers(place, "one")
  const cache = join(folder, "cache/courant/servers")
  const env = { XDG_CACHE_HOME: join(folder, "cache"), COURANT_SERVERS: place }
  const start = (more: { readonly [name: string]: string } = {}) =>
    startCommand(node, [join(import.meta.dirname, "unpack.ts")], { cwd: root, input: "", env: { ...env, ...more } })
  return {
    folder,
    place,
    cache,
    whole: () => readdirSync(cache).filter((name) => /-[0-9a-f]{12}$/.test(name)),
    start,
    unpack: (more?: Parameters<typeof start>[0]) =>
      Effect.scoped(Effect.flatMap(start(more), ({ ended }) => ended))
  }
})

const contentOf = (stdout: string) => readFileSync(join(stdout.trim(), "sample/program"), "utf8")

describe("archives", () => {
  it.live("are unpacked once, also by two at once, and another of the same version is not taken for them", () =>
    Effect.gen(function*() {
      const { folder, place, unpack, whole } = yield* machine
      const log = join(folder, "calls")
      const bin = join(folder, "bin")
      mkdirSync(bin)
      const tar = execFileSync("which", ["tar"], { encoding: "utf8" }).trim()
      script(join(bin, "tar"), `echo once >>${log}; sleep 0.3; exec ${tar} "$@"`)
      const slowly = { PATH: `${bin}:${process.env["PATH"]}` }
      const [one, other] = yield* Effect.all([unpack(slowly), unpack(slowly)], { concurrency: 2 })
      assert.deepStrictEqual([one.code, one.stdout], [0, other.stdout])
      assert.strictEqual(contentOf(one.stdout), "one")
      assert.strictEqual((yield* unpack(slowly)).stdout, one.stdout)
      assert.strictEqual(readFileSync(log, "utf8"), "once\n")
      servers(place, "two")
      assert.strictEqual(contentOf((yield* unpack()).stdout), "two")
      assert.strictEqual(whole().length, 2)
    }))

  it.live("that were not unpacked to the end are unpacked again", () =>
    Effect.gen(function*() {
      const { cache, folder, start, unpack, whole } = yield* machine
      const bin = join(folder, "bin")
      mkdirSync(bin)
      script(join(bin, "tar"), `while test "$1" != -C; do shift; done; touch "$2/half"; sleep 600`)
      const running = yield* start({ PATH: `${bin}:${process.env["PATH"]}` })
      const isHalf = () => existsSync(cache) && readdirSync(cache).some((name) => existsSync(join(cache, name, "half")))
      while (!isHalf()) yield* Effect.sleep("10 millis")
      yield* running.signal("SIGKILL")
      assert.deepStrictEqual(whole(), [])
      const { stdout } = yield* unpack()
      assert.strictEqual(contentOf(stdout), "one")
      assert.deepStrictEqual(readdirSync(stdout.trim()), ["sample"])
    }))

  const wrong: { readonly [what: string]: readonly [make: (place: string) => void, message: RegExp] } = {
    "a folder without it": [
      (place) => rmSync(join(place, archive)),
      /^sample runs from sample-1-\S+\.tar\.xz, which is not in \S+servers \(COURANT_SERVERS\): .* up sample\)$/
    ],
    "no checksum": [
      (place) => rmSync(join(place, "SHA256SUMS")),
      /SHA256SUMS does not say what the checksum of sample-1-/
    ],
    "another checksum": [
      (place) => writeFileSync(join(place, "SHA256SUMS"), `${"0".repeat(64)}  ${archive}\n`),
      /does not have the checksum that SHA256SUMS lists/
    ],
    "an archive that is none": [
      (place) => {
        writeFileSync(join(place, archive), "none")
        const sum = createHash("sha256").update("none").digest("hex")
        writeFileSync(join(place, "SHA256SUMS"), `${sum} *${archive}\n`)
      },
      /could not be unpacked; what tar said is in \S+\.log$/
    ]
  }
  for (const [what, [make, message]] of Object.entries(wrong)) {
    it.live(`are not taken from ${what}`, () =>
      Effect.gen(function*() {
        const { cache, place, unpack, whole } = yield* machine
        make(place)
        const { code, stdout } = yield* unpack()
        assert.strictEqual(code, 1)
        assert.match(stdout.trimEnd(), message)
        if (existsSync(cache)) assert.deepStrictEqual(whole(), [])
        servers(place, "mended")
        assert.strictEqual(contentOf((yield* unpack()).stdout), "mended")
      }))
  }

  it.live("need COURANT_SERVERS, tar and xz", () =>
    Effect.gen(function*() {
      const { unpack } = yield* machine
      const unset = yield* unpack({ COURANT_SERVERS: "" })
      assert.match(unset.stdout, /^sample runs from sample-1-\S+ in the folder that COURANT_SERVERS names, .* not set: /)
      assert.match(unset.stdout, /or use containers \(docker compose up sample\)$/m)
      assert.match((yield* unpack({ PATH: "" })).stdout, /there is no tar on the PATH/)
    }))
})
