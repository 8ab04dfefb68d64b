/** The files of a capture, read and checked: what is missing or broken is said by name, with what to do about it. */
import { CaptureError, parseCapture, type Capture } from '../timeline/capture';
import { parseDmesg, type Dmesg } from '../timeline/dmesg-import';
import type { EventTable } from '../timeline/ftrace-events';
import { FtraceReader } from '../timeline/ftrace-import';
import { limits, textChunks, type Damage, type FileInput } from '../timeline/read';
import { wrongField } from './fields';
import { parseStates, type StateNames } from '../timeline/states-import';
import { parseVmm, type VmmLog } from '../timeline/vmm-import';

/** A capture cannot be used; the message is shown as it is. */
export class ConformInputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConformInputError';
  }
}

export interface CaptureFiles {
  readonly capture: Capture;
  readonly table: EventTable;
  readonly dmesg: Dmesg;
  readonly vmm: VmmLog | null;
  /** Names of the hotplug states by number, as the capture lists them. */
  readonly states: StateNames;
  /** Lines of the traces that no parser understood. */
  readonly badLines: number;
  readonly firstBad: string;
  /** Events that the ring buffer lost. */
  readonly lostEvents: number;
}

/** `trace.txt`, `trace-2.txt.gz`: which buffer it is, from 1; 0 for another file. */
function bufferOf(name: string): number {
  const found = /^trace(?:-(\d+))?\.txt(?:\.gz)?$/.exec(name);
  return found ? Number(found[1] ?? 1) : 0;
}

const base = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/**
 * Reads the files of one capture: capture.json, the trace buffers, dmesg.txt and, where it is there, vmm.txt; plain or
 * gzipped. Other files are left alone. Throws ConformInputError.
 */
export async function readCaptureFiles(inputs: readonly FileInput[]): Promise<CaptureFiles> {
  const named = (pattern: RegExp): FileInput | undefined => inputs.find((f) => pattern.test(base(f.name)));
  const json = named(/^capture\.json$/);
  if (!json)
    throw new ConformInputError(
      'capture.json: not among the files; give the folder of one capture (captures/<kernel>/<scenario>)',
    );
  const capture = parsed(await wholeText(json));
  const wrong = wrongField(capture);
  if (wrong) throw new ConformInputError(`capture.json: ${wrong}`);
  const traces = inputs
    .filter((f) => bufferOf(base(f.name)) > 0)
    .sort((a, b) => bufferOf(base(a.name)) - bufferOf(base(b.name)));
  if (traces.length === 0)
    throw new ConformInputError('trace.txt.gz: not among the files; a capture is compared inside its trace buffers');
  for (const { file } of capture.trace.files)
    if (!traces.some((t) => base(t.name).replace(/\.gz$/, '') === file))
      throw new ConformInputError(`${file}.gz: capture.json names this buffer, and it is not among the files`);
  const log = named(/^dmesg\.txt(?:\.gz)?$/);
  if (!log)
    throw new ConformInputError(
      'dmesg.txt: not among the files; the log lines of the kernel are part of what is compared',
    );

  const reader = new FtraceReader();
  for (const trace of traces) {
    const damage: Damage = { what: '' };
    reader.begin(base(trace.name));
    for await (const chunk of textChunks(trace.data, damage)) {
      reader.feed(chunk);
      if (reader.table.length > limits.events)
        throw new ConformInputError(`${base(trace.name)}: more than ${limits.events} events, which is the limit`);
    }
    reader.end();
    if (damage.what) throw new ConformInputError(`${base(trace.name)}: ${damage.what}; fetch the file again`);
  }
  if (reader.table.length === 0)
    throw new ConformInputError(`${base(traces[0]!.name)}: no line of an ftrace text in it`);
  const listing = named(/^states\.txt$/);
  const vmm = named(/^vmm\.txt(?:\.gz)?$/);
  const [bad] = reader.bad;
  return {
    capture,
    table: reader.table,
    dmesg: parseDmesg((await wholeText(log)).text, 'dmesg.txt'),
    vmm: vmm ? parseVmm((await wholeText(vmm)).text, 'vmm.txt') : null,
    states: listing ? parseStates((await wholeText(listing)).text) : new Map(),
    badLines: reader.badLines,
    firstBad: bad ? `${bad.file}:${bad.line}: ${bad.why}` : '',
    lostEvents: reader.lostEvents,
  };
}

function parsed({ text, name }: { text: string; name: string }): Capture {
  try {
    return parseCapture(text, name);
  } catch (error) {
    if (error instanceof CaptureError) throw new ConformInputError(error.message);
    throw error;
  }
}

async function wholeText(file: FileInput): Promise<{ text: string; name: string }> {
  const damage: Damage = { what: '' };
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of textChunks(file.data, damage)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limits.textBytes) throw new ConformInputError(`${base(file.name)}: longer than any such file is`);
  }
  if (damage.what) throw new ConformInputError(`${base(file.name)}: ${damage.what}; fetch the file again`);
  return { text: text + decoder.decode(), name: base(file.name) };
}
