/** The panels around the lanes: loaded right after these, so that the lanes are there first. */
export { Basis } from './Basis';
export { BesideSentence } from './BesideSentence';
export { Bottom } from './Bottom';
export { DropTarget } from './DropTarget';
export { Inspector } from './Inspector';
export { Notices } from './Notices';
export { TextPanel } from './TextPanel';
export { Transport } from './Transport';
