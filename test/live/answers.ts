import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'

/** Whether somebody answers at a unix socket. */
export async function answers(path: string): Promise<boolean> {
  if (!existsSync(path)) return false
  const client = connect(path)
  try {
    await once(client, 'connect')
    return true
  } catch {
    return false
  } finally {
    client.destroy()
  }
}
