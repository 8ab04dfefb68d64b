import { expect, it } from 'vitest';
import { BUILTINS } from './expressions';
import { DECLARATIONS, STATEMENTS, TYPES } from './tokens';
import { ASKING, DECLARING, DOING, TYPED } from './words';

it('tells every word of the language, and no other', () => {
  expect(Object.keys(DECLARING).sort()).toEqual([...new Set(DECLARATIONS)].sort());
  // idle is both a declaration and a statement
  expect([...Object.keys(DOING), 'idle'].sort()).toEqual([...STATEMENTS].sort());
  expect([...Object.keys(TYPED), 'state'].sort()).toEqual([...TYPES, 'word'].sort());
  for (const name of BUILTINS) expect(Object.keys(ASKING)).toContain(name);
});
