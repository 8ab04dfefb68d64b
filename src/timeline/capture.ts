import * as v from 'valibot';
import type { KnownMoment } from './align';

/**
 * capture.json, format 1: what was done to a real kernel and what was seen, beside its trace, dmesg and VMM log. Only the
 * fields that the timeline reads are named here; all others pass. Times are seconds of the trace's clock.
 */
const cpuTable = v.record(v.string(), v.nullable(v.boolean()));

const action = v.looseObject({
  t: v.number(),
  t_end: v.nullish(v.number(), null),
  actor: v.string(),
  do: v.string(),
  result: v.nullish(v.number(), null),
  errno: v.optional(v.string()),
  cpu: v.optional(v.number()),
  online: v.optional(v.string()),
  offline: v.optional(v.string()),
  present: v.optional(v.string()),
});
export type Action = v.InferOutput<typeof action>;

const died = v.looseObject({
  t: v.number(),
  dmesg_t: v.number(),
  task: v.string(),
  pid: v.number(),
  cpu: v.number(),
  function: v.string(),
  caller: v.string(),
  call_site: v.string(),
  instruction: v.string(),
  bug_at: v.string(),
});

const schema = v.looseObject({
  format: v.literal(1),
  title: v.string(),
  kernel: v.string(),
  release: v.optional(v.string(), ''),
  era: v.optional(v.string(), ''),
  vendor: v.optional(v.picklist(['amd', 'intel'])),
  scenario: v.string(),
  trace: v.looseObject({
    clock: v.optional(v.string(), ''),
    clock_note: v.optional(v.string(), ''),
    clock_anchors: v.optional(v.array(v.tuple([v.number(), v.number()])), []),
    clock_check: v.optional(v.looseObject({ shift: v.optional(v.number()) })),
    files: v.optional(v.array(v.looseObject({ file: v.string(), lines: v.number() })), []),
  }),
  actions: v.optional(v.array(action), []),
  observed: v.optional(
    v.looseObject({
      virt_on: v.optional(
        v.array(v.looseObject({ t: v.number(), label: v.optional(v.string(), ''), cpus: cpuTable })),
        [],
      ),
      died: v.optional(v.array(died), []),
      host: v.optional(v.string(), ''),
      online_end: v.optional(v.string(), ''),
    }),
    {},
  ),
  notes: v.optional(v.array(v.string()), []),
  counts: v.optional(
    v.looseObject({
      trace_lines: v.optional(v.number()),
      events: v.optional(v.record(v.string(), v.number()), {}),
    }),
    {},
  ),
});
export type Capture = v.InferOutput<typeof schema>;

/** A capture.json that is none, with what is wrong and where. */
export class CaptureError extends Error {
  constructor(file: string, what: string) {
    super(`${file}: ${what}`);
    this.name = 'CaptureError';
  }
}

/** @throws CaptureError where the text is no JSON or lacks what format 1 requires. */
export function parseCapture(text: string, file = 'capture.json'): Capture {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CaptureError(file, `no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [first] = result.issues;
  throw new CaptureError(file, `${v.getDotPath(first) ?? 'the whole'}: ${first.message}`);
}

/** How to bring the capture's other clocks into the trace's, microseconds. */
export interface ClockHints {
  readonly vmmShiftUs: number;
  /** NaN where only the lines' texts can join the two. */
  readonly dmesgShiftUs: number;
  readonly deaths: readonly KnownMoment[];
}

/**
 * The AMD captures trace on the monotonic clock, which their VMM logs use too, and their dmesg is joined by its lines. The
 * Intel ones trace on the scheduler clock: their VMM's clock is moved by the median of the anchors (pairs of other clock, trace
 * clock), and the kernel log's by what `clock_note` says, or else by what a death says of both clocks.
 */
export function clockHints(capture: Capture): ClockHints {
  const shifts = capture.trace.clock_anchors.map(([other, trace]) => trace - other).sort((a, b) => a - b);
  const vmm = shifts.length > 0 ? shifts[shifts.length >> 1]! : (capture.trace.clock_check?.shift ?? 0);
  const deaths = capture.observed.died ?? [];
  const said = /dmesg stamps are moved by ([+-]?\d+\.\d+) s/.exec(capture.trace.clock_note);
  const dmesg = said ? Number(said[1]) : deaths.length > 0 ? deaths[0]!.t - deaths[0]!.dmesg_t : NaN;
  return {
    vmmShiftUs: vmm * 1e6,
    dmesgShiftUs: dmesg * 1e6,
    deaths: deaths.map((d) => ({ dmesgUs: Math.round(d.dmesg_t * 1e6), timeUs: Math.round(d.t * 1e6) })),
  };
}

/** "0-3,6" is 0, 1, 2, 3 and 6. */
export function cpusOfList(list: string): number[] {
  const cpus: number[] = [];
  for (const part of list.split(',')) {
    const found = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    if (!found) continue;
    const to = Math.min(Number(found[2] ?? found[1]), Number(found[1]) + 0xffff);
    for (let cpu = Number(found[1]); cpu <= to; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** One line on an action: "online cpu 4: 0", "rmmod kvm_amd: EAGAIN". */
export function describeAction(action: Action): string {
  const operands = ['module', 'vmm', 'vm', 'task', 'symbol', 'state', 'cpus', 'value']
    .map((key) => action[key])
    .filter((value) => typeof value === 'string' || typeof value === 'number');
  const what = [action.do, ...(action.cpu === undefined ? [] : [`cpu ${action.cpu}`]), ...operands].join(' ');
  const outcome =
    action.t_end === null ? 'never returned' : (action.errno ?? (action.result === null ? '?' : action.result));
  return `${action.actor}: ${what}: ${outcome}`;
}
