/**
 * `courant/spark`: pipelines on a standalone cluster of Apache Spark 4. `SparkEngine` runs them on whatever `SparkCluster`
 * there is, a live one or one in memory for tests, and carries their panes out of a `PaneLog` into the sink.
 */
export { compile, type Options as CompileOptions, portable } from "./adapters/spark/compile/Compile.ts"
export type { Compiled } from "./adapters/spark/compile/Compiled.ts"
export { explain, type Program, type Step } from "./adapters/spark/compile/Program.ts"
export { Unsupported } from "./adapters/spark/compile/Unsupported.ts"
export * as LiveCluster from "./adapters/spark/live/LiveCluster.ts"
export * as MemorySparkCluster from "./adapters/spark/MemorySparkCluster.ts"
export { PaneLog } from "./adapters/spark/PaneLog.ts"
export { ConnectServer } from "./adapters/spark/rest/ConnectServer.ts"
export { SubmissionError } from "./adapters/spark/rest/SubmissionError.ts"
export { Submissions } from "./adapters/spark/rest/Submissions.ts"
export { type Batch, ClusterError, type Query, SparkCluster, type Work } from "./adapters/spark/SparkCluster.ts"
export * as SparkEngine from "./adapters/spark/SparkEngine.ts"
