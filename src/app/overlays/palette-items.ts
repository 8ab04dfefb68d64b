/** What the palette offers for a query: every command there is, the best first. */
import { commandList, familyList, isPossible, keysOf, keyText, whyNot, type Command } from '../registry';
import { toStep } from '../commands-lanes';
import { fuzzy } from './fuzzy';

/** More than these nobody reads: another letter narrows them down. */
const MOST = 80;

export interface PaletteItem {
  readonly command: Command;
  readonly key: string;
  /** Why it cannot be done now; '' where it can. */
  readonly reason: string;
}

export interface PaletteGroup {
  readonly title: string;
  readonly items: readonly PaletteItem[];
}

const itemOf = (command: Command): PaletteItem => {
  const [key] = keysOf(command);
  return { command, key: key === undefined ? '' : keyText(key), reason: whyNot(command) };
};

/** A number alone, or "step 120", is a step to go to. */
function stepsOf(query: string): Command[] {
  const step = /^(?:go\s+to\s+)?(?:step\s+|event\s+)?(\d{1,9})$/i.exec(query.trim());
  const command = step && toStep(Number(step[1]));
  return command ? [command] : [];
}

/** All that there is to choose from; made once each time the palette opens. */
export const allCommands = (): readonly Command[] => [
  ...commandList().filter((c) => c.id !== 'view.palette' && c.id !== 'view.clear'),
  ...familyList(),
];

/** The best of them by group, the groups in the order of their best. What cannot be done now comes last in its group. */
export function paletteGroups(all: readonly Command[], query: string): readonly PaletteGroup[] {
  const asked = query.trim() !== '';
  const found = all
    .filter((c) => asked || c.minor !== true)
    .map((command) => ({ command, score: fuzzy(query, `${command.title} ${command.group}`, command.about) }))
    .filter(({ score }) => score > 0)
    .map((f) => ({ ...f, score: isPossible(f.command) ? f.score : f.score / 3 }));
  if (asked) found.sort((a, b) => b.score - a.score);
  const groups = new Map<string, PaletteItem[]>();
  for (const command of [...stepsOf(query), ...found.slice(0, MOST).map((f) => f.command)]) {
    const items = groups.get(command.group) ?? [];
    groups.set(command.group, items);
    items.push(itemOf(command));
  }
  return [...groups].map(([title, items]) => ({ title, items }));
}
