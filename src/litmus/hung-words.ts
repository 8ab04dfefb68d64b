/** Who waits for whom at the end of a run, in words. */
import type { Hung, Outcome } from './outcome';

/** An action without its `after`. */
export function withoutAfter(action: string): string {
  return action.replace(/\s+after\s.*$/, '');
}

/** Who waits for whom, down to what never comes. */
export function hang(o: Outcome, h: Hung): string {
  const action = o.returns.find((r) => r.actor === h.task && r.action === h.action && r.step < 0);
  const never = action && action.began < 0 ? 'never begins' : 'never returns';
  const who = h.action ? `${h.task}: ${withoutAfter(h.action)} ${never}` : `${h.task} hangs`;
  const lines: string[] = [];
  const passed = new Set<string>();
  for (let at: Hung | undefined = h; at && !passed.has(at.task);) {
    passed.add(at.task);
    const here: Hung = at;
    lines.push(waitsFor(here));
    const next: string | null = here.holder_dead ? null : here.holder;
    at = next === null ? undefined : o.hung.find((other) => other.task === next);
    if (at && passed.has(at.task)) lines.push(here.waits === 'lock' ? 'a deadlock' : 'so none of them goes on');
  }
  return `${who}: ${lines.join('; ')}`;
}

export function waitsFor(h: Hung): string {
  switch (h.waits) {
    case 'lock': {
      const by = h.holder ? `held by ${h.holder}${h.holder_dead ? ', which is dead' : ''}` : '';
      const readers = h.readers > 0 ? `held by ${h.readers} reader${h.readers > 1 ? 's' : ''}` : '';
      return [`${h.task} waits in ${h.function} for ${h.lock}`, by || readers].filter(Boolean).join(', ');
    }
    case 'runqueue':
      return `${h.task} spins on CPU ${h.cpu} for the ${h.lock}, held by ${h.holder}, which is dead`;
    case 'action': {
      const dead = h.holder_dead ? `, and ${h.holder} is dead` : '';
      return (h.on.length > 0 ? `${h.task} waits for "${h.on[0]}"` : `${h.task} waits for another actor`) + dead;
    }
    case 'condition':
      return h.on.length > 0
        ? `${h.task} waits in ${h.function} for ${h.on.join(', ')}`
        : `${h.task} waits in ${h.function}`;
    case 'call':
      return `${h.task} waits in ${h.function} for another CPU to take its call`;
    case 'stop':
      return `${h.task} waits in ${h.function} for all CPUs to stand still`;
    case 'stopper':
      return `${h.task} waits in ${h.function} for ${h.holder}${h.holder_dead ? ', which is dead' : ''}`;
    case 'cpu':
      return `${h.task} could go on, but CPU ${h.cpu} does not run it`;
  }
}
