import { readdirSync } from 'node:fs'
import { type FolderWatch, watchFolder } from './folder-watch.js'
import { startLines } from './process-lines.js'

/** What a source of hints tells: that something has happened to devices, and to which, if it knows. */
export interface DeviceHint {
  /** The kernel's word: add, remove, change, bind, unbind, move. */
  readonly action?: string
  /** Folder of the device below /sys. */
  readonly path?: string
}

/** Tells when it is worth looking at the devices again. */
export type HintSource = (onHint: (hint: DeviceHint) => void) => { stop(): void }

/** Folders in which every change of a device leaves a trace, as far as they are there. */
const watched = ['/run/udev/data', '/dev', '/dev/bus/usb', '/dev/snd', '/dev/input']

/**
 * Hints of this machine: `udevadm monitor`, which also hears the kernel where udevd does not run, and changes of the
 * folders that udevd keeps. Where neither is to be had, nothing is told, and looking from time to time must do.
 */
export const machineHints: HintSource = (onHint) => {
  let hint: { action?: string; path?: string } = {}
  const monitor = startLines(['udevadm', 'monitor', '--kernel', '--udev', '--property'], (line) => {
    // a block of properties ends with an empty line
    if (line.startsWith('ACTION=')) hint.action = line.slice(7)
    else if (line.startsWith('DEVPATH=')) hint.path = `/sys${line.slice(8)}`
    else if (line === '' && hint.path !== undefined) {
      onHint(hint)
      hint = {}
    }
  })
  const watches = [
    ...watched.map((folder) => watchFolder(folder, () => onHint({}))),
    watchDefinitions(() => onHint({})),
  ]
  return {
    stop() {
      monitor.stop()
      for (const each of watches) each?.stop()
    },
  }
}

/** Where mdevctl keeps definitions, in a folder for each parent device. */
const definitions = '/etc/mdevctl.d'

/** Watches what mdevctl defines, also below parents that have had nothing defined before. */
function watchDefinitions(onChange: () => void): FolderWatch | undefined {
  const below = new Map<string, FolderWatch | undefined>()
  const look = () => {
    for (const name of foldersIn(definitions))
      if (!below.has(name)) below.set(name, watchFolder(`${definitions}/${name}`, onChange))
  }
  const above = watchFolder(definitions, (name) => {
    // a folder that was taken away and made again is another
    below.get(name ?? '')?.stop()
    below.delete(name ?? '')
    look()
    onChange()
  })
  if (!above) return undefined
  look()
  return {
    stop() {
      for (const each of [above, ...below.values()]) each?.stop()
    },
  }
}

/** Names in a folder, which may go away at any time. */
function foldersIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
