/** How a query is called, in every cluster: by its name it is found again, whoever has started it. */
import type { Program } from "../compile/Program.ts"

/** Of the pipeline, the topic and the plan. */
export const of = ({ fingerprint, pipeline }: Program, topic: string): string =>
  `${prefixOf(pipeline, topic)}${fingerprint.slice(0, 12)}`

/** What the names of a pipeline's queries over a topic begin with, whatever their plans. */
export const prefixOf = (pipeline: string, topic: string): string => `${pipeline}@${topic}#`
