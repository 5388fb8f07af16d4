/**
 * Members of a def, as paths, that another def does not say the same of: what was lost on the
 * way from one to the other.
 */
export function lost(from: unknown, to: unknown, path = ''): string[] {
  if (from === undefined || Object.is(from, to)) return []
  if (!isObject(from)) return [path]
  const other = isObject(to) ? to : {}
  const below = Object.entries(from).flatMap(([key, value]) => lost(value, other[key], path ? `${path}.${key}` : key))
  return below.length > 0 && !isObject(to) ? [path] : below
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
