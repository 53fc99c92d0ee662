/** Addresses that no other machine can reach: nobody listens to what is sent to them. */
import { isIP } from "node:net"

/** Whether a host is of `127.0.0.0/8`, `::1` (with or without the brackets of a URL) or `localhost`. */
export const isLoopback = (host: string): boolean =>
  ["localhost", "::1", "[::1]"].includes(host) || (isIP(host) === 4 && host.startsWith("127."))

/** The same of a `host:port`. */
export const isLoopbackAddress = (address: string): boolean => isLoopback(address.replace(/:\d+$/, ""))
