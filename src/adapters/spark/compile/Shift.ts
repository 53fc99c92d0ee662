/** By so many milliseconds the times in a plan are later than those of the events: 2,000 years, whole cycles of the calendar. */
export const shift = 5 * 400 * 365.2425 * 86_400_000
