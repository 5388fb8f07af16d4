/** Fields of a def, of which the optional ones may turn out not to be known. */
export type Fields<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] }

/** A def of the fields that are known: defs have no `undefined` in them. */
export function known<T extends object>(fields: Fields<T>): T {
  const found: Partial<Record<keyof T, unknown>> = {}
  for (const key of Object.keys(fields) as (keyof T)[]) if (fields[key] !== undefined) found[key] = fields[key]
  return found as T
}
