/** The events that viewers hear, written out as the protocol has them: https://html.spec.whatwg.org/multipage/server-sent-events.html */
import { Duration } from "effect"
import { Sse } from "effect/encoding"
import * as Pane from "../../streams/pipeline/Pane.ts"
import type { Progress } from "../../streams/ports/Monitor.ts"
import * as ChangedRows from "./ChangedRows.ts"
import * as EncodedProgress from "./EncodedProgress.ts"
import type { State } from "./FeedState.ts"
import { topicsOf, type Watched, watchTopic } from "./Interest.ts"
import type { Frame } from "./Viewers.ts"

export const retry: Frame = {
  topics: null,
  text: Sse.encoder.write(new Sse.Retry({ duration: Duration.seconds(1), lastEventId: undefined }))
}

const written = (event: string, data: string, topics: Frame["topics"] = null, id?: string): Frame => ({
  topics,
  text: Sse.encoder.write({ _tag: "Event", event, data, id })
})

/** A viewer has not been sent everything, and asks for what it lacks. */
export const missed = written("missed", "{}")

/** The same of a pipeline of which too much has changed. */
export const missedRows = (watched: Watched): Frame =>
  written("missed", JSON.stringify({ pipeline: watched.pipeline }), [watchTopic(watched)])

/** A viewer hears nothing yet, and why. */
export const waiting = (why: string): Uint8Array => Buffer.from(written("waiting", JSON.stringify({ why })).text)

/** A comment keeps proxies from closing a quiet connection; the event after it lets the page notice a dead one. */
export const beat = (now: number): Frame => ({
  topics: null,
  text: `: heartbeat\n\n${written("beat", JSON.stringify({ now })).text}`
})

/** Writes with numbers that rise; a pane is put into JSON once, however many hear of it and when. */
export class Writer {
  readonly #run: number
  readonly #texts = new WeakMap<Pane.Pane, string>()
  #next = 0

  /** The time of the server's start, so that the numbers of two runs differ. */
  constructor(run: number) {
    this.#run = run
  }

  pane(event: "pane" | "forming", pane: Pane.Pane): Frame {
    const text = this.#texts.get(pane) ?? Pane.toJson(pane)
    this.#texts.set(pane, text)
    return written(event, text, topicsOf(pane), this.#id())
  }

  rows(watched: Watched, panes: Iterable<Pane.Pane>): Frame {
    return written("rows", ChangedRows.toJson(watched, panes), [watchTopic(watched)], this.#id())
  }

  progress(progress: Progress): Frame {
    return written("progress", JSON.stringify(EncodedProgress.encode(progress)), null, this.#id())
  }

  /** `freshness` stands beside the feed for programs that know no more of it. */
  status(feed: State): Frame {
    return written("status", JSON.stringify({ freshness: feed.freshness, feed }), null, this.#id())
  }

  toAll(event: string, data: unknown): Frame {
    return written(event, JSON.stringify(data), null, this.#id())
  }

  #id(): string {
    return `${this.#run}-${this.#next++}`
  }
}
