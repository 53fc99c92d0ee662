/**
 * The address of a Spark Connect server as clients of Spark write it: `sc://host:port/;token=…;use_ssl=true;user_id=…`.
 *
 * Source: https://github.com/apache/spark/blob/v4.0.0/sql/connect/docs/client-connection-string.md
 */
import { Redacted, Result } from "effect"

/** Where a server is, how it is spoken to, and as whom. */
export interface Remote {
  readonly host: string
  readonly port: number
  readonly token?: Redacted.Redacted
  /** Whether the connection is one of TLS; left out it is one where a token would go to another machine. */
  readonly useSsl?: boolean
  readonly user?: string
  /** A UUID. */
  readonly sessionId?: string
  /** Of each request, by name. */
  readonly headers: Readonly<Record<string, string>>
}

/** Of Spark Connect, where an address has none. */
const usualPort = 15_002

/** The parts of `sc://…`, or of `HOST:PORT`; or what is wrong with it, without what is secret in it. */
export const parse = (text: string): Result.Result<Remote, string> => {
  const [, hasScheme, host, port, rest = ""] = /^(sc:\/\/)?([^\s:/;[\]]+|\[[\da-fA-F:]+\])(?::(\d{1,5}))?(.*)$/.exec(text) ?? []
  if (host === undefined || (hasScheme === undefined && (port === undefined || rest !== ""))) return Result.fail(wanted)
  if (Number(port ?? usualPort) > 65_535) return Result.fail(`there is no port ${port}`)
  const [, parameters] = /^(?:\/?|\/;(.*))$/.exec(rest) ?? [undefined, null]
  if (parameters === null) return Result.fail(`behind HOST:PORT comes "/;NAME=VALUE;…" and nothing else`)
  const at: Remote = { host: host.replaceAll(/[[\]]/g, ""), port: Number(port ?? usualPort), headers: {} }
  return (parameters ?? "").split(";").filter((part) => part !== "").reduce(
    (remote, part) => Result.flatMap(remote, (remote) => withParameter(remote, part)),
    Result.succeed(at) as Result.Result<Remote, string>
  )
}

const wanted = "give sc://HOST:PORT/;NAME=VALUE;…, or HOST:PORT, such as 127.0.0.1:15002"

const withParameter = (remote: Remote, part: string): Result.Result<Remote, string> => {
  const at = part.indexOf("=")
  if (at < 1) return Result.fail("a parameter is NAME=VALUE, and one of these has no name or no =")
  const name = decodeURIComponent(part.slice(0, at))
  const value = decoded(part.slice(at + 1))
  if (value === null) return Result.fail(`the value of ${name} is not percent-encoded text`)
  if (/^x-/i.test(name)) return Result.succeed({ ...remote, headers: { ...remote.headers, [name.toLowerCase()]: value } })
  switch (name) {
    case "token":
      return Result.succeed({ ...remote, token: Redacted.make(value) })
    case "use_ssl":
      return /^(?:true|false)$/i.test(value)
        ? Result.succeed({ ...remote, useSsl: value.toLowerCase() === "true" })
        : Result.fail(`use_ssl is true or false, and not ${JSON.stringify(value)}`)
    case "user_id":
      return Result.succeed({ ...remote, user: value })
    case "session_id":
      return uuid.test(value) ? Result.succeed({ ...remote, sessionId: value }) : Result.fail("session_id is a UUID")
    // How a client calls itself, and how large its messages may be: courant says the first itself and has no use for the other.
    case "user_agent":
    case "grpc_max_message_size":
      return Result.succeed(remote)
    default:
      return Result.fail(`there is no parameter ${name}: there are token, use_ssl, user_id, session_id, user_agent, grpc_max_message_size and headers x-…`)
  }
}

const uuid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
