/** `courant/stdio`: lines on standard input as a feed, standard output as a sink. */
export * as StdinFeed from "./adapters/stdio/StdinFeed.ts"
export * as StdoutSink from "./adapters/stdio/StdoutSink.ts"
