/** Free play: a machine on which nothing happens until somebody acts. */
import { startLive } from './live';
import { fetchTexts } from './shelf';
import { replaceText } from './text';

export type EmptyMachine = 'plain' | 'tdx';

const TEXTS: Readonly<Record<EmptyMachine, string>> = {
  plain: `litmus empty
"A machine, and nobody who does anything. Act on it: by the Act menu,
 by a CPU's name on the lanes, or by Ctrl K."
kernel  v5.15
machine intel, cpus 4 + 4 hot-addable

never   oops
`,
  tdx: `litmus empty-tdx
"A machine with TDX, and nobody who does anything. Act on it: by the
 Act menu, by a CPU's name on the lanes, or by Ctrl K."
kernel  v6.17
machine intel, cpus 4 + 4 hot-addable
hardware tdx_bios=1

never   oops
`,
};

/** A text of one of them. */
export const emptyText = (which: EmptyMachine): string => TEXTS[which];

/** Opens one, and lets time pass on it. */
export async function startEmpty(which: EmptyMachine): Promise<void> {
  if (!(await fetchTexts())) return;
  const name = which === 'plain' ? 'empty' : 'empty-tdx';
  replaceText(TEXTS[which], { scenario: name, label: which === 'plain' ? 'empty machine' : 'empty machine with TDX' });
  startLive();
}
