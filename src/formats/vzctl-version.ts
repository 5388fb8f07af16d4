/** What is known of a vzctl by its version. */
export interface VzctlVersion {
  /** Numbers with full stops: `4.11.1`. */
  readonly text: string
  /** The two lines of development: OpenVZ's up to 4.11, and that of OpenVZ 7, which calls itself 7 and later. */
  readonly generation: 4 | 7
}

/**
 * Reads what `vzctl --version` prints: `vzctl version 4.11.1`, `vzctl v.9.0.1`; `undefined` for what is no version of
 * vzctl.
 */
export function parseVzctlVersion(text: string): VzctlVersion | undefined {
  const [, version, major] = /\bvzctl\s+v(?:ersion\s+|\.)?((\d+)\.\d+(?:\.\d+)*)/i.exec(text) ?? []
  return version === undefined ? undefined : { text: version, generation: Number(major) >= 7 ? 7 : 4 }
}
