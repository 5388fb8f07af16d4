import { onPlayedXenstored } from '../../fakes/played-xenstored.js'
import { pciSuite } from './pci-suite.js'

onPlayedXenstored('PCI devices of Xen', pciSuite)
