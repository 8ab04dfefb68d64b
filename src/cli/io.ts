/** What the commands share: their streams, their way of failing, and the files they read. */
import { createReadStream, readFileSync, statSync } from 'node:fs';

/** Where the command reads and writes: the process's own streams, or a test's. */
export interface CliIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Exit codes; 70 is the launcher's own, for a defect of this program. */
export const EXIT = { ok: 0, broken: 1, badInput: 2, notFinished: 3 } as const;

/** What the user gave cannot be used. The message is shown as it is, and the exit code is 2. */
export class InputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InputError';
  }
}

/** Largest text (litmus or kernel) that is read; each parser has its own, smaller limit and says so with a place. */
const MAX_TEXT = 4 * 1024 * 1024;

/** A whole text; `-` is stdin. Throws InputError where it cannot be read. */
export async function readText(file: string, io: CliIo): Promise<string> {
  if (file !== '-') {
    kindOf(file);
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw unreadable(file, error);
    }
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > MAX_TEXT) throw new InputError(`stdin: longer than ${MAX_TEXT / 1024 / 1024} MB, which no text is`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The bytes of a file as they come; `-` is stdin. Errors while reading are InputErrors. */
export async function* readBytes(file: string, io: CliIo): AsyncGenerator<Uint8Array> {
  const stream = file === '-' ? io.stdin : createReadStream(file);
  try {
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Whether a path is a folder or something to read. Throws InputError where there is nothing. */
export function kindOf(path: string): 'folder' | 'file' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    throw unreadable(path, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'may not be read (permission denied)',
  EISDIR: 'is a folder',
};

function unreadable(file: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (!code) return error as Error;
  return new InputError(`${file === '-' ? 'stdin' : file}: ${REASONS[code] ?? `cannot be read (${code})`}`);
}
