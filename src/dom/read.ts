import type { HostdevDef } from '../model/hostdev.js'
import { readHostdev as readDialect } from '../model/hostdev-dialects.js'
import { guestInterface, type InterfaceDef } from '../model/interface.js'
import { type NodeDeviceDef, nodeDevice } from '../model/node-device.js'
import type { ReadOptions } from '../xml/document.js'
import type { DomElement } from './dom-node.js'
import { lightTree } from './light-tree.js'

/**
 * Reads a `<hostdev>` element of any XML DOM, in any dialect: xmldom's, a browser's, jsdom's. Of an HTML document the
 * names would be in capitals, and nothing is found.
 *
 * @throws VirtError `xml-invalid` with the element's path in the DOM
 */
export function readHostdev(element: DomElement, options?: ReadOptions): HostdevDef {
  return readDialect(lightTree(element), options)
}

/** Reads an `<interface>` element of any XML DOM. @throws VirtError `xml-invalid` */
export function readInterface(element: DomElement, options?: ReadOptions): InterfaceDef {
  return guestInterface.read(lightTree(element), options)
}

/** Reads a `<device>` element of any XML DOM. @throws VirtError `xml-invalid` */
export function readNodeDevice(element: DomElement, options?: ReadOptions): NodeDeviceDef {
  return nodeDevice.read(lightTree(element), options)
}
