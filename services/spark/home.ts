/** The folder that Spark calls its home: master, worker, drivers and executors all find their jars and settings in it. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"

export interface Home {
  /** What a process of Spark is told by its environment, and hands on to those that it starts. */
  readonly environment: Readonly<Record<string, string>>
  readonly classPath: string
  /** The file of settings of master and worker. */
  readonly properties: string
}

/** Of a service's folder. Files of drivers and executors of its last run go; no result is kept there. */
export const make = (folder: string, jars: string, settings: Readonly<Record<string, string>>): Home => {
  const conf = join(folder, "conf")
  const linked = join(folder, "jars")
  const local = join(folder, "local")
  const work = join(folder, "work")
  for (const old of [linked, local, work]) rmSync(old, { recursive: true, force: true })
  for (const own of [conf, local, work]) mkdirSync(own, { recursive: true })
  symlinkSync(jars, linked)
  const properties = join(conf, "cluster.properties")
  writeFileSync(properties, Object.entries(settings).map(([name, value]) => `${name} ${value}\n`).join(""))
  writeFileSync(join(conf, "log4j2.properties"), logging)
  return {
    properties,
    classPath: [conf, join(linked, "*")].join(delimiter),
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      SPARK_HOME: folder,
      SPARK_CONF_DIR: conf,
      SPARK_LOCAL_DIRS: local,
      SPARK_LOCAL_IP: "127.0.0.1",
      SPARK_SCALA_VERSION: "2.13"
    }
  }
}

/** Quiet about everything that is well. */
const logging = `rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSZ} %p %c{1}: %m%n%ex
`
