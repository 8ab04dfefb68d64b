/** Captures from the disk, as they are or with something changed in them, for tests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readCaptureFiles, type CaptureFiles } from '../files';

/** The captures that come with the page. */
export const PUBLIC = join(import.meta.dirname, '../../../public/captures');

/** Folders of captures under a root, as "6.1/s2". */
export function capturesIn(root: string): string[] {
  if (!existsSync(root)) return [];
  const folders = (at: string): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
  return folders(root)
    .flatMap((kernel) => folders(join(root, kernel)).map((scenario) => `${kernel}/${scenario}`))
    .filter((name) => existsSync(join(root, name, 'capture.json')))
    .sort();
}

/** What is changed in a capture before it is read. */
export interface Changes {
  /** Each line of a trace buffer; null takes it out. */
  readonly trace?: (line: string) => string | null;
  /** The text of capture.json, dmesg.txt, ...; null takes the file away. */
  readonly files?: Readonly<Record<string, ((text: string) => string) | null>>;
}

/** Reads a capture, changed where asked. */
export function readCapture(name: string, changes: Changes = {}, root = PUBLIC): Promise<CaptureFiles> {
  const folder = join(root, name);
  const inputs = readdirSync(folder).flatMap((file) => {
    const change = changes.files?.[file];
    if (change === null) return [];
    let data: Uint8Array = readFileSync(join(folder, file));
    if (change) data = Buffer.from(change(Buffer.from(data).toString('utf8')));
    const { trace } = changes;
    if (trace && /^trace.*\.gz$/.test(file)) {
      const lines = gunzipSync(data).toString('utf8').split('\n');
      data = Buffer.from(
        lines
          .map((l) => (l.startsWith('#') ? l : trace(l)))
          .filter((l) => l !== null)
          .join('\n'),
      );
    }
    return [{ name: file, data }];
  });
  return readCaptureFiles(inputs);
}

/** Changes the first line that matches, and only that one; `done()` says whether there was one. */
export function firstLine(
  pattern: RegExp,
  change: (line: string) => string | null,
): ((line: string) => string | null) & { done: () => boolean } {
  // prettier-ignore
  let done = false;
  const once = (line: string): string | null => {
    if (done || !pattern.test(line)) return line;
    done = true;
    return change(line);
  };
  return Object.assign(once, { done: () => done });
}
