/** What is not needed before the lanes are there: all commands but the first, acts on the text, and traces. */
import '../commands-late';

export { onKey } from '../keys';
export { dragVcpu } from '../drag-vcpu';
export { menuOf, menuOfSelection } from '../lanes-menu';
export { act } from './acts';
export { runOpening } from './runner';
export { closeBeside, openBeside, setSide } from './beside';
export { fetchTexts } from './shelf';
export { follow as followReading } from './reading';
export { openModel } from './model-beside';
export { openLitmus } from './litmus';
export { closeTrace, openCapture, openFiles } from './traces';
