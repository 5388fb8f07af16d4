import { watch } from 'node:fs'

/** A folder that is being watched. */
export interface FolderWatch {
  stop(): void
}

/**
 * Tells of every change in a folder, with the name of the file where the kernel says it; `undefined` where the folder
 * is not there or cannot be watched.
 */
export function watchFolder(folder: string, onChange: (name: string | null) => void): FolderWatch | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_kind, name) => onChange(name))
    // a folder that goes away has told so by its last change
    watcher.on('error', () => watcher.close())
    return { stop: () => watcher.close() }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error
    return undefined
  }
}
