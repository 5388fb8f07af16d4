import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { answers } from './answers.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Why a daemon is not there; `undefined` where it answers. For `needs(inject('absent').libvirtd)`. */
    absent: { udevd: string | undefined; libvirtd: string | undefined }
  }
}

/** Where a libvirtd of the system listens; `qemu:///system` leads there. */
const socket = '/run/libvirt/libvirt-sock'
const pidFile = '/run/libvirtd-of-live-tests.pid'
const udevd = '/lib/systemd/systemd-udevd'
const udevDatabase = '/run/udev/data'

/** What puts the machine back as it was found, in the order in which it was changed. */
type Undo = (() => void | Promise<void>)[]

/**
 * Starts the daemons that live tests talk to, unless they run already. Containers have neither: udevd comes first,
 * since libvirtd takes part of what it says of a device from udev's database.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const undo: Undo = []
  const absent = { udevd: startUdevd(undo), libvirtd: await startLibvirtd(undo) }
  project.provide('absent', absent)
  for (const [daemon, reason] of Object.entries(absent)) {
    if (reason !== undefined) console.log(`The live tests go without ${daemon}: ${reason}.`)
  }
  return async () => {
    for (const step of undo.reverse()) await step()
  }
}

function startUdevd(undo: Undo): string | undefined {
  const isRoot = process.getuid?.() === 0
  // root may ask udevd itself: its database alone may be what one that was killed has left behind
  const runs = isRoot
    ? spawnSync('udevadm', ['control', '--ping', '--timeout=5']).status === 0
    : existsSync(udevDatabase)
  if (runs) return undefined
  if (!existsSync(udevd)) return 'no systemd-udevd is installed'
  if (!isRoot) return 'udevd does not run, and only root can start it'
  const began = spawnSync(udevd, ['--daemon'], { encoding: 'utf8' })
  if (began.status !== 0) return `systemd-udevd does not start: ${lastLine(began.stderr)}`
  undo.push(() => {
    spawnSync('udevadm', ['control', '--exit'])
    rmSync('/run/udev', { recursive: true, force: true })
  })
  // Not for network interfaces: udev's rules would give those of this machine other names.
  spawnSync('udevadm', ['trigger', '--action=change', '--subsystem-nomatch=net'])
  spawnSync('udevadm', ['settle', '--timeout=30'])
  const known = existsSync(udevDatabase) ? readdirSync(udevDatabase).length : 0
  return known > 0 ? undefined : 'udevd runs but hears of no device; is /sys read-only here?'
}

async function startLibvirtd(undo: Undo): Promise<string | undefined> {
  if (await answers(socket)) return refusal()
  if (process.getuid?.() !== 0) return `nobody answers on ${socket}, and only root can start libvirtd`
  const began = spawnSync('libvirtd', ['--daemon', '--pid-file', pidFile], { encoding: 'utf8' })
  if (began.error) return 'no libvirtd is installed'
  if (began.status !== 0) return `libvirtd does not start: ${lastLine(began.stderr)}`
  undo.push(stopLibvirtd)
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(100)) {
    if (await answers(socket)) return undefined
  }
  return `libvirtd was started but nobody answers on ${socket}`
}

/** A daemon that was found running may refuse this user, as one that asks polkit does. */
function refusal(): string | undefined {
  const { status, stderr } = spawnSync('virsh', ['--connect', 'qemu:///system', 'uri'], { encoding: 'utf8' })
  return status ? `libvirtd runs and refuses: ${lastLine(stderr)}` : undefined
}

async function stopLibvirtd(): Promise<void> {
  if (!existsSync(pidFile)) return
  process.kill(Number(readFileSync(pidFile, 'utf8')))
  // It removes the file when it is done; until then a next run would find it answering.
  for (const end = Date.now() + 10_000; existsSync(pidFile) && Date.now() < end; ) await sleep(50)
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? ''
