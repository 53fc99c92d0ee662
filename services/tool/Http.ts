/** One question to a server over HTTP. */
import { Effect } from "effect"
import { notYet, type NotYet } from "./Ask.ts"

export interface Answer {
  readonly status: number
  readonly text: string
}

/** Whatever the answer's status is. Each question has five seconds: a server that is still starting may be silent. */
export const ask = (url: string, options: Omit<RequestInit, "signal"> = {}): Effect.Effect<Answer, NotYet> =>
  Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(url, { ...options, signal })
      return { status: response.status, text: await response.text() }
    },
    // What fetch itself says is always "fetch failed".
    catch: (error) => notYet(error instanceof Error ? String(error.cause ?? error.message) : String(error))
  }).pipe(Effect.timeoutOrElse({
    duration: "5 seconds",
    orElse: () => Effect.fail(notYet("it does not answer within 5 seconds"))
  }))
