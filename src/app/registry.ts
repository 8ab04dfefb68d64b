/**
 * Everything that a person can do, each once: by key, by button, by menu, by the palette and by test. Each part of the page
 * registers its own commands, when it is loaded; a key can be changed and is then kept with the session.
 */
import { whenLoaded } from './late';
import { get } from './store/store';

export type CommandGroup = 'Play' | 'View' | 'Lanes' | 'Read' | 'Text' | 'Kernel' | 'Act' | 'Session' | 'Open';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: CommandGroup;
  /** Its keys as they are shipped, as an event tells them, with `Mod` for Ctrl or Cmd; see `keysOf`. */
  readonly keys: readonly string[];
  readonly run: () => void;
  /** False: it makes no sense now. */
  readonly when?: () => boolean;
  /** Why it makes no sense now, in words. */
  readonly reason?: () => string;
  /** More to find it by. */
  readonly about?: string;
  /** Not in the list of keys: one of many alike. */
  readonly minor?: boolean;
}

/** Many commands alike, one for each CPU, text or kernel: known by the beginning of their ids. */
export interface CommandFamily {
  /** Ids begin with this, e.g. `act.online.`. */
  readonly prefix: string;
  /** The command that the rest of an id means; undefined where it means none. */
  readonly of: (rest: string) => Command | undefined;
  /** Those that make sense to be listed now. */
  readonly list: () => readonly Command[];
}

const byId = new Map<string, Command>();
const families: CommandFamily[] = [];
const listeners = new Set<() => void>();
let byKey: ReadonlyMap<string, Command> | null = null;
let keysThen: unknown = null;
let loaded = false;

/** Adds commands. An id and a key are each used once: the tests say so. */
export function registerCommands(list: readonly Command[], alike: readonly CommandFamily[] = []): void {
  for (const command of list) byId.set(command.id, command);
  families.push(...alike);
  byKey = null;
  for (const tell of listeners) tell();
}

/** Tells when more commands are there; returns what stops it. */
export function onRegistered(tell: () => void): () => void {
  listeners.add(tell);
  return () => void listeners.delete(tell);
}

/** Said once, when all parts have registered theirs: an id that is unknown then is wrong. */
export const allRegistered = (): void => void (loaded = true);

/** All that are registered by themselves, without the families. */
export const commandList = (): readonly Command[] => [...byId.values()];

/** Those of the families that make sense now. */
export const familyList = (): readonly Command[] => families.flatMap((f) => f.list());

export function commandById(id: string): Command | undefined {
  const command = byId.get(id);
  if (command) return command;
  const family = families.find((f) => id.startsWith(f.prefix));
  return family?.of(id.slice(family.prefix.length));
}

/** The keys that a command has now. */
export const keysOf = (command: Command): readonly string[] => get().keys[command.id] ?? command.keys;

export function commandFor(key: string): Command | undefined {
  const { keys } = get();
  if (byKey === null || keysThen !== keys) {
    keysThen = keys;
    byKey = new Map([...byId.values()].flatMap((c) => keysOf(c).map((k) => [k, c] as const)));
  }
  return byKey.get(key);
}

export const isPossible = (command: Command): boolean => command.when?.() !== false;

/** Why a command cannot be done now, in words; '' where it can. */
export const whyNot = (command: Command): string => (isPossible(command) ? '' : (command.reason?.() ?? ''));

/** Runs a command by its id. False: there is none, or it makes no sense now. */
export function runCommand(id: string): boolean {
  const command = commandById(id);
  if (command) {
    if (!isPossible(command)) return false;
    command.run();
    return true;
  }
  if (loaded) return false;
  whenLoaded(() => commandById(id) && runCommand(id));
  return true;
}

/** A key as a person reads it. */
export const keyText = (key: string): string =>
  key
    .replace('Mod', /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl')
    .replace('ArrowLeft', '←')
    .replace('ArrowRight', '→')
    .replace('ArrowUp', '↑')
    .replace('ArrowDown', '↓')
    .split('+')
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join(' ')
    .replace(/^ ?$/, '+');
