/** `courant/file`: a file of JSON lines as a sink of rows. */
export * as FileRowSink from "./adapters/file/FileRowSink.ts"
