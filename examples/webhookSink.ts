/**
 * A sink of your own: each batch of panes as one POST of JSON to a URL, again until the server has taken it.
 * `WEBHOOK_URL=https://example.org/panes courant run --sink ./examples/webhookSink.ts`
 */
import { Config, Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import { Pane, ResultSink, RetryPolicy } from "courant"

/** What may succeed later: no answer, a server that is busy, and one that failed. */
const isPassing = (error: unknown): error is HttpClientError.HttpClientError => {
  if (!HttpClientError.isHttpClientError(error)) return false
  const status = error.response?.status
  return status === undefined || status === 408 || status === 429 || status >= 500
}

/** A pane may come twice: after a crash, and where an answer got lost. `Pane.replaces` says which of a window's is the newer. */
export const layer = (url: string): Layer.Layer<ResultSink> => {
  const { retry } = RetryPolicy.make({
    server: `the webhook at ${url}`,
    backOff: { first: "100 millis", longest: "30 seconds" },
    isPassing,
    counter: { name: "webhook_retries_total", description: "Requests to the webhook that failed in a way that may pass, and were sent again." }
  })
  return ResultSink.fromFunction(Effect.fnUntraced(function*(panes) {
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const request = HttpClientRequest.post(url).pipe(HttpClientRequest.bodyJsonUnsafe(panes.map(Pane.encode)))
    const send = Effect.scoped(client.execute(request)).pipe(
      Effect.timeoutOrElse({
        duration: "30 seconds",
        orElse: () => Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, description: "no answer in 30 seconds" }) }))
      })
    )
    yield* retry(send)
  })).pipe(Layer.provide(FetchHttpClient.layer))
}

export default Layer.unwrap(Effect.map(Config.String("WEBHOOK_URL"), layer))
