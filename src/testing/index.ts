/**
 * `courant/testing`: what this project tests its own backends and engines with. Each
 * contract is one suite of vitest tests; a law can also be called by itself. It needs
 * `vitest`, `@effect/vitest` and `fast-check` beside it.
 */

// The contract of each port.
export * as CheckpointStoreContract from "./CheckpointStoreContract.ts"
export * as DeadLettersContract from "./DeadLettersContract.ts"
export * as DecisionsContract from "./DecisionsContract.ts"
export * as EventLogContract from "./EventLogContract.ts"
export * as FeedContract from "./FeedContract.ts"
export * as ResultSinkContract from "./ResultSinkContract.ts"
export * as RowSinkContract from "./RowSinkContract.ts"

// The laws of engines and of their aggregates, and what they are stated with.
export * as AggregateLaws from "./AggregateLaws.ts"
export * as Arbitraries from "./Arbitraries.ts"
export * as Conformance from "./Conformance.ts"
export * as BatchFold from "../streams/reference/BatchFold.ts"
export * as RowFold from "../streams/reference/RowFold.ts"
export * as EngineLaw from "./EngineLaw.ts"
export * as Harness from "./Harness.ts"
export * as Law from "./Law.ts"
export * as Laws from "./Laws.ts"

// The whole program in a simulated world.
export * as Simulation from "./simulation/Simulation.ts"
