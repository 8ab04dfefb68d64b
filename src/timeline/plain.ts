/**
 * A timeline as plain data and back, for a place that holds text only. A typed array becomes `{ "Int32Array": [...] }`; all
 * else is as it is. It is read by the version that wrote it: this is no format for files.
 */
import type { Timeline } from './columns';

const KINDS = { Int32Array, Uint8Array, Float64Array };
type Column = InstanceType<(typeof KINDS)[keyof typeof KINDS]>;

const isColumn = (value: unknown): value is Column => Object.values(KINDS).some((kind) => value instanceof kind);

/** JSON of a timeline; what is read back from it is equal to it, bit for bit. */
export const timelineToJson = (timeline: Timeline): string =>
  JSON.stringify(timeline, (_, value: unknown) =>
    isColumn(value) ? { [value.constructor.name]: Array.from(value) } : value,
  );

/** The timeline of `JSON.parse` of such a text. */
export const timelineFromJson = (plain: unknown): Timeline => revived(plain) as Timeline;

function revived(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, data] = entries[0] ?? [];
  if (entries.length === 1 && name !== undefined && name in KINDS)
    return KINDS[name as keyof typeof KINDS].from(data as number[]);
  return Object.fromEntries(entries.map(([key, inner]) => [key, revived(inner)]));
}
