/** The exchange whose clock the market's dashboard and alerts go by. */

export const timeZone = "America/New_York"

/** Regular trading, in minutes since midnight there: 09:30 to 16:00, on weekdays. */
export const opens = 570
export const closes = 960

/**
 * The head of a Flux query in which days, hours and weekdays are those of the exchange,
 * daylight saving included.
 */
export const clock = `import "date"
import "timezone"

option location = timezone.location(name: "${timeZone}")
`
