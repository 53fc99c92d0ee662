/** The Java that servers from Maven run on. */
import { Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { join } from "node:path"
import { problem } from "./Problem.ts"

const oldest = 17

/** Small and quick to start rather than fast in the long run; quiet about everything that is well. */
export const options = [
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Xshare:auto",
  "-XX:-UsePerfData",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
  "-Dorg.slf4j.simpleLogger.showDateTime=true",
  "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ"
]

/** Where `java` is: in `JAVA_HOME` if that is set, otherwise on the PATH. Fails if it is missing or too old. */
export const find = Effect.fnUntraced(function*(service: string) {
  const home = process.env["JAVA_HOME"] ?? ""
  const java = home === "" ? "java" : join(home, "bin/java")
  const version = yield* versionOf(java)
  if (version === undefined) {
    const where = home === "" ? "there is none on the PATH" : `there is none in JAVA_HOME, which is ${home}`
    return yield* problem(`${service} needs Java ${oldest} or later, and ${where}: ${howToInstall}`)
  }
  if (version < oldest) {
    return yield* problem(`${service} needs Java ${oldest} or later, and ${java} is ${version}: ${howToInstall}`)
  }
  return java
})

const howToInstall = "install it (Debian: apt-get install default-jre-headless; macOS: brew install openjdk)"

/** 17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_402"`; undefined where nothing of that kind answers. */
const versionOf = (java: string) =>
  Effect.gen(function*() {
    const handle = yield* ChildProcess.make(java, ["-version"], { stdin: "ignore" })
    const answer = yield* Stream.mkString(Stream.decodeText(handle.all))
    const match = /version "(?:1\.)?(\d+)/.exec(answer)
    return match === null ? undefined : Number(match[1])
  }).pipe(Effect.scoped, Effect.orElseSucceed(() => undefined), Effect.provide(NodeServices.layer))
