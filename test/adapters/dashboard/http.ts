/** Requests as they are, to a server under test. */
import { Effect } from "effect"
import { type IncomingHttpHeaders, request } from "node:http"

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Unlike `fetch` it sends any Host header and any path as they are. */
export const ask = (
  url: string,
  path: string,
  { body, headers = {}, method = "GET" }: { body?: string; headers?: Record<string, string>; method?: string } = {}
): Effect.Effect<Answer> =>
  Effect.callback<Answer>((resume) => {
    const { hostname, port } = new URL(url)
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => void (text += part))
      response.on("end", () => {
        resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      })
    })
    sent.on("error", (error) => resume(Effect.die(error)))
    sent.end(body)
    return Effect.sync(() => sent.destroy())
  })

/** The text of a server-sent event stream until it contains all of the given texts, or ends. */
export const listen = (
  url: string,
  path: string,
  texts: ReadonlyArray<string>,
  connected: Effect.Effect<unknown> = Effect.void
): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    const { hostname, port } = new URL(url)
    let body = ""
    const sent = request({ hostname, port, path, agent: false }, (response) => {
      Effect.runFork(connected)
      response.setEncoding("utf8")
      response.on("data", (part: string) => {
        body += part
        if (texts.length > 0 && texts.every((text) => body.includes(text))) resume(Effect.succeed(body))
      })
      response.on("end", () => resume(Effect.succeed(`${body}<end>`)))
    })
    sent.on("error", (error) => resume(Effect.die(error)))
    sent.end()
    return Effect.sync(() => sent.destroy())
  })
