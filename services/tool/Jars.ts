/**
 * What servers from Maven run from: a folder of jars in the user's cache, fetched once for all projects.
 * A folder has its final name only when it is whole, and that name stands for exactly these versions.
 */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, isAbsolute, join } from "node:path"
import * as Guarded from "./Guarded.ts"
import * as Lock from "./Lock.ts"
import { problem } from "./Problem.ts"

export interface Jars {
  readonly name: string
  /** `group:artifact:version`; what they depend on comes with them. */
  readonly artifacts: ReadonlyArray<string>
  /** What the download comes to, for the message. */
  readonly size: string
}

/** The class path, for `java -cp`. */
export const fetch = Effect.fnUntraced(function*(jars: Jars) {
  const versions = createHash("sha256").update(jars.artifacts.join("\n")).digest("hex").slice(0, 12)
  const folder = join(cacheFolder(), `${jars.name}-${versions}`)
  if (!existsSync(folder)) {
    yield* Effect.suspend(() => existsSync(folder) ? Effect.void : download(jars, folder)).pipe(
      Lock.during(`${folder}.lock`, `the download of ${jars.name}`)
    )
  }
  return join(folder, "*")
})

/** `~/.cache/courant/jars`, or where https://specifications.freedesktop.org/basedir-spec has the user's cache. */
const cacheFolder = (): string => {
  const cache = process.env["XDG_CACHE_HOME"] ?? ""
  return join(isAbsolute(cache) ? cache : join(homedir(), ".cache"), "courant", "jars")
}

/** Under the lock, so whatever has the temporary name was left behind by a download that was cut short. */
const download = Effect.fnUntraced(function*(jars: Jars, folder: string) {
  if (!isOnPath("mvn")) {
    return yield* problem(
      `${jars.name} is fetched with Maven, and there is no mvn on the PATH: ` +
        "install it (Debian: apt-get install maven; macOS: brew install maven)"
    )
  }
  const part = `${folder}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  writeFileSync(join(part, "pom.xml"), pomOf(jars))
  yield* Effect.logInfo(`fetching ${jars.name} with Maven, once, ${jars.size}`)
  const log = `${folder}.log`
  rmSync(log, { force: true })
  const { code } = yield* Guarded.complete(["mvn", ...mavenArguments(part)], log)
  if (code !== 0) {
    return yield* problem(`Maven could not fetch ${jars.name}: ${firstError(log)}; all of what it said is in ${log}`)
  }
  renameSync(part, folder)
  rmSync(log, { force: true })
})

const isOnPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)))

/** A wrong checksum is a failure, and a failure of the past is no reason not to try again (`--update-snapshots`). */
const mavenArguments = (folder: string) => [
  "--quiet",
  "--batch-mode",
  "--strict-checksums",
  "--update-snapshots",
  "--file",
  join(folder, "pom.xml"),
  "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
  `-DoutputDirectory=${folder}`
]

const firstError = (log: string): string =>
  /\[ERROR\] (.*\S)/.exec(existsSync(log) ? readFileSync(log, "utf8") : "")?.[1] ?? "it did not say why"

const pomOf = ({ artifacts, name }: Jars): string =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>courant.services</groupId>
  <artifactId>${name}</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${artifacts.map(dependency).join("\n")}
  </dependencies>
</project>
`

const dependency = (artifact: string): string => {
  const [group, name, version] = artifact.split(":")
  return `    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${name}</artifactId>
      <version>${version}</version>
    </dependency>`
}
