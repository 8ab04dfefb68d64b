import { ascii, find, startsWith } from './bytes';
import { kindOfName, readArgs } from './ftrace-args';
import { Kind, type Args, type EventTable } from './ftrace-events';

/**
 * One line of the text that tracefs `trace` (and `trace_pipe`) writes, into a row of an `EventTable`.
 *
 *               TASK-PID     [TGID]   CPU#   flags TIMESTAMP   EVENT
 *         cpuhp/4-274     (    274) [004] .....   110.534081: cpuhp_enter: cpu: 0004 target: 236 step: 158 (irq_aff...)
 *          vcpu0-157                [000] d..1    43.243151: kvm_entry: vcpu 0, rip 0x100a
 *          <idle>-0       (-------) [004] d..2.   110.518294: kvm_starting_cpu <-cpuhp_invoke_callback
 *     CPU:2 [LOST 17 EVENTS]
 *
 * The TGID column is there if the option record-tgid is set. The flags have four columns until 5.10 and five from 6.1
 * on, and none if the option irq-info is off. A comm may hold blanks, dashes and brackets, so the line is read from the
 * CPU number outwards.
 */

const space = 32;
const open = 91; // [
const close = 93; // ]

const w = {
  cpuLost: ascii('CPU:'),
  lost: ascii('[LOST '),
  events: ascii(' EVENTS]'),
  frame: ascii('=> '),
  from: ascii(' <-'),
};

/** What is known of an event name, worked out when it is first met. */
interface Name {
  readonly id: number;
  readonly kind: Kind;
  readonly vectorClass: number;
  readonly isEntry: boolean;
  /** The name without `_ret`, for return probes. */
  readonly retOf: number;
}

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57;

export class LineParser {
  private readonly names: (Name | undefined)[] = [];
  private readonly functionName: number;
  private readonly lostName: number;
  private readonly frameName: number;
  private readonly args: Args = { kind: Kind.other, a: 0, b: 0, c: 0, d: 0, e: 0, keepText: true };
  /** How many events of each name there were; the index is an id in the table's strings. */
  readonly counts: number[] = [];
  /** Events that "[LOST n EVENTS]" lines tell of. */
  lostEvents = 0;
  /** Lines of kernel stack traces, which belong to the event before them. */
  frames = 0;

  constructor(private readonly table: EventTable) {
    this.functionName = table.strings.of('function');
    this.lostName = table.strings.of('[LOST EVENTS]');
    this.frameName = table.strings.of('stack frame');
  }

  /**
   * Reads the line [start, end) of `b`, without its line break, as line number `line`. Blank lines and comments are the
   * caller's affair.
   * @returns '' if the line became a row, or was taken in otherwise; else why it cannot be understood.
   */
  parse(b: Uint8Array, start: number, end: number, line: number): string {
    let p = start;
    while (p < end && b[p] === space) p++;
    if (b[p] === 67 && startsWith(b, w.cpuLost, p, end)) {
      const said = this.parseLost(b, p, end, line);
      if (said !== undefined) return said;
    }
    if (b[p] === 61 && startsWith(b, w.frame, p, end)) return this.parseFrame(b, p, end);

    let why = 'no [CPU] column';
    for (let at = p; at < end; at++) {
      if (b[at] !== open || (at > p && b[at - 1] !== space)) continue;
      let q = at + 1;
      let cpu = 0;
      for (; isDigit(b[q]); q++) cpu = cpu * 10 + b[q]! - 48;
      if (q === at + 1 || b[q] !== close || b[q + 1] !== space || q + 1 >= end) continue;
      if (cpu > 0xffff) return `CPU ${cpu} is beyond all limits`;
      const said = this.parseEvent(b, p, at, q + 1, end, cpu, line);
      if (said === '') return '';
      why = said;
    }
    return why;
  }

  /** `p`: where the comm begins; `bracket`: the CPU's "["; `after`: behind its "]". */
  private parseEvent(b: Uint8Array, p: number, bracket: number, after: number, end: number, cpu: number, line: number) {
    const { table, args } = this;
    let left = bracket;
    while (left > p && b[left - 1] === space) left--;
    let tgid = -1;
    if (left > p && b[left - 1] === 41) {
      left--;
      let tens = 1;
      for (tgid = 0; left > p && isDigit(b[left - 1]); left--, tens *= 10) tgid += (b[left - 1]! - 48) * tens;
      if (tens === 1) tgid = -1;
      while (left > p && (b[left - 1] === space || b[left - 1] === 45)) left--;
      if (left === p || b[left - 1] !== 40) return 'a TGID column that is none';
      left--;
      while (left > p && b[left - 1] === space) left--;
    }
    const pidEnd = left;
    let tid = 0;
    for (let tens = 1; left > p && isDigit(b[left - 1]); left--, tens *= 10) tid += (b[left - 1]! - 48) * tens;
    if (left === pidEnd || left === p || b[left - 1] !== 45) return 'no TASK-PID';
    if (tid > 0x7fffffff) return 'the PID is too large';
    const commEnd = left - 1;

    let q = after;
    while (q < end && b[q] === space) q++;
    let stamp = this.readStamp(b, q, end);
    let hardirq = 0;
    if (stamp < 0) {
      hardirq = ((b[q + 2] ?? 0) | 32) === 104 ? 1 : 0; // h or H, the third column of the flags
      while (q < end && b[q] !== space) q++; // the flags
      while (q < end && b[q] === space) q++;
      stamp = this.readStamp(b, q, end);
      if (stamp < 0) return 'no time stamp';
    }
    q = this.stampEnd;
    while (q < end && b[q] === space) q++;
    while (end > q && b[end - 1] === space) end--;
    if (q === end) return 'nothing behind the time stamp';

    args.kind = Kind.other;
    args.a = args.b = args.c = args.d = args.e = 0;
    args.keepText = true;
    let nameEnd = q;
    while (nameEnd < end && b[nameEnd] !== space && b[nameEnd] !== 58) nameEnd++;
    let textStart = nameEnd;
    let nameId: number;
    if (b[nameEnd] === 58 && (nameEnd + 1 === end || b[nameEnd + 1] === space)) {
      textStart = nameEnd + 1;
      while (textStart < end && b[textStart] === space) textStart++;
      const name = this.nameOf(table.strings.id(b, q, nameEnd));
      nameId = name.id;
      args.kind = name.kind;
      const why = readArgs(b, textStart, end, args, table.strings, name);
      if (why) return `${table.strings.text(nameId)}: ${why}`;
    } else {
      const arrow = find(b, w.from, q, end);
      if (arrow < 0) {
        nameId = table.strings.id(b, q, nameEnd);
        while (textStart < end && b[textStart] === space) textStart++;
      } else {
        nameId = this.functionName;
        args.kind = Kind.func;
        args.d = table.strings.id(b, q, arrow);
        args.e = table.strings.id(b, arrow + w.from.length, end);
        args.keepText = false;
      }
    }
    if (tgid >= 0 && tgid !== tid) table.userThreads.add(tid);
    const text = args.keepText ? table.strings.id(b, textStart, end) : 0;
    this.push(stamp, cpu, tid, table.strings.id(b, p, commEnd), nameId, text, line, hardirq);
    return '';
  }

