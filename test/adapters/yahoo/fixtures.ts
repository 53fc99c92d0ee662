/** Recorded answers of Yahoo Finance; test/fixtures/yahoo/SOURCES.md says where each is from. */
import { readFileSync } from "node:fs"

export const fixtureText = (file: string): string =>
  readFileSync(new URL(`../../fixtures/yahoo/${file}`, import.meta.url), "utf8")

export const fixture = (file: string): unknown => JSON.parse(fixtureText(file))
