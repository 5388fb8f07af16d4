import { onPlayedXenstored } from '../../fakes/played-xenstored.js'
import { usbSuite } from './usb-suite.js'

onPlayedXenstored('PVUSB', usbSuite)
