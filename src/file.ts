/** `courant/file`: a file of JSON lines as a sink of rows; one of JSON lines or CSV as a feed. */
export * as FileFeed from "./adapters/file/FileFeed.ts"
export * as FileRowSink from "./adapters/file/FileRowSink.ts"
