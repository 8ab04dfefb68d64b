/** Commands of the lanes: moving what is shown, and selecting. */
import { lanes } from './lanes-handle';
import type { Command, CommandFamily } from './registry';
import { clear, openDialog } from './store/page';
import { toMark } from './store/to-mark';
import { seek } from './store/player';
import { lastOf, timelineOf } from './store/state';
import { get } from './store/store';

const PAN = 0.2;
const ZOOM = 1.6;

function pan(share: number): void {
  const view = lanes.view;
  view?.panBy(view.viewWidth * share);
}

/** To the place after a step, or at an event; undefined where there are not so many. */
export function toStep(step: number): Command | undefined {
  const s = get();
  if (!Number.isSafeInteger(step) || step > lastOf(s) || timelineOf(s) === null) return undefined;
  const title = `Go to ${s.showing === 'run' ? 'step' : 'event'} ${step.toLocaleString('en')}`;
  return { id: `play.to.${step}`, title, group: 'Play', keys: [], run: () => seek(step), minor: true };
}

export const laneFamilies: readonly CommandFamily[] = [
  { prefix: 'play.to.', of: (rest) => (/^\d{1,9}$/.test(rest) ? toStep(Number(rest)) : undefined), list: () => [] },
];

const lane = (id: string, title: string, key: string, run: () => void): Command => ({
  id: `lanes.${id}`,
  title,
  group: 'Lanes',
  keys: [key],
  run,
});

export const laneCommands: readonly Command[] = [
  { id: 'play.previousMark', title: 'Previous log line or failure', group: 'Play', keys: ['['], run: () => toMark(-1) },
  { id: 'play.nextMark', title: 'Next log line or failure', group: 'Play', keys: [']'], run: () => toMark(1) },
  lane('zoomIn', 'Zoom in', 'w', () => lanes.view?.zoomBy(ZOOM)),
  lane('zoomOut', 'Zoom out', 's', () => lanes.view?.zoomBy(1 / ZOOM)),
  lane('left', 'Earlier', 'a', () => pan(-PAN)),
  lane('right', 'Later', 'd', () => pan(PAN)),
  lane('fitSelection', 'Fit the selection', 'Shift+F', () => lanes.view?.fitSelection()),
  lane('up', 'Select the lane above', 'ArrowUp', () => lanes.view?.selectUp()),
  lane('down', 'Select the lane below', 'ArrowDown', () => lanes.view?.selectDown()),
  lane('next', 'Select the next in the lane', '.', () => lanes.view?.selectNext()),
  lane('previous', 'Select the previous in the lane', ',', () => lanes.view?.selectPrev()),
  {
    id: 'lanes.table',
    title: 'The lanes as a table',
    group: 'Lanes',
    keys: ['l'],
    run: () => openDialog('table'),
    when: () => timelineOf(get()) !== null,
    reason: () => 'there are no lanes',
  },
  { id: 'view.clear', title: 'Clear the selection', group: 'View', keys: ['Escape'], run: clear },
];
