/** What somebody else's function or stream says of its failure: an error's message, or the value as it is. */
export const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)
