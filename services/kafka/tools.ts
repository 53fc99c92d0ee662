/**
 * Kafka's own command-line programs, without its `bin/` folder: what an installation's `kafka-console-producer.sh`
 * and its siblings run. They speak to every broker from 2.1 on.
 */
import { Effect } from "effect"
import * as Jars from "../tool/Jars.ts"
import * as Java from "../tool/Java.ts"

const jars: Jars.Jars = {
  name: "kafka-tools-4.3.1",
  artifacts: ["org.apache.kafka:kafka-tools:4.3.1", "org.slf4j:slf4j-simple:1.7.36"],
  size: "about 43 MB"
}

const classes = {
  "console-producer": "org.apache.kafka.tools.ConsoleProducer",
  "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "topics": "org.apache.kafka.tools.TopicCommand"
}

/** The command that stands for `kafka-NAME.sh`, to which its arguments are added. */
export const command = Effect.fnUntraced(function*(name: keyof typeof classes) {
  const java = yield* Java.find("Kafka's tools")
  const classPath = yield* Jars.fetch(jars)
  return [java, "-Xmx128m", ...Java.options, "-cp", classPath, classes[name]] as const
})
