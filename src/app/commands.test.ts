import { expect, it } from 'vitest';
import { commandById, commandFor, commandList, familyList, isPossible, keysOf, runCommand, whyNot } from './commands';
import './commands-late';
import { keyOf } from './keys';
import { set } from './store/store';

const key = (name: string, more: Partial<KeyboardEvent> = {}): string =>
  keyOf({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more } as KeyboardEvent);

it('ids and keys are each used once', () => {
  const commands = commandList();
  const keys = commands.flatMap((c) => c.keys);
  expect(new Set(keys).size).toBe(keys.length);
  for (const c of commands) {
    expect(c.title).not.toBe('');
    expect(commandById(c.id)).toBe(c);
  }
  const ids = [...commands, ...familyList()].map((c) => c.id);
  expect(new Set(ids).size).toBe(ids.length);
});

it('each of a family is found by its id, and says why it makes no sense', () => {
  for (const c of familyList()) expect(commandById(c.id)).toMatchObject({ id: c.id, title: c.title });
  for (const c of [...commandList(), ...familyList()])
    if (!isPossible(c)) expect([c.id, whyNot(c)]).not.toEqual([c.id, '']);
  expect(runCommand('act.online.x')).toBe(false);
  expect(runCommand('no.such')).toBe(false);
});

it('a key can be changed, and another takes its place', () => {
  const play = commandById('play.toggle')!;
  set({ keys: { 'play.toggle': ['p'], 'view.help': [] } });
  expect(keysOf(play)).toEqual(['p']);
  expect(commandFor('p')).toBe(play);
  expect(commandFor('Space')).toBeUndefined();
  expect(commandFor('?')).toBeUndefined();
  set({ keys: {} });
  expect(commandFor('Space')).toBe(play);
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