  private stampEnd = 0;

  /** "115.493577:" in microseconds (nanoseconds become fractions; a clock without seconds counts as it is), or -1. */
  private readStamp(b: Uint8Array, p: number, end: number): number {
    const from = p;
    let value = 0;
    for (; p < end && isDigit(b[p]); p++) value = value * 10 + b[p]! - 48;
    if (p === from) return -1;
    if (b[p] === 46) {
      let fraction = 0;
      let scale = 1;
      for (p++; p < end && isDigit(b[p]); p++) {
        fraction = fraction * 10 + b[p]! - 48;
        scale *= 10;
      }
      value = scale === 1e6 ? value * 1e6 + fraction : value * 1e6 + (fraction * 1e6) / scale;
    }
    if (p >= end || b[p] !== 58 || !(value < 1e17)) return -1;
    this.stampEnd = p + 1;
    return value;
  }

  /** "CPU:2 [LOST 17 EVENTS]" has no time of its own: it stands where the event before it stood. */
  private parseLost(b: Uint8Array, p: number, end: number, line: number): string | undefined {
    const at = find(b, w.lost, p, end);
    const stop = at < 0 ? -1 : find(b, w.events, at, end);
    if (stop < 0) return undefined;
    let cpu = 0;
    for (let q = p + w.cpuLost.length; isDigit(b[q]); q++) cpu = cpu * 10 + b[q]! - 48;
    let many = 0;
    for (let q = at + w.lost.length; q < stop && isDigit(b[q]); q++) many = many * 10 + b[q]! - 48;
    if (cpu > 0xffff) return `CPU ${cpu} is beyond all limits`;
    const rows = this.table.length;
    this.args.kind = Kind.lost;
    this.args.a = cpu;
    this.args.b = many;
    this.args.c = this.args.d = this.args.e = 0;
    this.lostEvents += many;
    this.push(rows > 0 ? this.table.time.data[rows - 1]! : 0, cpu, -1, 0, this.lostName, 0, line, 0);
    return '';
  }

  /** A frame of a kernel stack trace goes behind the text of its event. */
  private parseFrame(b: Uint8Array, p: number, end: number): string {
    const { table } = this;
    const row = table.length - 1;
    if (row < 0) return 'a stack frame with no event before it';
    const before = table.strings.text(table.text.data[row]!);
    const frame = table.strings.text(table.strings.id(b, p, end));
    table.text.data[row] = table.strings.of(before ? `${before}\n${frame}` : frame);
    this.counts[this.frameName] = (this.counts[this.frameName] ?? 0) + 1;
    this.frames++;
    return '';
  }

  private push(
    time: number,
    cpu: number,
    tid: number,
    comm: number,
    name: number,
    text: number,
    line: number,
    hardirq: number,
  ): void {
    const { table, args } = this;
    table.hardirq.push(hardirq);
    table.kind.push(args.kind);
    table.time.push(time);
    table.cpu.push(cpu);
    table.tid.push(tid);
    table.comm.push(comm);
    table.name.push(name);
    table.text.push(text);
    table.line.push(line);
    table.a.push(args.a);
    table.b.push(args.b);
    table.c.push(args.c);
    table.d.push(args.d);
    table.e.push(args.e);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  private nameOf(id: number): Name {
    const known = this.names[id];
    if (known) return known;
    const { strings } = this.table;
    const text = strings.text(id);
    const isEntry = text.endsWith('_entry');
    const vectorClass = isEntry
      ? strings.of(text.slice(0, -6))
      : text.endsWith('_exit')
        ? strings.of(text.slice(0, -5))
        : 0;
    const retOf = text.endsWith('_ret') ? strings.of(text.slice(0, -4)) : id;
    const made: Name = {
      id,
      kind: kindOfName(text),
      vectorClass,
      isEntry,
      retOf,
    };
    this.names[id] = made;
    return made;
  }
}
