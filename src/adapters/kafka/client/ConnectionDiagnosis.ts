/**
 * Why a broker that runs does not let us in. A broker that wants TLS or a password looks to the libraries like one that
 * hangs up, and what they say of a certificate differs. So we knock ourselves, with a request that each kind of listener
 * answers in a way of its own: SaslHandshake (https://kafka.apache.org/protocol#The_Messages_SaslHandshake).
 */
import { Effect, Redacted } from "effect"
import { connect, isIP } from "node:net"
import * as NodeTls from "node:tls"
import { KafkaError } from "./Client.ts"
import type { Options, Sasl, Tls } from "./Connection.ts"
import type { Reason } from "./Reason.ts"

/** The error of an attempt to connect, or a better one, which no further attempt will fix. */
export const explain = Effect.fnUntraced(function*(options: Options, error: KafkaError) {
  const diagnosis = yield* diagnose(options, error)
  if (diagnosis === null) return error
  const message = `Kafka at ${options.brokers.join(",")} ${diagnosis.words}`
  return new KafkaError({ message, code: error.code, retriable: false, cause: error, ...reasonIn(diagnosis) })
})

/** What is wrong, as the rest of a sentence that begins with the brokers, and for programs where something follows from it. */
interface Diagnosis {
  readonly words: string
  readonly reason?: Reason
}

const reasonIn = ({ reason }: Diagnosis) => reason === undefined ? {} : { reason }

const diagnose = Effect.fnUntraced(function*(options: Options, { code }: KafkaError) {
  for (const broker of options.brokers) {
    const diagnosis = yield* diagnoseAt(broker, options)
    if (diagnosis !== null) return diagnosis
  }
  return code === "SASL_AUTHENTICATION_FAILED" && options.sasl !== undefined ? wrongAccount(options.sasl) : null
})

/** What is wrong with the options, by what a broker answers; `null` where nothing is, or where it does not answer. */
const diagnoseAt = Effect.fnUntraced(function*(
  broker: string,
  { sasl, tls }: Options
): Effect.fn.Return<Diagnosis | null> {
  const answer = yield* knock(broker, tls)
  if (answer._tag === "tls") return { words: "wants TLS", reason: { _tag: "wants-tls" } }
  if (answer._tag === "refused") return refused(answer.error, tls)
  if (answer._tag === "listener") return unsuited(answer.mechanisms, sasl)
  const plain = tls === undefined ? answer : yield* knock(broker, undefined)
  return plain._tag === "listener" ? { words: "does not speak TLS at this port", reason: { _tag: "speaks-no-tls" } } : null
})

const wrongAccount = (sasl: Sasl): Diagnosis =>
  sasl.mechanism === "oauthbearer"
    ? { words: "refuses the token (OAUTHBEARER)", reason: { _tag: "token-refused" } }
    : { words: `refuses the user "${sasl.username}" or its password (${sasl.mechanism.toUpperCase()})`, reason: { _tag: "user-refused" } }

const refused = ({ code, message }: NodeJS.ErrnoException, tls: Tls | undefined): Diagnosis => {
  if (/ALERT/.test(code ?? "")) {
    return tls?.cert === undefined
      ? { words: "wants a client certificate", reason: { _tag: "wants-certificate" } }
      : { words: "refuses the client certificate", reason: { _tag: "certificate-refused" } }
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return { words: `shows a certificate for another host (${message})` }
  return { words: `shows a certificate that is not trusted (${code})`, reason: { _tag: "certificate-untrusted" } }
}

const unsuited = (mechanisms: ReadonlyArray<string>, sasl: Sasl | undefined): Diagnosis | null => {
  const wanted = sasl?.mechanism.toUpperCase()
  if (wanted === undefined) {
    return mechanisms.length === 0
      ? null
      : { words: `wants a user and a password (${mechanisms.join(", ")})`, reason: { _tag: "wants-user" } }
  }
  if (mechanisms.length === 0) return { words: "knows no users at this port", reason: { _tag: "knows-no-users" } }
  return mechanisms.includes(wanted)
    ? null
    : { words: `takes ${mechanisms.join(", ")} and not ${wanted}`, reason: { _tag: "other-mechanism", mechanisms } }
}

type Answer =
  /** It understood us; `mechanisms` by which it wants to know who we are, none where it does not. */
  | { readonly _tag: "listener"; readonly mechanisms: ReadonlyArray<string> }
  /** It answered in TLS to what was none. */
  | { readonly _tag: "tls" }
  /** One of us did not like the other's certificate. */
  | { readonly _tag: "refused"; readonly error: NodeJS.ErrnoException }
  | { readonly _tag: "nothing" }

const nothing: Answer = { _tag: "nothing" }

const knock = (broker: string, tls: Tls | undefined): Effect.Effect<Answer> =>
  Effect.callback<Answer>((resume) => {
    const answer = (found: Answer) => resume(Effect.succeed(found))
    const socket = open(broker, tls, () => socket.write(handshake))
    let received = Buffer.alloc(0)
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      if (tls === undefined && received[0] === alert) return answer({ _tag: "tls" })
      const mechanisms = mechanismsIn(received)
      if (mechanisms !== null) answer({ _tag: "listener", mechanisms })
    })
    socket.on("error", (error: NodeJS.ErrnoException) =>
      answer(/CERT|SIGNATURE|ALERT/.test(error.code ?? "") ? { _tag: "refused", error } : nothing))
    socket.on("close", () => answer(nothing))
    return Effect.sync(() => socket.destroy())
  }).pipe(
    // What cannot even be tried, such as with a key that is none, is left to the library to report.
    Effect.catchDefect(() => Effect.succeed(nothing)),
    Effect.timeoutOrElse({ duration: "3 seconds", orElse: () => Effect.succeed(nothing) })
  )

const open = (broker: string, tls: Tls | undefined, opened: () => void) => {
  const colon = broker.lastIndexOf(":")
  const host = broker.slice(0, colon).replaceAll(/^\[|\]$/g, "")
  const port = Number(broker.slice(colon + 1))
  if (tls === undefined) return connect({ host, port }, opened)
  const key = tls.key === undefined ? undefined : Redacted.value(tls.key)
  return NodeTls.connect({ ...tls, key, host, port, ...(isIP(host) === 0 ? { servername: host } : {}) }, opened)
}

/** The first byte of a record of TLS that says what is wrong (https://datatracker.ietf.org/doc/html/rfc8446#section-5.1). */
const alert = 0x15

/** SaslHandshake, version 1, correlation 1, of no client in particular, for a mechanism that nobody has. */
const handshake = Buffer.from("\0\0\0\x0e\0\x11\0\x01\0\0\0\x01\0\0\0\x02no", "latin1")

const unsupportedMechanism = 33

/** Of an answer: its size, the correlation, an error and the mechanisms that there are. `null` while it is not whole. */
const mechanismsIn = (answer: Buffer): ReadonlyArray<string> | null => {
  if (answer.length < 10 || answer.length < 4 + answer.readInt32BE(0)) return null
  if (answer.readInt32BE(4) !== 1 || answer.readInt16BE(8) !== unsupportedMechanism) return []
  const mechanisms: Array<string> = []
  let at = 14
  for (let left = answer.readInt32BE(10); left > 0; left--) {
    const end = at + 2 + answer.readInt16BE(at)
    mechanisms.push(answer.toString("utf8", at + 2, end))
    at = end
  }
  return mechanisms
}
