/** Every function of a shipped text says where its behaviour was read. */
import { expect, it } from 'vitest';
import { parseProvenance } from '../language/provenance';
import { kernelTexts } from './index';

const texts = [...kernelTexts().values()];

it('every function names a file of the kernel, a manual, the TDX module or the model; a design may name its message', () => {
  const silent = texts.flatMap((text) =>
    text.fns
      .filter((fn) => {
        const { file, messages } = parseProvenance(fn.source);
        return file === undefined && !(text.kind === 'proposal' && messages.length > 0);
      })
      .map((fn) => `${text.file}:${fn.place.line} ${fn.name}: "${fn.source}"`),
  );
  expect(silent).toEqual([]);
});
