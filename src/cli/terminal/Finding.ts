/** What `courant doctor` says of one thing that it looked at. */
export interface Finding {
  readonly what: string
  /** `bad` has to be fixed; a `note` is worth a look. */
  readonly state: "ok" | "note" | "bad"
  readonly detail: string
}

export const ok = (what: string, detail: string): Finding => ({ what, state: "ok", detail })
export const note = (what: string, detail: string): Finding => ({ what, state: "note", detail })
export const bad = (what: string, detail: string): Finding => ({ what, state: "bad", detail })
