/** `courant/stdio`: lines on standard input as a feed, standard output as a sink of panes and of rows. */
export * as StdinFeed from "./adapters/stdio/StdinFeed.ts"
export * as StdoutRowSink from "./adapters/stdio/StdoutRowSink.ts"
export * as StdoutSink from "./adapters/stdio/StdoutSink.ts"
