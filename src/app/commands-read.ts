/** Commands of reading: why, search, marks, rows of variables. */
import { flushSync } from 'react-dom';
import type { Command, CommandFamily } from './registry';
import { changingNames } from './inspect/pins';
import {
  clearMarks,
  clearPins,
  endWhy,
  askWhy,
  find,
  measureHere,
  nextHit,
  setReadTab,
  toggleMark,
  togglePin,
  toPlaceMark,
} from './store/reading';
import { runOf, timelineOf } from './store/state';
import { get } from './store/store';
import { subjectsOf } from '../litmus/why';

const read = (
  id: string,
  title: string,
  keys: readonly string[],
  run: () => void,
  more: Partial<Command> = {},
): Command => ({
  id: `read.${id}`,
  title,
  group: 'Read',
  keys,
  run,
  ...more,
});

const found = (): boolean => (get().reading.search?.hits?.length ?? 0) > 0;
const marked = (): boolean => get().reading.marks.length > 0;
const lanesThere = (): boolean => timelineOf(get()) !== null;

/** Opens the search and puts the caret there. */
function openSearch(): void {
  // At once: what is typed next must find the field there.
  flushSync(() => setReadTab('search'));
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  field?.focus();
  field?.select();
}

export const readCommands: readonly Command[] = [
  read('why', 'Why? The steps that the outcome depends on', ['y'], () => askWhy(), {
    when: () => (runOf(get()) ? subjectsOf(runOf(get())!.outcome).length > 0 : false),
    reason: () =>
      runOf(get())
        ? 'nothing failed, and the question has no witness'
        : 'a trace tells what happened, not what it depended on',
  }),
  read('noWhy', 'Show all steps alike again', [], endWhy, {
    when: () => get().reading.why !== null,
    reason: () => 'nothing is faded',
  }),
  read('search', 'Search steps, functions, log, tasks', ['/', 'Mod+f'], openSearch, {
    when: lanesThere,
    reason: () => 'there are no lanes',
  }),
  read('next', 'Next place found', ['n'], () => nextHit(1), { when: found, reason: () => 'nothing was found' }),
  read('previous', 'Previous place found', ['Shift+N'], () => nextHit(-1), {
    when: found,
    reason: () => 'nothing was found',
  }),
  read('noSearch', 'End the search', [], () => find(''), {
    when: () => get().reading.search !== null,
    reason: () => 'nothing is searched',
  }),
  read('mark', 'Set a mark here, or take it away', ['m'], toggleMark, {
    when: lanesThere,
    reason: () => 'there are no lanes',
  }),
  read('measure', 'Measure from the nearest mark to here', ['Shift+M'], measureHere, {
    when: marked,
    reason: () => 'there is no mark',
  }),
  read('nextMark', 'To the next mark', [')'], () => toPlaceMark(1), { when: marked, reason: () => 'there is no mark' }),
  read('previousMark', 'To the previous mark', ['('], () => toPlaceMark(-1), {
    when: marked,
    reason: () => 'there is no mark',
  }),
  read('marks', 'List of marks', [], () => setReadTab('marks')),
  read('noMarks', 'Take all marks away', [], clearMarks, { when: marked, reason: () => 'there is no mark' }),
  read('values', 'Variables over time', ['Shift+P'], () => setReadTab('values')),
  read('noPins', 'Take all variables off the lanes', [], clearPins, {
    when: () => get().reading.pins.length > 0,
    reason: () => 'no variable is on the lanes',
  }),
];

const names = (): readonly string[] => {
  const s = get();
  const run = runOf(s) ?? s.run;
  return s.showing === 'trace' ? (s.trace?.timeline.counters.names ?? []) : run ? changingNames(run) : [];
};

const pin = (name: string): Command => ({
  id: `read.pin.${name}`,
  title: `${get().reading.pins.includes(name) ? 'Take off' : 'Pin to'} the lanes: ${name}`,
  group: 'Read',
  keys: [],
  run: () => togglePin(name),
  minor: true,
});

export const readFamilies: readonly CommandFamily[] = [
  {
    prefix: 'read.pin.',
    of: (name) => (/^[\w()[\].-]{1,120}$/.test(name) ? pin(name) : undefined),
    list: () => names().map(pin),
  },
];
