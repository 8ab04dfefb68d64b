/** What a trace shows, in words: the sentence above its lanes, and what is at the playhead. */
import { describeTrack } from '../../lanes/describe';
import { clockText } from '../../lanes/scale';
import type { Sentence } from '../../litmus/outcome';
import { Mark, type Ordinal, type Timeline } from '../../timeline/columns';
import { failedEnables, refusals, type Refusal } from '../../timeline/refusal';

export interface Death {
  readonly at: Ordinal;
  readonly cpu: number;
  /** "vcpu-a (198)", or '' where the trace does not tell. */
  readonly who: string;
  readonly what: string;
  readonly fn: string;
  readonly caller: string;
}

/** Every oops once, in order, on the lane of its CPU. */
export function deaths({ instants, tracks, strings }: Timeline): Death[] {
  const found: Death[] = [];
  for (let i = 0; i < instants.length; i++) {
    const track = tracks[instants.track[i]!]!;
    if (instants.mark[i] !== Mark.oops || track.kind !== 'cpu') continue;
    const [what = '', ...more] = strings[instants.text[i]!]!.split('; ');
    const starting = (begin: string): string => more.find((m) => m.startsWith(begin))?.slice(begin.length) ?? '';
    const who = more.map((m) => / on CPU \d+$/.exec(m)).find((m) => m !== null);
    found.push({
      at: instants.at[i]!,
      cpu: track.cpu,
      who: who ? who.input.slice(0, who.index) : '',
      what: what.replace(/!$/, ''),
      fn: starting('in '),
      caller: starting('called from ').replace(/\+0x[\da-f/x]+/, ''),
    });
  }
  return found;
}

const saying = (d: Death): string =>
  `${d.who === '' ? 'Somebody' : d.who} on CPU ${d.cpu} died: ${d.what}${d.fn === '' ? '' : ` in ${d.fn}`}`;

const refused = (r: Refusal): string => {
  const what = r.state === '' ? r.callback : r.state;
  if (r.going === 'nowhere') return `${what} failed on CPU ${r.cpu}: it returned ${r.ret}`;
  const way = r.going === 'up' ? 'online' : 'offline';
  const back = !r.rolledBack ? '' : r.going === 'up' ? ', the CPU rolled back' : ', the CPU stayed online';
  return r.returned === ''
    ? `Bringing cpu${r.cpu} ${way} failed: ${what} returned ${r.ret}${back}`
    : `The ${way} write of cpu${r.cpu} returned ${r.returned}: ${what} failed${back}`;
};

/**
 * Only what the trace itself says: the first oops; without one what refused a CPU, or an enable that failed; and where it tells
 * of none of these, nothing is claimed.
 */
export function traceSentence(timeline: Timeline): Sentence {
  const when = (at: Ordinal): string => `at ${clockText(timeline, timeline.timeUs[at]!)}`;
  const [first, ...later] = deaths(timeline);
  if (first) {
    const details = [when(first.at)];
    if (first.caller !== '') details.push(`called from ${first.caller}`);
    details.push(...later.map((d) => `then ${saying(d)}`));
    return { headline: saying(first), details, tone: 'oops' };
  }
  const none = 'no oops was logged';
  const [refusal, ...others] = refusals(timeline);
  if (refusal) {
    const details = [when(refusal.at)];
    if (refusal.state !== '') details.push(`${refusal.callback} returned ${refusal.ret}`);
    details.push(
      ...others.map((r) => `then ${refused(r).replace(/^(The|Bringing) /, (begin) => begin.toLowerCase())}`),
    );
    return { headline: refused(refusal), details: [...details, none], tone: 'fail' };
  }
  const [failed] = failedEnables(timeline);
  if (failed) return { headline: failed.text, details: [when(failed.at), none], tone: 'fail' };
  return { headline: timeline.title, details: [none], tone: 'unknown' };
}

/** Where a trace opens, and which CPU it is about: where its sentence is; without one at its start. */
export function firstLook(t: Timeline): { readonly at: Ordinal; readonly cpu: number } {
  const { at, cpu } = deaths(t)[0] ?? refusals(t)[0] ?? failedEnables(t)[0] ?? { at: firstOops(t), cpu: -1 };
  return { at, cpu };
}

/** An oops of which no CPU is known stands in the log only. */
function firstOops({ instants }: Timeline): Ordinal {
  for (let i = 0; i < instants.length; i++) if (instants.mark[i] === Mark.oops) return instants.at[i]!;
  return 0;
}

export interface EventView {
  readonly index: number;
  readonly what: string;
  /** The rest of what the event says, part by part. */
  readonly more: readonly string[];
  /** The lanes it is on. */
  readonly tracks: readonly string[];
  readonly mark: Mark;
}

export interface RunningView {
  readonly cpu: string;
  readonly what: string;
  readonly detail: string;
}

/** All events at an ordinal, the loudest first. */
export function eventsAt(t: Timeline, at: Ordinal): EventView[] {
  const { instants, strings } = t;
  let lo = 0;
  let hi = instants.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (instants.at[mid]! < at) lo = mid + 1;
    else hi = mid;
  }
  // One event that is marked on several lanes is told once.
  const found = new Map<string, EventView>();
  for (let i = lo; i < instants.length && instants.at[i] === at && found.size < 50; i++) {
    const name = strings[instants.name[i]!]!;
    const text = strings[instants.text[i]!]! || name;
    const said = text.startsWith(name) ? text : `${name}: ${text}`;
    const [what = '', ...more] = said.split('; ');
    const track = describeTrack(t, instants.track[i]!);
    const before = found.get(said);
    found.set(said, {
      index: i,
      what,
      more,
      tracks: before ? [...before.tracks, track] : [track],
      mark: instants.mark[i]! as Mark,
    });
  }
  return [...found.values()].sort((a, b) => a.mark - b.mark);
}

/** What every CPU runs, and every vCPU does, at an ordinal. */
export function stateAt(t: Timeline, at: Ordinal): RunningView[] {
  const { slices, strings, tracks } = t;
  const found: RunningView[] = [];
  for (let i = 0; i < slices.length; i++) {
    if (slices.start[i]! > at || slices.end[i]! <= at || slices.depth[i] !== 0) continue;
    const { kind } = tracks[slices.track[i]!]!;
    if (kind !== 'cpu' && kind !== 'vcpu' && kind !== 'virt' && kind !== 'runs') continue;
    const what = strings[slices.name[i]!]!;
    if (what === '') continue;
    found.push({ cpu: describeTrack(t, slices.track[i]!), what, detail: strings[slices.detail[i]!]! });
  }
  return found;
}
