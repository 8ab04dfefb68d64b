import { Gunzip } from 'fflate';

/** What a file is, as its first lines tell. */
export type FileKind = 'ftrace' | 'dmesg' | 'vmm' | 'capture' | 'states' | 'empty' | 'binary' | 'unknown';

/**
 * The limits of what is opened, all in one place. They protect the page from a file that would take all memory; an event costs
 * about 60 bytes while it is read and about 100 in the finished timeline.
 */
export const limits = {
  /** Bytes of one trace text, uncompressed. */
  traceBytes: 2 ** 30,
  /** Bytes of any other file (a log, a capture.json), uncompressed. */
  textBytes: 2 ** 26,
  /** Events of one import. */
  events: 12e6,
  files: 64,
};

/** A file as it comes: by picker, drop or fetch in the page, from the disk in the command line. */
export interface FileInput {
  readonly name: string;
  readonly data: Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Nothing could be imported; the message says why, with the file's name, and can be shown as it is. */
export class ImportError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ImportError';
  }
}

/** The largest piece handed on at once, so that progress and cancelling have their turn. */
const piece = 1 << 20;

/** The bytes of a file as they are stored, in pieces. */
export async function* storedChunks(data: FileInput['data']): AsyncGenerator<Uint8Array> {
  if (data instanceof Uint8Array) {
    for (let at = 0; at < data.length; at += piece) yield data.subarray(at, at + piece);
    return;
  }
  if (typeof Blob !== 'undefined' && data instanceof Blob) {
    for (let at = 0; at < data.size; at += piece) yield new Uint8Array(await data.slice(at, at + piece).arrayBuffer());
    return;
  }
  if (Symbol.asyncIterator in data) {
    yield* data as AsyncIterable<Uint8Array>;
    return;
  }
  const reader = (data as unknown as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** How reading a file went wrong half-way; what was read until then counts. */
export interface Damage {
  what: string;
}

/**
 * The text of a file, in bytes: gzip is unpacked wherever its magic bytes are (a server may or may not have done that already, so
 * the name tells nothing). A gzip that is cut off or broken gives what can be read, and sets `damage.what`.
 */
export async function* textChunks(data: FileInput['data'], damage: Damage): AsyncGenerator<Uint8Array> {
  const stored = storedChunks(data);
  let head = new Uint8Array(0);
  for (let next = await stored.next(); !next.done; next = await stored.next()) {
    head = head.length === 0 ? Uint8Array.from(next.value) : concat(head, next.value);
    if (head.length >= 2) break;
  }
  if (!(head[0] === 0x1f && head[1] === 0x8b)) {
    if (head.length > 0) yield head;
    yield* stored;
    return;
  }
  let ready: Uint8Array[] = [];
  let any = false;
  const gunzip = new Gunzip((chunk) => {
    if (chunk.length === 0) return;
    ready.push(chunk);
    any = true;
  });
  try {
    for (let at = 0; at < head.length; at += piece >> 4) {
      gunzip.push(head.subarray(at, at + (piece >> 4)));
      yield* ready;
      ready = [];
    }
    for await (const chunk of stored)
      for (let at = 0; at < chunk.length; at += piece >> 4) {
        gunzip.push(chunk.subarray(at, at + (piece >> 4)));
        yield* ready;
        ready = [];
      }
    gunzip.push(new Uint8Array(0), true);
    yield* ready;
    if (!any) damage.what = 'the gzip is empty or cut off';
  } catch (error) {
    yield* ready;
    const why = error instanceof Error ? error.message : String(error);
    damage.what = /unexpected EOF/.test(why) ? 'the gzip is cut off' : `the gzip is broken (${why})`;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

const traceLine = /^\s*.{0,40}-\d+\s+(?:\([ \d-]+\)\s+)?\[\d{3,}\]\s+(?:[^\s:]+\s+)?(\d+(?:\.\d+)?): /m;

/** What a text is, by the first kilobytes of it; `firstUs` is the first stamp of a trace (NaN for other kinds). */
export function detect(head: Uint8Array): { kind: FileKind; firstUs: number } {
  const told = (kind: FileKind, firstUs = NaN) => ({ kind, firstUs });
  if (head.length === 0) return told('empty');
  const sample = new TextDecoder().decode(head.subarray(0, 1 << 16));
  const stamp = traceLine.exec(sample);
  if (stamp) return told('ftrace', Number(stamp[1]) * 1e6);
  if (/^# tracer: /m.test(sample.slice(0, 200))) return told('ftrace');
  if (head.includes(0)) return told('binary');
  if (/^\s*\{/.test(sample)) return told('capture');
  if (/^\d+\.\d{6} \w+\[\d+\] cpu\d+ |^\[\s*\d+\.\d{6}\] vm\w*: /m.test(sample)) return told('vmm');
  if (/^(?:<\d+>)?\[\s*\d+\.\d{6}\]/m.test(sample)) return told('dmesg');
  const lines = sample.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return told('empty');
  if (lines.filter((line) => /^\s*\d+: \S/.test(line)).length > lines.length / 2) return told('states');
  return told('unknown');
}
