/** Files that vitest has run at once. */
export interface NightlyPart {
  readonly config: string
  readonly files: readonly string[]
}

/** How vitest has ended: its JSON report, where it wrote one, its exit status, and its last words. */
export interface NightlyEnd {
  readonly report: unknown
  readonly status: number | null
  readonly said: string
}

export declare class NightlyRecord {
  constructor(root: string, files: number)
  get failed(): boolean
  begin(seed: number): void
  add(part: NightlyPart, end: NightlyEnd): void
  summary(): string
  page(facts: { begun: number; ended: number; machine: string }): string
}
