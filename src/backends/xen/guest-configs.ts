import { errorDomains, VirtError } from '../../errors.js'
import { XlConfig } from '../../formats/xl-config.js'
import { editConfig, listFolder, readConfig } from '../../os/config-file.js'

/** A guest as its xl.cfg has it. */
export interface ConfiguredGuest {
  readonly name: string
  readonly uuid?: string
  readonly path: string
  readonly config: XlConfig
}

/** The guests that have an xl.cfg in a folder, /etc/xen unless told; xl itself remembers no folder. */
export class GuestConfigs {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Those whose file ends in `.cfg`, has a name, and is one that xl would take. */
  async list(): Promise<ConfiguredGuest[]> {
    return (await this.#names())
      .filter((file) => file.endsWith('.cfg'))
      .sort()
      .flatMap((file) => this.#read(`${this.#folder}/${file}`) ?? [])
  }

  /** The config of a guest. @throws VirtError `operation-invalid` when there is none */
  async need(name: string): Promise<ConfiguredGuest> {
    const found = (await this.list()).find((guest) => guest.name === name)
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
    await editConfig((await this.need(name)).path, edit, { signal })
  }

  async #names(): Promise<string[]> {
    try {
      return await listFolder(this.#folder)
    } catch (error) {
      // without the folder no guest is configured
      if (VirtError.is(error, 'no-connection')) return []
      throw error
    }
  }

  #read(path: string): ConfiguredGuest | undefined {
    try {
      const text = readConfig(path)
      if (text === undefined) return undefined
      const config = new XlConfig(text)
      const [name, uuid] = [config.get('name'), config.get('uuid')]
      if (typeof name !== 'string') return undefined
      return { name, ...(typeof uuid === 'string' && { uuid: uuid.toLowerCase() }), path, config }
    } catch (error) {
      // what cannot be read, or xl refuses, is no guest
      if (VirtError.is(error)) return undefined
      throw error
    }
  }
}
