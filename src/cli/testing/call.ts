/** The command line as a test calls it: arguments and stdin in, exit code and both streams out. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { main } from '../main';

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Calls `hotlanes` in this process. */
export async function call(argv: readonly string[], stdin: string | Uint8Array = ''): Promise<Called> {
  const out = collector();
  const err = collector();
  const code = await main([...argv], {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: out.stream,
    stderr: err.stream,
  });
  return { code, out: out.text(), err: err.text() };
}

function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

/** A file that holds this text, in a folder of its own. */
export function fileOf(name: string, text: string | Uint8Array): string {
  const file = join(mkdtempSync(join(tmpdir(), 'hotlanes-')), name);
  writeFileSync(file, text);
  return file;
}

/** Where the captures are: all of them beside the checkout, else the ones that the page ships. */
export const CAPTURES = [
  join(import.meta.dirname, '../../../../shared/captures'),
  join(import.meta.dirname, '../../../public/captures'),
].find((folder) => existsSync(folder))!;
