/**
 * What the tool has to know about a server. One file a service declares one of these and is listed
 * in `catalogue.ts`; starting, watching, stopping and finding it again is the same for all.
 */
import type { Effect } from "effect"
import type { Archive } from "./Archives.ts"
import type { NotYet } from "./Ask.ts"
import type { ServiceProblem } from "./Problem.ts"

/** What a client needs to reach it: addresses and, where it has some, credentials. `status --json` prints it. */
export type Access = Readonly<Record<string, string>>

/** Where one instance lives. */
export interface Place<Port extends string> {
  /** A folder of its own, absolute; it exists. Data, configuration and logs go here and nowhere else. */
  readonly folder: string
  /** Free ports of 127.0.0.1, one for each that the service listens on. */
  readonly ports: Readonly<Record<Port, number>>
  /** Settings beyond the usual ones, by the server's own names; they win. */
  readonly settings: Readonly<Record<string, string>>
}

/** A process of a service. */
export interface Process {
  /** Unique within the service; its output goes to `NAME.log` in the folder. */
  readonly name: string
  readonly command: readonly [file: string, ...args: ReadonlyArray<string>]
  /** All of it, so that nothing set here by chance counts; without one, that of the tool. */
  readonly environment?: Readonly<Record<string, string>>
  /** What makes it stop in order; SIGTERM unless told. */
  readonly stopSignal?: StopSignal
  /** Succeeds once it may start. Asked again and again. */
  readonly clear?: Effect.Effect<void, NotYet>
  /** Succeeds once a client can use it; an open port is not enough. Asked again and again. */
  readonly ready: Effect.Effect<void, NotYet>
}

export type StopSignal = "SIGINT" | "SIGTERM"

export interface Service<Port extends string = string, Has extends Access = Access, Needed extends Access = Access> {
  readonly name: string
  /** One line of help. */
  readonly summary: string
  /** What it runs from, where no registry has that: looked for before anything is started. */
  readonly archive?: Archive
  /** Another that has to run before this one; `up` sees to that. */
  readonly needs?: Service<string, Needed>
  /** The ports it listens on; the first is the one that `--port` sets. */
  readonly ports: readonly [Port, ...ReadonlyArray<Port>]
  /** Asked when it is ready; the folder is there for what was drawn or made at its start. */
  access(ports: Place<Port>["ports"], folder: string): Has
  /**
   * Looks for what it needs and fetches what it runs from, writes its configuration, and gives its processes:
   * started in this order, stopped in the reverse one. Clients speak to the last. `needed` is how to reach
   * the service that this one needs, with nothing in it where there is none.
   *
   * These are methods, so that a list of services with different ports has a type. That is sound because
   * a place is always made from the service's own `ports`.
   */
  prepare(place: Place<Port>, needed: Needed): Effect.Effect<ReadonlyArray<Process>, ServiceProblem>
}
