import { assemble } from './assemble';
import { CaptureError, parseCapture, type Capture } from './capture';
import type { BadLine, Timeline } from './columns';
import { parseDmesg, type Dmesg } from './dmesg-import';
import { FtraceReader } from './ftrace-import';
import { detect, ImportError, limits, textChunks, type Damage, type FileInput, type FileKind } from './read';
import { parseStates } from './states-import';
import { parseVmm, type VmmLog } from './vmm-import';

export interface ImportOptions {
  /** Default: the capture's title, or the name of the first trace. */
  readonly title?: string;
  /** Stops the import with an ImportError, "cancelled". */
  readonly signal?: AbortSignal;
}

/** How far an import is. `bytes` and `lines` count the unpacked text of all files so far. */
export interface ImportProgress {
  readonly phase: 'reading' | 'assembling';
  readonly file: string;
  readonly bytes: number;
  readonly lines: number;
}

export interface ImportedFile {
  readonly name: string;
  readonly kind: FileKind;
  /** Unpacked. */
  readonly bytes: number;
  /** Why only the beginning of it could be read: "the gzip is cut off"; '' for a whole file. */
  readonly damage: string;
}

/** What was read, and what could not be. */
export interface ImportReport {
  readonly files: readonly ImportedFile[];
  /** Lines of the traces that are neither blank nor comments; events + badLines. */
  readonly dataLines: number;
  readonly events: number;
  /** Events by name over all buffers; lines of the function tracer are `function`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly badLines: number;
  /** The first 100 of them. */
  readonly bad: readonly BadLine[];
  /** Events that the kernel says it lost. */
  readonly lostEvents: number;
  readonly notes: readonly string[];
}

export interface ImportResult {
  readonly timeline: Timeline;
  readonly report: ImportReport;
}

interface Opened {
  readonly name: string;
  readonly kind: FileKind;
  readonly firstUs: number;
  readonly chunks: AsyncGenerator<Uint8Array>;
  /** What was read to find out the kind. */
  readonly head: Uint8Array[];
  readonly damage: Damage;
  bytes: number;
}

/**
 * Makes one timeline of the files of a real run: any number of ftrace buffers, and at most one each of dmesg, VMM log, capture.json;
 * listings of hotplug states. What a file is, its content tells; gzip is unpacked. Runs the same in a page, in a worker
 * and in Node.
 *
 * @throws ImportError where nothing can be made of the files, a limit is met, or `signal` cancels. Everything less is told in the
 * report: broken lines, a gzip that is cut off, a file that is none of these.
 */
