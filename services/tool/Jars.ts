/**
 * What servers from Maven run from: a folder of jars in the user's cache, fetched once for all projects.
 * Its name stands for exactly these versions.
 */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Cache from "./Cache.ts"
import * as Guarded from "./Guarded.ts"
import { problem } from "./Problem.ts"
import * as Programs from "./Programs.ts"

export interface Jars {
  readonly name: string
  /** `group:artifact:version`; what they depend on comes with them. */
  readonly artifacts: ReadonlyArray<string>
  /** More of them, without what they depend on. */
  readonly alone?: ReadonlyArray<string>
  /** What the download comes to, for the message. */
  readonly size: string
}

/** The class path, for `java -cp`. */
export const fetch = Effect.fnUntraced(function*(jars: Jars) {
  const named = [...jars.artifacts, ...(jars.alone ?? []).map((artifact) => `${artifact} alone`)]
  const versions = createHash("sha256").update(named.join("\n")).digest("hex").slice(0, 12)
  const folder = yield* Cache.folder("jars", `${jars.name}-${versions}`, `the download of ${jars.name}`, (part, log) =>
    download(jars, part, log))
  return join(folder, "*")
})

const download = Effect.fnUntraced(function*(jars: Jars, folder: string, log: string) {
  if (!Programs.isOnPath("mvn")) {
    return yield* problem(
      `${jars.name} is fetched with Maven, and there is no mvn on the PATH: ` +
        "install it (Debian: apt-get install maven; macOS: brew install maven)"
    )
  }
  writeFileSync(join(folder, "pom.xml"), pomOf(jars))
  yield* Effect.logInfo(`fetching ${jars.name} with Maven, once, ${jars.size}`)
  const { code } = yield* Guarded.complete(["mvn", ...mavenArguments(folder)], log)
  if (code !== 0) {
    return yield* problem(`Maven could not fetch ${jars.name}: ${firstError(log)}; all of what it said is in ${log}`)
  }
})

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

const pomOf = ({ alone = [], artifacts, name }: Jars): string =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>courant.services</groupId>
  <artifactId>${name}</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${artifacts.map((artifact) => dependency(artifact)).concat(alone.map((artifact) => dependency(artifact, exclusions))).join("\n")}
  </dependencies>
</project>
`

const exclusions = `
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>`

const dependency = (artifact: string, more = ""): string => {
  const [group, name, version] = artifact.split(":")
  return `    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${name}</artifactId>
      <version>${version}</version>${more}
    </dependency>`
}
