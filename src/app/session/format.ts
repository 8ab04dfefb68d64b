/**
 * A session as it is kept. Version 1; what comes back is looked at piece by piece, and is refused as a whole where it does not
 * hold together.
 *
 *   { version: 1, title, nodes: [...], here, playhead, axis, tab, speed, trace, keys }
 */
import * as v from 'valibot';
import { MAX_LITMUS } from '../../litmus/parse';
import type { AppState } from '../store/state';
import type { Session } from './session';
import { MOST_NODES } from './tree';

/** Longest change of a kernel that is taken, characters. */
export const MAX_PATCH = 256 * 1024;

const id = v.pipe(v.number(), v.integer(), v.minValue(-1));
const node = v.object({
  id: v.pipe(id, v.minValue(0)),
  parent: id,
  back: id,
  ahead: id,
  text: v.pipe(v.string(), v.maxLength(MAX_LITMUS)),
  patch: v.pipe(v.string(), v.maxLength(MAX_PATCH)),
  scenario: v.pipe(v.string(), v.maxLength(200)),
  label: v.pipe(v.string(), v.maxLength(2000)),
  when: v.pipe(v.number(), v.finite()),
  at: v.nullable(v.pipe(v.number(), v.finite(), v.minValue(0))),
});

/** Places that were marked and variables on the lanes: a session that was kept before there were any has none. */
const place = v.pipe(v.number(), v.integer(), v.minValue(0));
const reading = v.object({
  marks: v.pipe(v.array(v.object({ at: place, name: v.pipe(v.string(), v.regex(/^[A-Z]$/)) })), v.maxLength(26)),
  span: v.nullable(v.tuple([place, place])),
  pins: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[\w()[\].-]{1,120}$/))), v.maxLength(64)),
});

const kept = v.object({
  version: v.literal(1),
  nodes: v.pipe(v.array(node), v.minLength(1), v.maxLength(MOST_NODES)),
  here: id,
  playhead: v.pipe(v.number(), v.integer(), v.minValue(0)),
  axis: v.picklist(['steps', 'time']),
  tab: v.picklist(['litmus', 'kernel', 'patch']),
  speed: v.picklist([0.25, 0.5, 1, 2, 4]),
  /** Capture that was open, by its folder. */
  trace: v.nullable(v.pipe(v.string(), v.maxLength(100))),
  reading: v.optional(reading, { marks: [], span: null, pins: [] }),
  keys: v.record(
    v.pipe(v.string(), v.maxLength(100)),
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(40))), v.maxLength(4)),
  ),
});

export type KeptSession = v.InferOutput<typeof kept>;

/** An entry of the list of sessions. */
const entry = v.object({
  id: v.pipe(v.string(), v.maxLength(80)),
  title: v.pipe(v.string(), v.maxLength(200)),
  steps: v.pipe(v.number(), v.integer(), v.minValue(0)),
  when: v.pipe(v.number(), v.finite()),
});
export type SessionEntry = v.InferOutput<typeof entry>;

export const keptOf = (s: AppState): KeptSession => ({
  version: 1,
  nodes: [...s.session.nodes.values()].map((n) => ({ ...n })),
  here: s.session.here,
  playhead: s.showing === 'run' ? s.playhead : (s.elsewhere?.playhead ?? 0),
  axis: s.showing === 'run' ? s.axis : (s.elsewhere?.axis ?? 'steps'),
  tab: s.tab,
  speed: s.speed,
  trace: s.trace?.id ?? null,
  reading: { marks: [...s.reading.marks], span: s.reading.span && [...s.reading.span], pins: [...s.reading.pins] },
  keys: Object.fromEntries(Object.entries(s.keys).map(([name, keys]) => [name, [...keys]])),
});

/** Null: it is no session, or one that does not hold together. */
export function sessionOf(value: unknown): { session: Session; kept: KeptSession } | null {
  const result = v.safeParse(kept, value);
  if (!result.success) return null;
  const nodes = new Map(result.output.nodes.map((n) => [n.id, n]));
  if (nodes.size !== result.output.nodes.length || !nodes.has(result.output.here)) return null;
  for (const n of nodes.values()) {
    // A parent is older than its child, so that no way upwards goes round in a circle.
    if (n.parent >= n.id || (n.parent >= 0 && !nodes.has(n.parent))) return null;
    if ((n.back >= 0 && !nodes.has(n.back)) || (n.ahead >= 0 && !nodes.has(n.ahead))) return null;
  }
  return { session: { nodes, here: result.output.here }, kept: result.output };
}

export const entriesOf = (value: unknown): readonly SessionEntry[] =>
  v.parse(v.fallback(v.array(v.fallback(v.nullable(entry), null)), []), value).filter((e) => e !== null);
