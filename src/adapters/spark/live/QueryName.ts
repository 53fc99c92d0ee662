/** How a query is called, in every cluster: by its name it is found again, whoever has started it. */
import { fingerprintOf } from "../compile/Program.ts"
import type { Work } from "../SparkCluster.ts"

/** Of the pipeline, the topic and the plan. */
export const of = ({ program, topic, topics }: Pick<Work, "program" | "topic" | "topics">): string =>
  `${prefixOf(program.pipeline, topic)}${fingerprintOf(program, topics).slice(0, 12)}`

/** What the names of a pipeline's queries over a topic begin with, whatever their plans. */
export const prefixOf = (pipeline: string, topic: string): string => `${pipeline}@${topic}#`
