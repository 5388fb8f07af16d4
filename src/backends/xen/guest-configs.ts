import { errorDomains, VirtError } from '../../errors.js'
import { XlConfig } from '../../formats/xl-config.js'
import { decodeText } from '../../host/text.js'
import { editConfig } from '../../os/config-file.js'
import { Denied, type HostFiles } from '../../os/host-files.js'

/** A guest as its xl.cfg has it. */
export interface ConfiguredGuest {
  readonly name: string
  readonly uuid?: string
  readonly path: string
  readonly config: XlConfig
}

const longest = 1024 * 1024

/** The guests that have an xl.cfg in a folder, /etc/xen unless told; xl itself remembers no folder. */
export class GuestConfigs {
  readonly #files: HostFiles
  readonly #folder: string

  constructor(files: HostFiles, folder: string) {
    this.#files = files
    this.#folder = folder
  }

  /** Those whose file ends in `.cfg`, has a name, and is one that xl would take. */
  list(): ConfiguredGuest[] {
    const files = this.#files.list(this.#folder)
    if (files instanceof Denied) return []
    return files
      .filter((file) => file.endsWith('.cfg'))
      .sort()
      .flatMap((file) => this.#read(`${this.#folder}/${file}`) ?? [])
  }

  /** The config of a guest. @throws VirtError `operation-invalid` when there is none */
  need(name: string): ConfiguredGuest {
    const found = this.list().find((guest) => guest.name === name)
    if (found) return found
    throw new VirtError(
      'operation-invalid',
      `the guest ${name} has no xl.cfg in ${this.#folder}; change it as it runs, or put its xl.cfg there`,
      { domain: name, errorDomain: errorDomains.xen },
    )
  }

  /** Changes the xl.cfg of a guest in place. */
  async edit(name: string, change: (config: XlConfig) => void, signal?: AbortSignal): Promise<void> {
    const edit = (text: string): string => {
      const config = new XlConfig(text)
      change(config)
      return config.toString()
    }
    await editConfig(this.need(name).path, edit, { signal })
  }

  #read(path: string): ConfiguredGuest | undefined {
    const bytes = this.#files.bytes(path, longest)
    if (bytes instanceof Denied) return undefined
    try {
      const config = new XlConfig(decodeText(bytes))
      const [name, uuid] = [config.get('name'), config.get('uuid')]
      if (typeof name !== 'string') return undefined
      return { name, ...(typeof uuid === 'string' && { uuid: uuid.toLowerCase() }), path, config }
    } catch (error) {
      // what xl refuses is no guest
      if (VirtError.is(error)) return undefined
      throw error
    }
  }
}
