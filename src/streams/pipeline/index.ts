/** What a pipeline is written with, each noun as a namespace. */
export * as Aggregate from "./Aggregate.ts"
export * as Events from "./Events.ts"
export * as Expr from "./Expr.ts"
export * as Pane from "./Pane.ts"
export * as Pipeline from "./Pipeline.ts"
export * as Row from "./Row.ts"
export * as Source from "./Source.ts"
export * as Window from "./Window.ts"
