import { prepare } from '../prepare.js'

/** No suite has HVM guests, which could not run then; PCI devices cannot be given away without. */
export const setup = prepare('xen', { iommu: true })
