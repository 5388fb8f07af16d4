import { createInterface } from 'node:readline'
import { VirtError } from '../../src/errors.js'

/** Operations by name. Each takes the request's arguments and answers plain data. */
export interface Operations {
  readonly [name: string]: (args: never) => unknown
}

interface Request {
  id: unknown
  op: string
  args?: unknown
}

async function answer(operations: Operations, { id, op, args = {} }: Request) {
  const operation = Object.hasOwn(operations, op) ? operations[op] : undefined
  if (!operation) return { id, ok: false, error: { code: 'UNSUPPORTED_OP', message: `there is no operation ${op}` } }
  try {
    const result = await operation(args as never)
    return { id, ok: true, result: result ?? {} }
  } catch (error) {
    // Only the library's own errors have a code; any other's name tells that it is a fault of the library.
    const { name, message } = error as Error
    return { id, ok: false, error: { code: VirtError.is(error) ? error.code : name, message } }
  }
}

/** Answers requests, a line of JSON each, until standard input ends. */
export async function serve(operations: Operations): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(operations, JSON.parse(line))
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  }
}
