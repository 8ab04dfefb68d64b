/**
 * The hotplug states of a patch. A state may have several lines, each adding to the ones before; a later line can change
 * what they say but cannot take anything back, so that then the state is removed and put in again where it was.
 */
import type { StateDecl } from './ast';
import type { Chunk } from './chunks';
import type { OneText } from './one-text';
import { parseKernel } from './parser';
import type { Piece } from './patch-of';

export interface StatesPatch {
  /** What stands before everything else. */
  readonly first: readonly Piece[];
  /** What stands for a changed line; nothing where another piece stands for all of that state. */
  readonly instead: ReadonlyMap<Chunk, readonly Piece[]>;
}

/**
 * @param chunks the edited text's, whose lines are `lines`
 * @param changed those of them that the base does not have so
 * @param gone states of which the edited text has not all that the base has: their keys
 */
export function patchOfStates(
  base: OneText,
  chunks: readonly Chunk[],
  lines: readonly string[],
  changed: readonly Chunk[],
  gone: readonly string[],
): StatesPatch {
  const first: Piece[] = [];
  const instead = new Map<Chunk, readonly Piece[]>();
  const table = base.items.filter(isState);
  const mine = chunks.filter(isState);
  const touched = new Set([...changed.filter(isState).map((c) => c.key), ...gone]);
  for (const key of touched) {
    const told = table.filter((i) => i.key === key).map((i) => i.lines.at(-1)!);
    const now = mine.filter((c) => c.key === key).map((c) => lines[c.at]!);
    const own = changed.filter((c) => isState(c) && c.key === key);
    const removal = alone(`remove state ${key.replace('state ', '')}`);
    if (now.length === 0) {
      first.push(removal);
      continue;
    }
    const before = foldOf(told);
    const after = foldOf(now);
    // a new one, or one with an error in it, is taken as it stands
    if (!before || !after) continue;
    if (after.after !== null) first.push(removal);
    else if (saysLess(before, after)) {
      const again = stateLine({
        ...after,
        number: null,
        after: predecessor(
          table.map((i) => i.lines.at(-1)!),
          before,
        ),
      });
      first.push(removal, ...(own.length === 0 ? [alone(again)] : []));
      own.forEach((c, i) => instead.set(c, i === 0 ? [{ lines: [again], at: [c.at] }] : []));
    } else {
      const said = foldOf([...told, ...own.map((c) => lines[c.at]!)]);
      if (!said || stateLine(said) === stateLine(after)) continue;
      const whole = stateLine(after);
      if (own.length === 0) first.push(alone(whole));
      own.forEach((c, i) => instead.set(c, i === 0 ? [{ lines: [whole], at: [c.at] }] : []));
    }
  }
  return { first, instead };
}

export const isState = ({ key, what }: { readonly key: string; readonly what: string }): boolean =>
  key.startsWith('state ') && what === 'declaration';

const alone = (text: string): Piece => ({ lines: [text], at: [-1] });

/** What several lines on one state say together; null where there is none, or one of them is wrong. */
function foldOf(lines: readonly string[]): StateDecl | null {
  let all: StateDecl | null = null;
  for (const text of lines) {
    const state = stateOf(text);
    if (!state) return null;
    all = all === null ? state : merged(all, state);
  }
  return all;
}

function stateOf(line: string): StateDecl | null {
  const parsed = parseKernel(`part x\n${line}`, '');
  return (parsed.ok && parsed.text.states[0]) || null;
}

const merged = (old: StateDecl, add: StateDecl): StateDecl => ({
  constant: add.constant,
  number: add.number ?? old.number,
  after: add.after ?? old.after,
  name: add.name ?? old.name,
  up: add.up ?? old.up,
  down: add.down ?? old.down,
  times: add.times ?? old.times,
  whenRegistered: add.whenRegistered || old.whenRegistered,
  place: add.place,
});

/** No further line can bring that about. */
const saysLess = (before: StateDecl, after: StateDecl): boolean =>
  (['number', 'name', 'up', 'down', 'times'] as const).some((k) => before[k] !== null && after[k] === null) ||
  (before.whenRegistered && !after.whenRegistered);

/** The state right below, by number. */
function predecessor(lines: readonly string[], { number }: StateDecl): string {
  let best: StateDecl | null = null;
  for (const line of lines) {
    const state = /^state\s+\w+\s+\d/.test(line) ? stateOf(line) : null;
    if (state === null || number === null || state.number! >= number) continue;
    if (best === null || state.number! > best.number!) best = state;
  }
  return best?.constant ?? '';
}

function stateLine({ constant, number, after, name, up, down, times, whenRegistered }: StateDecl): string {
  const words: readonly (string | false)[] = [
    `state ${constant}`,
    number !== null && String(number),
    after !== null && `after ${after}`,
    name !== null && `"${name}"`,
    up !== null && `up ${up}`,
    down !== null && `down ${down}`,
    times !== null && `times ${times}`,
    whenRegistered && 'when registered',
  ];
  return words.filter((word) => word !== false).join(' ');
}
