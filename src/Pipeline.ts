/** `Pipeline` as `courant` gives it: what pipelines are made with, and how they run over streams. */
export * from "./streams/pipeline/Pipeline.ts"
export * from "./streams/engine/PaneStream.ts"
export * from "./streams/engine/SourceStreams.ts"
export type { StreamRow } from "./streams/pipeline/StreamRow.ts"