export async function importFiles(
  files: readonly FileInput[],
  options: ImportOptions = {},
  onProgress: (progress: ImportProgress) => void = () => {},
): Promise<ImportResult> {
  if (files.length > limits.files)
    throw new ImportError(`${files.length} files; at most ${limits.files} are opened at once`);
  const notes: string[] = [];
  const opened: Opened[] = [];
  for (const file of files) opened.push(await open(file));
  // Buffers follow each other by time, whatever their names; files without a stamp stand last.
  const traces = opened
    .filter((f) => f.kind === 'ftrace')
    .sort(
      (a, b) =>
        (Number.isNaN(a.firstUs) ? Infinity : a.firstUs) - (Number.isNaN(b.firstUs) ? Infinity : b.firstUs) || 0,
    );

  let bytes = 0;
  const check = (): void => {
    if (options.signal?.aborted) throw new ImportError('cancelled');
  };
  const reader = new FtraceReader();
  const progress = (file: string): void => onProgress({ phase: 'reading', file, bytes, lines: reader.lines });
  for (const file of traces) {
    reader.begin(file.name);
    for await (const chunk of allOf(file)) {
      check();
      reader.feed(chunk);
      file.bytes += chunk.length;
      bytes += chunk.length;
      if (file.bytes > limits.traceBytes)
        throw new ImportError(
          `${file.name}: longer than ${limits.traceBytes / 2 ** 20} MB; cut it with trace-cmd or tail`,
        );
      if (reader.table.length > limits.events)
        throw new ImportError(`${file.name}: more than ${limits.events / 1e6} million events`);
      progress(file.name);
    }
    reader.end();
  }

  const texts = new Map<Opened, string>();
  for (const file of opened) {
    if (file.kind === 'ftrace' || file.kind === 'empty' || file.kind === 'binary' || file.kind === 'unknown') continue;
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of allOf(file)) {
      check();
      text += decoder.decode(chunk, { stream: true });
      file.bytes += chunk.length;
      bytes += chunk.length;
      if (file.bytes > limits.textBytes)
        throw new ImportError(
          `${file.name}: longer than ${limits.textBytes / 2 ** 20} MB, too long for a ${file.kind} file`,
        );
      progress(file.name);
    }
    texts.set(file, text + decoder.decode());
  }
  for (const file of opened) {
    if (file.damage.what) notes.push(`${file.name}: ${file.damage.what}; what could be read of it is shown`);
    if (file.kind === 'empty') notes.push(`${file.name}: empty`);
    if (file.kind === 'binary') notes.push(`${file.name}: binary, no text; left out`);
    if (file.kind === 'unknown')
      notes.push(`${file.name}: no ftrace text, dmesg, VMM log, capture.json or list of states; left out`);
    await file.chunks.return(undefined);
  }

  const one = <T>(kind: FileKind, parse: (text: string, name: string) => T): T | undefined => {
    let first: T | undefined;
    for (const [file, text] of texts) {
      if (file.kind !== kind) continue;
      if (first !== undefined) notes.push(`${file.name}: a second ${kind} file; left out`);
      else first = parse(text, file.name);
    }
    return first;
  };
  const capture: Capture | undefined = one('capture', (text, name) => {
    try {
      return parseCapture(text, name);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      notes.push(`${error.message}; left out`);
      return undefined;
    }
  });
  const dmesg: Dmesg | undefined = one('dmesg', parseDmesg);
  const vmm: VmmLog | undefined = one('vmm', parseVmm);
  // A list from before KVM was loaded lacks its states: the longer one has the last word.
  const lists = [...texts].filter(([file]) => file.kind === 'states').map(([, text]) => parseStates(text));
  const states = new Map(lists.sort((a, b) => a.size - b.size).flatMap((list) => [...list]));

  if (reader.table.length === 0 && !dmesg && !vmm) {
    const why = notes.length > 0 ? ` (${notes.join('; ')})` : '';
    throw new ImportError(
      reader.badLines > 0
        ? `no event in ${traces[0]!.name}: ${reader.badLines} lines, and none can be understood (line ${reader.bad[0]!.line}: ${reader.bad[0]!.why})`
        : `no trace, kernel log or VMM log among the files${why}`,
    );
  }
  check();
  onProgress({ phase: 'assembling', file: '', bytes, lines: reader.lines });
  for (const { file, kept, written } of reader.overwritten)
    notes.push(`${file}: the buffer kept ${kept} of ${written} entries; the older ones were overwritten`);
  if (reader.lostEvents > 0) notes.push(`${reader.lostEvents} events were lost while the trace was read`);
  const title = options.title ?? (capture ? capture.title : (traces[0]?.name ?? dmesg?.file ?? vmm?.file ?? 'import'));
  const made = assemble({
    title,
    table: reader.table,
    buffersStarted: reader.buffersStarted,
    dmesg,
    vmm,
    states,
    capture,
  });
  return {
    timeline: made.timeline,
    report: {
      files: opened.map(({ name, kind, bytes: size, damage }) => ({ name, kind, bytes: size, damage: damage.what })),
      dataLines: reader.dataLines,
      events: reader.events,
      counts: reader.countsByName(),
      badLines: reader.badLines,
      bad: reader.bad,
      lostEvents: reader.lostEvents,
      notes: [...notes, ...made.notes],
    },
  };
}

/** Reads so much of a file that its kind can be told. */
async function open({ name, data }: FileInput): Promise<Opened> {
  const damage: Damage = { what: '' };
  const chunks = textChunks(data, damage);
  const head: Uint8Array[] = [];
  let size = 0;
  while (size < 1 << 14) {
    const next = await chunks.next();
    if (next.done) break;
    head.push(next.value);
    size += next.value.length;
  }
  const sample = new Uint8Array(Math.min(size, 1 << 16));
  let at = 0;
  for (const part of head) {
    const fits = part.subarray(0, sample.length - at);
    sample.set(fits, at);
    at += fits.length;
  }
  const { kind, firstUs } = detect(sample);
  return { name, kind, firstUs, chunks, head, damage, bytes: 0 };
}

async function* allOf(file: Opened): AsyncGenerator<Uint8Array> {
  yield* file.head;
  yield* file.chunks;
}

/** The buffers of a timeline that can move to another thread instead of being copied. */
export function transferables(timeline: Timeline): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const group of [timeline, timeline.slices, timeline.instants, timeline.flows, timeline.counters])
    for (const value of Object.values(group))
      if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  return [...buffers];
}
