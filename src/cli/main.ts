/** Where the command reads and writes: the process's own streams, or a test's. */
export interface CliIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Runs one command. Returns the exit code: 0, 1 for a broken `never` or `always`, 2 for bad input. */
export async function main(argv: string[], io: CliIo): Promise<number> {
  io.stderr.write(`hotlanes: unknown command "${argv.join(' ')}"\n`);
  return 2;
}
