/** Keys that were changed. */
import type { Command } from '../registry';
import { get, set } from './store';

/** Gives a command these keys instead of its own. */
export function setKeys(command: Command, keys: readonly string[]): void {
  const { [command.id]: _, ...others } = get().keys;
  const same = keys.length === command.keys.length && keys.every((k, i) => k === command.keys[i]);
  set({ keys: same ? others : { ...others, [command.id]: keys } });
}

/** Back to the keys as they are shipped: of one command, or of all. */
export function resetKeys(command?: Command): void {
  if (command) setKeys(command, command.keys);
  else set({ keys: {} });
}
