import { prepare } from './prepare.js'

export const setup = prepare('lab')
