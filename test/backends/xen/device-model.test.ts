import { onPlayedXenstored } from '../../fakes/played-xenstored.js'
import { deviceModelSuite } from './device-model-suite.js'

onPlayedXenstored('emulated USB of Xen', deviceModelSuite)
