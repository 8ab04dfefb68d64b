import type { BadLine } from './columns';
import { EventTable } from './ftrace-events';
import { LineParser } from './ftrace-parse';

/** How many bad lines are kept with their text; all are counted. */
export const keptBadLines = 100;
/** A line longer than this is no line of a trace (the kernel's own limit is far below); bytes. */
const longestLine = 1 << 16;

/** What was read of one trace text or of several. */
export interface TraceSoFar {
  readonly bytes: number;
  readonly lines: number;
}

/**
 * Reads ftrace text in chunks of any size into an `EventTable`; the buffers of one trace one after the other.
 *
 *     const reader = new FtraceReader();
 *     reader.begin('trace.txt');
 *     for await (const chunk of stream) reader.feed(chunk);
 *     reader.end();
 *
 * Every data line (one that is not blank and does not begin with `#`) becomes an event or a bad line, and is counted as
 * one of the two; nothing that a file may hold makes it throw.
 */
export class FtraceReader {
  readonly table = new EventTable();
  private readonly parser = new LineParser(this.table);
  private readonly decoder = new TextDecoder();
  private file = '';
  private line = 0;
  private rest: Uint8Array = new Uint8Array(0);
  /** The rest of a line that is too long is thrown away up to its end. */
  private skipping = false;

  bytes = 0;
  lines = 0;
  /** Lines that are neither blank nor comments. */
  dataLines = 0;
  badLines = 0;
  readonly bad: BadLine[] = [];
  /** CPUs whose buffer began later than the text ("##### CPU 4 buffer started ####"), with the row they began at. */
  readonly buffersStarted: { readonly cpu: number; readonly row: number }[] = [];
  /** The `tracer:` and `entries-in-buffer` comments of each file, as found. */
  readonly overwritten: { readonly file: string; readonly kept: number; readonly written: number }[] = [];

  /** Data lines that became events. */
  get events(): number {
    return this.table.length + this.parser.frames;
  }

  get lostEvents(): number {
    return this.parser.lostEvents;
  }

  /** Number of events by name, sorted by name; function-tracer lines are `function`. */
  countsByName(): Record<string, number> {
    const named: [string, number][] = [];
    this.parser.counts.forEach((n, id) => named.push([this.table.strings.text(id), n]));
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Starts the next buffer. */
  begin(file: string): void {
    this.end();
    this.file = file;
    this.line = 0;
    this.table.files.push({ name: file, from: this.table.length, to: this.table.length });
  }

  /** Takes the next bytes of the buffer, or of its text. The chunk may be reused afterwards. */
  feed(chunk: Uint8Array | string): void {
    let b = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    if (this.table.files.length === 0) this.begin('trace');
    this.bytes += b.length;
    let start = 0;
    if (this.rest.length > 0) {
      const stop = b.indexOf(10);
      if (stop < 0 && this.rest.length + b.length <= longestLine) {
        this.rest = joined(this.rest, b);
        return;
      }
      if (stop < 0) {
        this.tooLong(this.rest);
        return;
      }
      const first = joined(this.rest, b.subarray(0, stop));
      this.rest = new Uint8Array(0);
      this.take(first, 0, first.length);
      start = stop + 1;
    }
    for (;;) {
      const stop = b.indexOf(10, start);
      if (stop < 0) break;
      this.take(b, start, stop);
      start = stop + 1;
    }
    if (start < b.length) {
      b = b.subarray(start);
      if (this.skipping) return;
      if (b.length > longestLine) this.tooLong(b);
      else this.rest = b.slice();
    }
  }

  /** The buffer ends; a last line without a line break counts. */
  end(): void {
    const last = this.rest;
    this.rest = new Uint8Array(0);
    if (last.length > 0) this.take(last, 0, last.length);
    else if (this.skipping) this.skipping = false;
    const file = this.table.files.at(-1);
    if (file) file.to = this.table.length;
  }

  private tooLong(begun: Uint8Array): void {
    if (!this.skipping) {
      this.line++;
      this.lines++;
      this.dataLines++;
      this.complain(begun, 0, begun.length, `longer than ${longestLine} bytes`);
    }
    this.skipping = true;
    this.rest = new Uint8Array(0);
  }

  private take(b: Uint8Array, start: number, end: number): void {
    if (this.skipping) {
      this.skipping = false;
      return;
    }
    this.line++;
    this.lines++;
    if (end > start && b[end - 1] === 13) end--; // CRLF
    let p = start;
    while (p < end && (b[p] === 32 || b[p] === 9)) p++;
    if (p === end) return;
    if (b[start] === 35) {
      this.takeComment(b, start, end);
      return;
    }
    this.dataLines++;
    const why =
      end - start > longestLine ? `longer than ${longestLine} bytes` : this.parser.parse(b, start, end, this.line);
    if (why) this.complain(b, start, end, why);
  }

  private takeComment(b: Uint8Array, start: number, end: number): void {
    if (end - start > 200) return;
    const text = this.decoder.decode(b.subarray(start, end));
    const started = /^#+ CPU (\d+) buffer started #+$/.exec(text);
    if (started) this.buffersStarted.push({ cpu: Number(started[1]), row: this.table.length });
    const entries = /entries-in-buffer\/entries-written: (\d+)\/(\d+)/.exec(text);
    if (entries && Number(entries[1]) < Number(entries[2]))
      this.overwritten.push({ file: this.file, kept: Number(entries[1]), written: Number(entries[2]) });
  }

  private complain(b: Uint8Array, start: number, end: number, why: string): void {
    this.badLines++;
    if (this.bad.length >= keptBadLines) return;
    const text = this.decoder.decode(b.subarray(start, Math.min(end, start + 200)));
    this.bad.push({ file: this.file, line: this.line, text, why });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
