/** Runs in the lab: a USB gadget of its kernel that is plugged and unplugged while it is followed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, connect, type DeviceSelector, type NodeDeviceDef, VirtError } from '../../src/index.js'
import { patient } from '../contract/follow-scenario.js'

export const serial = 'LABGADGET2'
const gadget = '/sys/kernel/config/usb_gadget/g2/UDC'

const isPlugged = () => readFileSync(gadget, 'utf8').trim() !== ''

/** Plugs it in, unless it is. */
export function plug(): void {
  if (!isPlugged()) writeFileSync(gadget, 'dummy_udc.2\n')
}

export function unplug(): void {
  if (isPlugged()) writeFileSync(gadget, '\n')
}

/** The gadget as the host has it when it is plugged in. */
export async function plugged(): Promise<NodeDeviceDef> {
  plug()
  await using host = await connect('linux:///', { readOnly: true })
  for (;;) {
    try {
      return await (await host.resolve({ serial })).def()
    } catch (error) {
      // the kernel takes its time to see it
      if (!VirtError.is(error, 'no-node-device')) throw error
      await sleep(200)
    }
  }
}

/** What came of replugging: how long each re-attachment took, in milliseconds from the plug on, and what failed. */
export interface Replugged {
  readonly attached: number
  readonly latencies: readonly number[]
  readonly failures: readonly string[]
}

/** Replugs it so many times while it is followed, each time when the guest has got it and lost it. */
export async function replug(
  { conn, guest, device }: { conn: Connection; guest: string; device: DeviceSelector },
  rounds: number,
): Promise<Replugged> {
  unplug()
  const domain = await conn.lookupDomain(guest)
  const following = await domain.follow(device, { release: true, limit: { times: 1000, within: 1000 } })
  const events = patient(following, 180_000)
  const [latencies, failures] = [[] as number[], [] as string[]]
  const until = async (kind: string) => {
    for (;;) {
      const { value, done } = await events.next()
      if (done) throw new Error('following has ended')
      if (value.kind === 'failed') failures.push(value.error.message)
      if (value.kind === kind) return
    }
  }
  await until('waiting')
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    plug()
    await until('attached')
    latencies.push(Math.round(performance.now() - began))
    console.error(`re-attached ${latencies.length} times, ${latencies.at(-1)} ms`)
    unplug()
    await until('detached')
  }
  await following[Symbol.asyncDispose]()
  return { attached: latencies.length, latencies, failures }
}

/** The least, the quartiles and the most of some times. */
export function distribution(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)]
  return `least ${at(0)}, quartiles ${at(0.25)} ${at(0.5)} ${at(0.75)}, 95 % ${at(0.95)}, most ${at(1)} ms`
}
