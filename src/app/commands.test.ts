import { expect, it } from 'vitest';
import { commandById, commandFor, commands } from './commands';
import { keyOf } from './keys';

const key = (name: string, more: Partial<KeyboardEvent> = {}): string =>
  keyOf({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more } as KeyboardEvent);

it('ids and keys are each used once', () => {
  const ids = commands.map((c) => c.id);
  expect(new Set(ids).size).toBe(ids.length);
  const keys = commands.flatMap((c) => c.keys);
  expect(new Set(keys).size).toBe(keys.length);
  for (const c of commands) {
    expect(c.title).not.toBe('');
    expect(commandById(c.id)).toBe(c);
  }
});

it('a key event is told as the commands write their keys', () => {
  expect(key(' ')).toBe('Space');
  expect(key('ArrowRight', { shiftKey: true })).toBe('Shift+ArrowRight');
  expect(key('?', { shiftKey: true })).toBe('?');
  expect(key('W')).toBe('w');
  expect(key('F', { shiftKey: true })).toBe('Shift+F');
  expect(key('z', { ctrlKey: true })).toBe('Mod+z');
  expect(key('Z', { metaKey: true, shiftKey: true })).toBe('Mod+Shift+z');
  expect(commandFor(key('Z', { ctrlKey: true, shiftKey: true }))?.id).toBe('text.redo');
  expect(commandFor(key(' '))?.id).toBe('play.toggle');
  expect(commandFor(key('q'))).toBeUndefined();
});
