/** The panels around the lanes: loaded right after these, so that the lanes are there first. */
export { Basis } from './Basis';
export { BesideSentence } from './BesideSentence';
export { Bottom } from './Bottom';
export { Inspector } from './Inspector';
export { Notices } from './Notices';
export { TextPanel } from './TextPanel';
