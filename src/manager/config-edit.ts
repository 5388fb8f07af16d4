import { ContainerConfig } from '../formats/container-config.js'
import type { ConfigStep } from '../model/host-step.js'
import { type EditOptions, editConfig, readConfig } from '../os/config-file.js'

/** Whether a container's config is as a step will have it. */
export function isEdited(step: ConfigStep): boolean {
  const text = readConfig(step.edit)
  return text !== undefined && new ContainerConfig(text).has(step) === step.present
}

/**
 * Puts a word into a container's config, or takes it out; all else stays as it is.
 * @throws VirtError as editing does
 */
export async function editContainer(step: ConfigStep, options: EditOptions): Promise<void> {
  await editConfig(
    step.edit,
    (text) => {
      const config = new ContainerConfig(text)
      if (step.present) config.put(step)
      else config.drop(step)
      return config.toString()
    },
    options,
  )
}
