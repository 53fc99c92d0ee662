/** What is done to windows needs some: a file without types may hand over anything. */
import { Predicate } from "effect"
import type * as Plan from "../Plan.ts"

const tags: { readonly [T in Plan.Results["_tag"]]: true } = { window: true, derive: true, "where-panes": true, top: true, fill: true }

export const isTagOfResults = (tag: unknown): boolean => typeof tag === "string" && Object.hasOwn(tags, tag)

export const isResults = (plan: Plan.Plan | undefined): plan is Plan.Results => isTagOfResults(plan?._tag)

export const planIn = (self: unknown): Plan.Plan | undefined =>
  // Nothing but what was declared here has a plan.
  Predicate.isObject(self) ? self["plan"] as Plan.Plan | undefined : undefined

/** What has windows to be changed, or results to be used. */
export const resultsOf = (step: string, self: unknown): Plan.Results => {
  const plan = planIn(self)
  if (isResults(plan)) return plan
  throw new TypeError(`${step} needs windows, and this ends in events; put a window and Aggregate.into before it`)
}
