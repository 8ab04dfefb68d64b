import { expect, it } from 'vitest';
import { bare } from './bare-texts.mjs';

it('takes comments and indentation out and leaves every line and every string where it was', () => {
  const text = '# why\n  log "invalid opcode: 0000 [#%d]", n   # the count\n\nx = 1';
  expect(bare(text)).toBe('\nlog "invalid opcode: 0000 [#%d]", n\n\nx = 1');
});
