/**
 * Node's HTTP server with the headers of the page on every answer.
 *
 * Node answers by itself what it cannot read (400, 431), what does not come in time (408) and expectations that it
 * does not know (417). No route and no middleware sees these, so the headers are set where answers are made.
 */
import { createServer, type IncomingMessage, type Server, ServerResponse, STATUS_CODES } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"

/** The content-security policy keeps whatever text the market sends from becoming a script. */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

/** Connections at a time, viewers of the live events and all others: beyond it they are closed at once. */
const mostConnections = 2_000

/**
 * Milliseconds that a connection may stand still, with an answer that its client does not read or in the middle of a
 * request. The live events have a beat more often than that.
 */
const longestStill = 30_000

/** A request without a Host header is left to the guard: Node would answer it before. */
export const make = (): Server => {
  const server = createServer({ ServerResponse: Answer, requireHostHeader: false }).on("clientError", refuse)
  server.maxConnections = mostConnections
  server.timeout = longestStill
  return server
}

class Answer extends ServerResponse<IncomingMessage> {
  constructor(request: IncomingMessage) {
    super(request)
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value)
  }
}

/** Bytes of an answer that has begun would run into this one: then the end of the connection is the answer. */
const refuse = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (!(socket instanceof Socket) || !socket.writable || socket.bytesWritten > 0) return void socket.destroy()
  const status = statuses[error.code ?? ""] ?? 400
  const lines = Object.entries({ ...headers, connection: "close", "content-length": "0" })
    .map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n`)
  socket.setTimeout(patience, () => socket.destroy())
}

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431
}

/** Time that a client has to read the refusal, in milliseconds. A reset at once could take it away on its way. */
const patience = 500
