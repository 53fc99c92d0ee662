/** TypeScript's language server, as an editor has it: one document at a time, over standard input and output. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const root = join(import.meta.dirname, "..", "..")

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly items?: ReadonlyArray<unknown> }
  readonly result?: unknown
  readonly error?: unknown
}

export interface Diagnostic {
  readonly message: string
  readonly range: { readonly start: Position; readonly end: Position }
}

export interface Position {
  readonly line: number
  readonly character: number
}

/** https://microsoft.github.io/language-server-protocol/specification: each message is JSON behind a header that has its length. */
export class LanguageServer {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #received = Buffer.alloc(0)
  #asked = 0

  private constructor(folder: string) {
    this.#process = spawn(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "--lsp", "--stdio"], { cwd: folder })
    this.#process.stdout.on("data", (data: Buffer) => this.#take(data))
    // Nobody reads its log, and a full pipe would stop it.
    this.#process.stderr.resume()
    this.#process.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the language server has ended"))
    })
  }

  static async start(folder: string): Promise<LanguageServer> {
    const server = new LanguageServer(folder)
    await server.#ask("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: { textDocument: { completion: { completionItem: { snippetSupport: false } }, diagnostic: {} } }
    })
    server.#send({ method: "initialized", params: {} })
    return server
  }

  open(file: string, text: string): void {
    const textDocument = { uri: pathToFileURL(file).href, languageId: "typescript", version: 1, text }
    this.#send({ method: "textDocument/didOpen", params: { textDocument } })
  }

  /** What an editor offers at a place, in alphabetical order. */
  async completionsAt(file: string, position: Position): Promise<ReadonlyArray<string>> {
    const textDocument = { uri: pathToFileURL(file).href }
    // The answers are the server's own: they are of the types that the protocol says.
    const answer = (await this.#ask("textDocument/completion", { textDocument, position, context: { triggerKind: 1 } })) as
      | { readonly items: ReadonlyArray<{ readonly label: string }> }
      | null
    return (answer?.items ?? []).map(({ label }) => label).toSorted()
  }

  async diagnosticsOf(file: string): Promise<ReadonlyArray<Diagnostic>> {
    const textDocument = { uri: pathToFileURL(file).href }
    const answer = (await this.#ask("textDocument/diagnostic", { textDocument })) as { readonly items: ReadonlyArray<Diagnostic> } // As above.
    return answer.items
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit")
    await this.#ask("shutdown")
    this.#send({ method: "exit" })
    this.#process.stdin.end()
    await ended
  }

  #ask(method: string, params?: object): Promise<unknown> {
    const id = ++this.#asked
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#send({ id, method, params })
    return answer.promise
  }

  #send(message: object): void {
    const json = JSON.stringify({ jsonrpc: "2.0", ...message })
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`)
  }

  #take(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    for (;;) {
      const header = this.#received.indexOf("\r\n\r\n")
      if (header === -1) return
      const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString("latin1", 0, header))?.[1])
      const end = header + 4 + length
      if (this.#received.length < end) return
      this.#answer(JSON.parse(this.#received.toString("utf8", header + 4, end)))
      this.#received = this.#received.subarray(end)
    }
  }

  #answer({ error, id, method, params, result }: Message): void {
    if (id === undefined) return
    // It asks for settings, of which there are none, and waits for an answer.
    if (method !== undefined) return this.#send({ id, result: params?.items?.map(() => null) ?? null })
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(JSON.stringify(error)))
  }
}
